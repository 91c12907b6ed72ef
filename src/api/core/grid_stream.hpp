#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/core/call.hpp"
#include "api/core/grid_summary.hpp"
#include "api/core/run_cache.hpp"

namespace leoflow::api {

/// Writes what the grid shows of a DAG's runs, a line for each. Small runs are read many at once, so that a
/// database that is far away is not asked once for each; large ones few at once, so that memory is bounded,
/// and by two connections. What a finished run shows is remembered, compressed as it is sent.
class GridStream {
 public:
  /// @param call, dag_id must outlive it.
  GridStream(Call& call, const std::string& dag_id) : call_(call), dag_id_(dag_id) {}

  /// Appends the lines of these runs in their order; nothing for runs that are not there. One that is asked
  /// for again has one line only, unlike in Airflow: a short request must not have an answer without bounds.
  void write(std::span<const std::string> asked, http::GzipJoin& out);

 private:
  struct ShownRun {
    std::string run_id;
    RunStamp stamp;
    std::string version_id;
    RunCache::Line line;  ///< null until it is known
  };

  /// What a version of the DAG adds to the lines of its runs.
  struct Version {
    explicit Version(const DagView& dag) : order(dag) {}

    GridOrder order;
    std::optional<std::int64_t> number{};
  };

  std::vector<ShownRun> find(std::span<const std::string> run_ids);
  /// Makes the lines that are not known.
  void make_lines(std::span<ShownRun> runs);
  std::optional<store::Database::ReadLease> second_reader();
  /// The runs whose line is not known, in groups that are read at once.
  std::vector<std::vector<ShownRun*>> group(std::span<ShownRun> runs);
  void read_lines(store::Session& db, std::span<ShownRun* const> runs) const;
  const Version& version_of(const std::string& version_id);

  Call& call_;
  const std::string& dag_id_;
  std::map<std::string, Version, std::less<>> versions_;  ///< those of the runs so far, by id
};

}  // namespace leoflow::api
