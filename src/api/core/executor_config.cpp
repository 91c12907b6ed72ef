#include "api/core/executor_config.hpp"

#include "api/core/python_text.hpp"

namespace leoflow::api {

std::string ExecutorConfigs::of(const std::string& version_id, std::string_view task_id) {
  auto found = versions_.find(version_id);
  if (found == versions_.end()) {
    found = versions_.emplace(version_id, call_.api.dags.by_version_id(call_.db(), version_id)).first;
  }
  const TaskView* task = found->second ? found->second->find_task(task_id) : nullptr;
  const json::value* config = task == nullptr ? nullptr : task->field("executor_config");
  return config == nullptr ? "{}" : python_text(*config);
}

}  // namespace leoflow::api
