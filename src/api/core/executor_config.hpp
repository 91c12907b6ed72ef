#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/call.hpp"

namespace leoflow::api {

/// What tasks of DAG versions tell their executor; each version is looked up once.
class ExecutorConfigs {
 public:
  explicit ExecutorConfigs(Call& call) : call_(call) {}
  /// As Airflow shows it: the text of a Python dict.
  std::string of(const std::string& version_id, std::string_view task_id);

 private:
  Call& call_;
  std::map<std::string, DagCache::View> versions_;
};

/// Fills it in for task instances, or for their tries.
template <typename Task>
void show_executor_configs(Call& call, std::vector<Task>& tasks) {
  ExecutorConfigs configs(call);
  for (Task& task : tasks) {
    if (task.dag_version) task.executor_config = configs.of(task.dag_version->id, task.task_id);
  }
}

}  // namespace leoflow::api
