#include "api/core/task_definitions.hpp"

#include "api/core/python_text.hpp"

namespace leoflow::api {

const TaskView* TaskDefinitions::find(const std::string& version_id, std::string_view task_id) {
  auto found = versions_.find(version_id);
  if (found == versions_.end()) {
    found = versions_.emplace(version_id, call_.api.dags.by_version_id(call_.db(), version_id)).first;
  }
  return found->second ? found->second->find_task(task_id) : nullptr;
}

std::string executor_config_of(const TaskView& task) {
  const json::value* config = task.field("executor_config");
  return config == nullptr ? "{}" : python_text(*config);
}

std::string task_type_of(const TaskView& task) {
  const json::value* type = task.field("task_type");
  return type != nullptr && type->is_string() ? std::string(type->get_string()) : task.operator_name;
}

}  // namespace leoflow::api
