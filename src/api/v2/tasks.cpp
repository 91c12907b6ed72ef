#include <algorithm>
#include <cmath>
#include <fmt/core.h>

#include "api/core/dag_rows.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

std::string text_field(const TaskView& task, std::string_view name, std::string_view fallback) {
  const json::value* value = task.field(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string(fallback);
}

double number_field(const TaskView& task, std::string_view name, double fallback) {
  const json::value* value = task.field(name);
  if (value == nullptr) return fallback;
  const json::value bare = plain(*value);
  if (bare.is_double()) return bare.get_double();
  if (bare.is_int64()) return static_cast<double>(bare.get_int64());
  if (bare.is_bool()) return bare.get_bool() ? 1 : 0;
  return fallback;
}

bool flag_field(const TaskView& task, std::string_view name) {
  const json::value* value = task.field(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::optional<Time> time_field(const TaskView& task, std::string_view name) {
  const double seconds = number_field(task, name, NAN);
  if (std::isnan(seconds)) return std::nullopt;
  return from_micros(static_cast<std::int64_t>(seconds * 1e6));
}

std::vector<std::string> texts_field(const TaskView& task, std::string_view name) {
  std::vector<std::string> out;
  const json::value* list = task.field(name);
  if (list == nullptr || !list->is_array()) return out;
  for (const json::value& item : list->get_array()) {
    if (item.is_string()) out.emplace_back(item.get_string());
  }
  return out;
}

// Normalised as Python does: days may be negative, the rest never.
gen::TimeDelta time_delta(double seconds) {
  const auto micros = static_cast<std::int64_t>(std::llround(seconds * 1e6));
  constexpr std::int64_t kDay = 86'400'000'000;
  gen::TimeDelta delta;
  delta.days = micros / kDay - (micros % kDay < 0 ? 1 : 0);
  const std::int64_t rest = micros - delta.days * kDay;
  delta.seconds = rest / 1'000'000;
  delta.microseconds = rest % 1'000'000;
  return delta;
}

gen::TaskResponse task_response(const DagView& dag, const TaskView& view) {
  // The defaults are those of airflow/serialization/schema.json.
  gen::TaskResponse task;
  task.task_id = view.task_id;
  task.task_display_name = view.display_name;
  task.owner = text_field(view, "owner", "airflow");
  // A task that sets none has those of its DAG.
  task.start_date = time_field(view, "start_date");
  if (!task.start_date) task.start_date = dag::find_date(dag.dag(), "start_date");
  task.end_date = time_field(view, "end_date");
  if (!task.end_date) task.end_date = dag::find_date(dag.dag(), "end_date");
  task.trigger_rule = text_field(view, "trigger_rule", "all_success");
  task.depends_on_past = flag_field(view, "depends_on_past");
  task.wait_for_downstream = flag_field(view, "wait_for_downstream");
  task.retries = number_field(view, "retries", 0);
  task.queue = text_field(view, "queue", "default");
  task.pool = text_field(view, "pool", "default_pool");
  task.pool_slots = number_field(view, "pool_slots", 1);
  const double timeout = number_field(view, "execution_timeout", NAN);
  if (!std::isnan(timeout)) task.execution_timeout = time_delta(timeout);
  task.retry_delay = time_delta(number_field(view, "retry_delay", 300));
  task.retry_exponential_backoff = flag_field(view, "retry_exponential_backoff")
                                       ? 2.0  // what True stands for since it is a number
                                       : number_field(view, "retry_exponential_backoff", 0);
  task.priority_weight = number_field(view, "priority_weight", 1);
  task.weight_rule = text_field(view, "weight_rule", "downstream");
  task.ui_color = text_field(view, "ui_color", "#fff");
  task.ui_fgcolor = text_field(view, "ui_fgcolor", "#000");
  task.template_fields = texts_field(view, "template_fields");
  task.downstream_task_ids = view.downstream;
  std::sort(task.downstream_task_ids->begin(), task.downstream_task_ids->end());
  if (const json::value* doc = view.field("doc_md"); doc != nullptr && doc->is_string()) {
    task.doc_md = std::string(doc->get_string());
  }
  task.operator_name = view.operator_name;
  const json::value* params = view.field("params");
  task.params = params == nullptr ? json::value(json::object()) : plain_params(*params);
  task.class_ref = json::object{{"module_path", text_field(view, "_task_module", "")},
                                {"class_name", text_field(view, "task_type", "BaseOperator")}};
  task.is_mapped = view.is_mapped;
  for (const auto& [name, key] : view.extra_links()) task.extra_links.push_back(name);
  return task;
}

Result<Answer> get_tasks(Call& call, const gen::GetTasksParams& params) {
  const auto dag = call.api.dags.current(call.db(), params.dag_id);
  if (!dag)
    return fail(ErrorCode::not_found, fmt::format("The Dag with ID: `{}` was not found", params.dag_id));
  gen::TaskCollectionResponse list;
  for (const TaskView& view : dag->tasks()) list.tasks.push_back(task_response(*dag, view));
  std::string_view key = params.order_by;
  const bool descending = key.starts_with('-');
  if (descending) key.remove_prefix(1);
  const auto by = [&](auto member) {
    std::stable_sort(list.tasks.begin(), list.tasks.end(), [&](const auto& a, const auto& b) {
      return descending ? b.*member < a.*member : a.*member < b.*member;
    });
  };
  using Task = gen::TaskResponse;
  if (key == "task_id") {
    by(&Task::task_id);
  } else if (key == "task_display_name") {
    by(&Task::task_display_name);
  } else if (key == "owner") {
    by(&Task::owner);
  } else if (key == "start_date") {
    by(&Task::start_date);
  } else if (key == "end_date") {
    by(&Task::end_date);
  } else if (key == "retries") {
    by(&Task::retries);
  } else if (key == "operator_name") {
    by(&Task::operator_name);
  } else if (key == "trigger_rule") {
    by(&Task::trigger_rule);
  } else {
    return fail(
        ErrorCode::invalid,
        fmt::format("Ordering with '{}' is disallowed or the attribute does not exist on the model", key));
  }
  list.total_entries = static_cast<std::int64_t>(list.tasks.size());
  return ok(list);
}

Result<Answer> get_task(Call& call, const gen::GetTaskParams& params) {
  const auto dag = call.api.dags.current(call.db(), params.dag_id);
  if (!dag)
    return fail(ErrorCode::not_found, fmt::format("The Dag with ID: `{}` was not found", params.dag_id));
  const TaskView* task = dag->find_task(params.task_id);
  if (task == nullptr) {
    return fail(ErrorCode::not_found, fmt::format("Task with id {} was not found", params.task_id));
  }
  return ok(task_response(*dag, *task));
}

}  // namespace

void bind_tasks(Registry& registry) {
  registry.bind<op::get_tasks>(get_tasks);
  registry.bind<op::get_task>(get_task);
}

}  // namespace leoflow::api
