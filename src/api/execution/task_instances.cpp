#include "api/execution/operation.hpp"
#include "api/execution/task_rows.hpp"
#include "api/execution/task_state.hpp"

// What a task says about itself, and what it asks about others.
namespace leoflow::api::execution {
namespace {

const Body kBeginning{.fields = {{.name = "state", .check = running, .required = true},
                                 {.name = "hostname", .required = true},
                                 {.name = "unixname", .required = true},
                                 {.name = "pid", .check = integer, .required = true},
                                 {.name = "start_date", .check = moment, .required = true}}};
const Body kBeat{
    .fields = {{.name = "hostname", .required = true}, {.name = "pid", .check = integer, .required = true}}};
const Body kSkipped{.fields = {{.name = "tasks", .check = task_names, .required = true}},
                    .may_have_others = false};

constexpr char kCount[] = "count";
constexpr char kTaskInstance[] = "task_instance";
constexpr char kStartDate[] = "start_date";

/// Of one that begins there is nothing to say about how it goes on.
json::value without_next(json::value context) {
  json::object& fields = context.get_object();
  for (const char* name : {"next_method", "next_kwargs"}) {
    if (fields[name].is_null()) fields.erase(name);
  }
  return context;
}

/// Without such a run its dates are told as null.
json::value with_dates(json::value run) {
  for (const char* name : {"data_interval_start", "data_interval_end", "start_date", "end_date"}) {
    run.get_object().emplace(name, nullptr);
  }
  return run;
}

http::Response set_map_index(Asking& asking) {
  if (get_text(asking.arguments, "rendered_map_index").empty()) {
    return http::error_response(422, "rendered_map_index cannot be empty");
  }
  if (!find_task_state(asking)) return http::error_response(404, "Task Instance not found");
  auto told = asking.ask("SetRenderedMapIndex");
  if (told.refusal) return *told.refusal;
  http::Response done;
  done.status = 204;
  return done;
}

std::vector<Field> which_tasks(bool by_state) {
  std::vector<Field> fields = {{.name = "dag_id", .required = true},
                               {.name = "map_index", .check = integer},
                               {.name = "task_ids", .check = texts, .many = true},
                               {.name = "task_group_id"},
                               {.name = "logical_dates", .check = moments, .many = true},
                               {.name = "run_ids", .check = texts, .many = true}};
  if (by_state) fields.push_back({.name = "states", .check = texts, .many = true});
  return fields;
}

}  // namespace

std::vector<Operation> task_instance_operations() {
  const std::string_view group = "Task group {task_group_id} not found in DAG {dag_id}";
  return {
      {.route = {"PATCH", "/execution/task-instances/{task_instance_id}/run", "ti_run", false},
       .access = Access::start_own_task,
       .body = &kBeginning,
       .ask = "RunTask",
       .select = without_next,
       .not_found = "Task Instance not found",
       .answered = Answered::run_context},
      {.route = {"PATCH", "/execution/task-instances/{task_instance_id}/state", "ti_update_state", false},
       .access = Access::own_task,
       .whole_body = WholeBody{},
       .handle = change_state},
      {.route = {"PUT", "/execution/task-instances/{task_instance_id}/heartbeat", "ti_heartbeat", false},
       .access = Access::own_task,
       .body = &kBeat,
       .ask = "Heartbeat",
       .status = 204},
      {.route = {"PATCH", "/execution/task-instances/{task_instance_id}/skip-downstream",
                 "ti_skip_downstream", false},
       .access = Access::own_task,
       .body = &kSkipped,
       .ask = "SkipDownstreamTasks",
       .first = unknown_task,
       .status = 204},
      {.route = {"PUT", "/execution/task-instances/{task_instance_id}/rtif", "put_rtif", false},
       .access = Access::own_task,
       .whole_body = WholeBody{.as = "rendered_fields", .check = object},
       .ask = "SetRenderedFields",
       .first = unknown_or_archived_task,
       .status = 201,
       .message = "Rendered task instance fields successfully set"},
      {.route = {"PATCH", "/execution/task-instances/{task_instance_id}/rendered-map-index",
                 "ti_patch_rendered_map_index", false},
       .access = Access::own_task,
       .whole_body = WholeBody{.as = "rendered_map_index", .check = text},
       .handle = set_map_index},
      {.route = {"GET", "/execution/task-instances/{task_instance_id}/previous-successful-dagrun",
                 "get_previous_successful_dagrun", false},
       .access = Access::own_task,
       .ask = "GetPrevSuccessfulDagRun",
       .select = with_dates},
      {.route = {"GET", "/execution/task-instances/{task_instance_id}/validate-inlets-and-outlets",
                 "validate_inlets_and_outlets", false},
       .access = Access::own_task,
       .ask = "ValidateInletsAndOutlets",
       .first = unknown_task},
      {.route = {"GET", "/execution/task-instances/count", "get_task_instance_count", false},
       .query = which_tasks(true),
       .ask = "GetTICount",
       .select = member<kCount>,
       .not_found = group},
      {.route = {"GET", "/execution/task-instances/states", "get_task_instance_states", false},
       .query = which_tasks(false),
       .ask = "GetTaskStates",
       .not_found = group},
      {.route = {"GET", "/execution/task-instances/previous/{dag_id}/{task_id}", "get_previous_task_instance",
                 false},
       .query = {{.name = "logical_date", .check = moment},
                 {.name = "map_index", .check = integer},
                 {.name = "state", .check = task_state}},
       .ask = "GetPreviousTI",
       .select = member<kTaskInstance>},
      {.route = {"GET", "/execution/task-instances/breadcrumbs", "get_task_instance_breadcrumbs", false},
       .query = {{.name = "dag_id", .required = true}, {.name = "run_id", .required = true}},
       .ask = "GetTaskBreadcrumbs"},
      {.route = {"GET", "/execution/task-reschedules/{task_instance_id}/start_date", "get_start_date", false},
       .access = Access::own_task,
       .ask = "GetTaskRescheduleStartDate",
       .select = member<kStartDate>},
  };
}

}  // namespace leoflow::api::execution
