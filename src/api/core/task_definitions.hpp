#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/call.hpp"

namespace leoflow::api {

/// The tasks of DAG versions; each version is looked up once.
class TaskDefinitions {
 public:
  explicit TaskDefinitions(Call& call) : call_(call) {}
  /// nullptr if it is not known.
  const TaskView* find(const std::string& version_id, std::string_view task_id);

 private:
  Call& call_;
  std::map<std::string, DagCache::View> versions_;
};

/// What a task tells its executor, as Airflow shows it: the text of a Python dict.
std::string executor_config_of(const TaskView& task);
/// The class of its operator.
std::string task_type_of(const TaskView& task);

/// Fills in for task instances, or for their tries, what only the definition of the task tells.
template <typename Task>
void show_definitions(Call& call, std::vector<Task>& tasks) {
  TaskDefinitions definitions(call);
  for (Task& task : tasks) {
    task.executor_config = "{}";
    const TaskView* view = task.dag_version ? definitions.find(task.dag_version->id, task.task_id) : nullptr;
    if (view == nullptr) continue;
    task.executor_config = executor_config_of(*view);
    task.operator_ = task_type_of(*view);
    task.operator_name = view->operator_name;
  }
}

}  // namespace leoflow::api
