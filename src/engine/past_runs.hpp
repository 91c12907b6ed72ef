#pragma once

#include <functional>

#include "scheduler/past.hpp"
#include "store/sql.hpp"

namespace leoflow::engine {

/// Runs that are not in memory, read from the store.
class PastRuns final : public scheduler::Past {
 public:
  using Work = std::function<void(store::Session&)>;

  /// @param read does its work with a session; again, if the database was away.
  explicit PastRuns(std::function<void(const Work&)> read) : read_(std::move(read)) {}

  std::optional<scheduler::PastRun> find_run(const std::string& dag_id, Time before,
                                             bool automated_only) override;
  bool has_task(const std::string& dag_id, const std::string& task_id, Time before) override;

 private:
  std::function<void(const Work&)> read_;
};

}  // namespace leoflow::engine
