#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "scheduler/scheduler.hpp"
#include "store/sql.hpp"

namespace leoflow::engine {

/// Graphs of DAG versions, read from the store once.
class Versions {
 public:
  /// Null if there is no such version or this binary cannot read it.
  std::shared_ptr<const dag::Dag> get(store::Session& session, const std::string& version_id);
  void put(const std::string& version_id, std::shared_ptr<const dag::Dag> graph);

 private:
  std::unordered_map<std::string, std::weak_ptr<const dag::Dag>> known_;
};

/// Fills an empty scheduler from the store: pools, DAGs, unfinished runs.
void recover(scheduler::Scheduler& scheduler, store::Session& session, Versions& versions, Time now);

void load_pools(scheduler::Scheduler& scheduler, store::Session& session);

/// The run in memory, read from the store if it is not there.
/// Errors: not_found; unavailable if its version cannot be read.
Result<scheduler::Run*> load_run(scheduler::Scheduler& scheduler, store::Session& session, Versions& versions,
                                 const std::string& dag_id, const std::string& run_id, Time now);

}  // namespace leoflow::engine
