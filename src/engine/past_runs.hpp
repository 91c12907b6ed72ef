#pragma once

#include "scheduler/past.hpp"
#include "store/sql.hpp"

namespace leoflow::engine {

/// Runs that are not in memory, read from the store.
class PastRuns final : public scheduler::Past {
 public:
  /// @param session  outlives it
  explicit PastRuns(store::Session& session) : session_(session) {}

  std::optional<scheduler::PastRun> find_run(const std::string& dag_id, Time before,
                                             bool automated_only) override;
  bool has_task(const std::string& dag_id, const std::string& task_id, Time before) override;

 private:
  store::Session& session_;
};

}  // namespace leoflow::engine
