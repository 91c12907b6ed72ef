#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/recently_used.hpp"
#include "dag/states.hpp"
#include "http/gzip.hpp"
#include "store/sql.hpp"

namespace leoflow::api {

/// Which run, and how often it changed. Must be read before its task instances are.
struct RunStamp {
  std::int64_t id;
  std::int64_t changes;
  bool is_finished;

  /// What read() reads, of dag_run r.
  static constexpr std::string_view kColumns = "r.id, r.task_changes, r.state";
  static RunStamp read(store::Row row, std::size_t first = 0);
};

/// How many task instances there are, by state.
using TaskCounts = std::array<std::int32_t, dag::kTaskStateCount>;

/// What was worked out from the task instances of finished runs, of those that were asked for last. It holds
/// until a task instance changes or the run goes on. Thread safe.
class RunCache {
 public:
  using Line = std::shared_ptr<const http::GzipPart>;

  /// The line of the grid, compressed; nullptr if it is not known.
  Line find_line(const RunStamp& stamp);
  void keep_line(const RunStamp& stamp, Line line);

  std::optional<TaskCounts> find_counts(const RunStamp& stamp);
  void keep_counts(const RunStamp& stamp, const TaskCounts& counts);

 private:
  template <typename Value>
  struct Stamped {
    std::int64_t changes;
    Value value;
  };
  template <typename Value>
  using Known = RecentlyUsed<std::int64_t, Stamped<Value>>;  // by the id of the run

  std::mutex mutex_;
  Known<Line> lines_{std::size_t{16} << 20};  // weighed in bytes; protected by mutex_
  Known<TaskCounts> counts_{50'000};          // protected by mutex_
};

}  // namespace leoflow::api
