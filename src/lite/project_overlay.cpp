#include "lite/project_overlay.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "dag/read_serialized.hpp"
#include "kube/pod_merge.hpp"

namespace leoflow::lite {
namespace {

json::object* fields_of(json::value& holder, std::string_view key) {
  json::value* value = holder.is_object() ? holder.get_object().if_contains(key) : nullptr;
  return value == nullptr || !value->is_object() ? nullptr : &value->get_object();
}

/// Where a task's own settings stand: for a mapped one, in its partial arguments.
struct TaskFields {
  json::object* fields;
  bool is_mapped;

  void set_retry_delay(double seconds) const {
    if (is_mapped) {
      (*fields)["retry_delay"] = json::object{{"__var", seconds}, {"__type", "timedelta"}};
    } else {
      (*fields)["retry_delay"] = seconds;
    }
  }

  /// What the DAG file wants of the pod, null if nothing.
  json::value pod_override() const {
    const json::value* config = fields->if_contains("executor_config");
    const json::value* entries = config == nullptr ? nullptr : find(*config, "__var");
    const json::value* pod = entries == nullptr ? nullptr : find(*entries, "pod_override");
    const json::value* inner = pod == nullptr ? nullptr : find(*pod, "__var");
    return inner == nullptr ? nullptr : *inner;
  }
  /// As Airflow serializes it.
  void set_pod_override(json::value pod) const {
    json::value& config = (*fields)["executor_config"];
    json::object entries;
    if (const json::value* known = config.is_object() ? find(config, "__var") : nullptr;
        known && known->is_object())
      entries = known->get_object();
    entries["pod_override"] = json::object{{"__var", std::move(pod)}, {"__type", "k8s.V1Pod"}};
    config = json::object{{"__var", std::move(entries)}, {"__type", "dict"}};
  }
};

void apply(const TaskSettings& settings, const TaskFields& task, bool only_where_unset) {
  const auto may_set = [&](std::string_view key) { return !only_where_unset || !task.fields->contains(key); };
  if (settings.retries && may_set("retries")) (*task.fields)["retries"] = *settings.retries;
  if (settings.retry_delay && may_set("retry_delay")) {
    task.set_retry_delay(static_cast<double>(settings.retry_delay->count()));
  }
}

void overlay_task(const ProjectFile& file, json::object& fields, std::vector<std::string>& task_ids) {
  const json::value* is_mapped = fields.if_contains("_is_mapped");
  TaskFields task{&fields, is_mapped != nullptr && is_mapped->is_bool() && is_mapped->get_bool()};
  if (json::value* partial = fields.if_contains("partial_kwargs"); task.is_mapped && partial != nullptr) {
    if (partial->is_object()) task.fields = &partial->get_object();
  }
  const json::value* id = fields.if_contains("task_id");
  if (id == nullptr || !id->is_string()) return;
  const std::string task_id(id->get_string());
  apply(file.defaults, task, true);
  json::value pod = task.pod_override();
  if (!file.defaults.pod.is_null()) pod = kube::merge_pods(file.defaults.pod, pod);
  if (const auto own = file.tasks.find(task_id); own != file.tasks.end()) {
    apply(own->second, task, false);
    pod = pod.is_null() ? own->second.pod : kube::merge_pods(pod, own->second.pod);
  }
  if (!pod.is_null()) task.set_pod_override(std::move(pod));
  if (file.owner) (*task.fields)["owner"] = *file.owner;
  task_ids.push_back(task_id);
}

void overlay_dag(const ProjectFile& file, json::object& dag, std::vector<std::string>& task_ids) {
  if (file.description) dag["description"] = *file.description;
  if (file.tags) dag["tags"] = json::array(file.tags->begin(), file.tags->end());
  json::value* tasks = dag.if_contains("tasks");
  if (tasks == nullptr || !tasks->is_array()) return;
  for (json::value& task : tasks->get_array()) {
    if (json::object* fields = fields_of(task, "__var")) overlay_task(file, *fields, task_ids);
  }
}

json::object names_of(const DeclaredSecrets& secrets) {
  return {{"variables", json::array(secrets.variables.begin(), secrets.variables.end())},
          {"connections", json::array(secrets.connections.begin(), secrets.connections.end())}};
}

/// What its tasks may use, beside the DAG: Airflow's serialization has no place for it.
/// @param tasks  those that may use more
void declare_secrets(const ProjectFile& file, const std::map<std::string, TaskSettings>& tasks,
                     json::value& serialized) {
  if (!file.secrets || !serialized.is_object()) return;
  json::object declared = names_of(*file.secrets);
  json::object more;
  for (const auto& [id, settings] : tasks) {
    if (!settings.secrets.is_empty()) more[id] = names_of(settings.secrets);
  }
  if (!more.empty()) declared["tasks"] = std::move(more);
  serialized.get_object()[dag::kDeclaredSecrets] = std::move(declared);
}

void check_dag_id(const ProjectFile& file, const std::vector<json::value>& dags,
                  std::vector<ProjectProblem>& problems) {
  if (!file.dag_id) return;
  std::vector<std::string> ids;
  for (const json::value& dag : dags) {
    if (const json::value* fields = find(dag, "dag")) ids.push_back(get_text(*fields, "dag_id"));
  }
  if (ids.size() == 1 && ids[0] == *file.dag_id) return;
  problems.push_back(
      {file.line_of("dag_id"), fmt::format("'dag_id' is '{}', but {} defines {}", *file.dag_id,
                                           file.dag_file(), ids.empty() ? "no DAG" : join(ids, ", "))});
}

void check_tasks(const ProjectFile& file, const std::vector<std::string>& task_ids,
                 std::vector<ProjectProblem>& problems) {
  for (const auto& [id, settings] : file.tasks) {
    if (std::ranges::find(task_ids, id) != task_ids.end()) continue;
    const auto meant = did_you_mean(id, task_ids);
    problems.push_back(
        {file.line_of("tasks." + id), fmt::format("the DAG has no task '{}'{}", id,
                                                  meant ? fmt::format("; did you mean '{}'?", *meant) : "")});
  }
}

}  // namespace

std::vector<ProjectProblem> overlay(const ProjectFile& file, std::vector<json::value>& dags,
                                    const std::string& python_version) {
  std::vector<ProjectProblem> problems;
  check_dag_id(file, dags, problems);
  if (file.python_version && !python_version.empty() && *file.python_version != python_version) {
    problems.push_back(
        {file.line_of("python_version"),
         fmt::format("'python_version' is {}, but this install's Python environment is {}; other "
                     "versions are not supported yet",
                     *file.python_version, python_version)});
  }
  std::vector<std::string> task_ids;
  for (json::value& dag : dags) {
    if (json::object* fields = fields_of(dag, "dag")) overlay_dag(file, *fields, task_ids);
    declare_secrets(file, file.tasks, dag);
  }
  check_tasks(file, task_ids, problems);
  return problems;
}

OverlaidProject overlay_project(const std::string& folder, const std::string& relative_fileloc,
                                std::vector<json::value>& dags, const std::string& python_version) {
  const auto project = read_project(folder);
  if (!project) return {};
  if (!project->problems.empty()) return {.is_broken = true};
  if (project->file.dag_file() != relative_fileloc) {
    for (json::value& dag : dags) declare_secrets(project->file, {}, dag);
    return {};
  }
  return {.problems = overlay(project->file, dags, python_version), .wants_pods = project->file.wants_pods()};
}

}  // namespace leoflow::lite
