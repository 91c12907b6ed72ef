#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace leoflow::scheduler {

/// What became of the tasks of a run that is not in memory any more.
struct PastRun {
  struct Counts {
    std::uint32_t all = 0;
    std::uint32_t unsuccessful = 0;  ///< neither success nor skipped
  };
  Time logical_date;
  std::map<std::string, Counts, std::less<>> tasks;  ///< by task id
};

/// The past as it is stored. The scheduler asks only for tasks with depends_on_past,
/// about once a run.
class Past {
 public:
  virtual ~Past() = default;
  /// The run with the latest logical date before `before`.
  virtual std::optional<PastRun> find_run(const std::string& dag_id, Time before, bool automated_only) = 0;
  /// Whether the task has an instance with a logical date before `before`.
  virtual bool has_task(const std::string& dag_id, const std::string& task_id, Time before) = 0;
};

}  // namespace leoflow::scheduler
