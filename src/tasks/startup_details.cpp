#include "tasks/startup_details.hpp"

#include "tasks/request.hpp"

namespace leoflow::tasks {

namespace {

/// The SDK's DagRun, while the run goes on.
json::object dag_run_of(const engine::AttemptSpec& spec) {
  std::optional<Time> interval_start;
  std::optional<Time> interval_end;
  if (spec.interval) {
    interval_start = spec.interval->start;
    interval_end = spec.interval->end;
  }
  auto conf = parse_json(spec.run_conf);
  return {{"dag_id", spec.dag_id},
          {"run_id", spec.run_id},
          {"logical_date", to_json(spec.logical_date)},
          {"data_interval_start", to_json(interval_start)},
          {"data_interval_end", to_json(interval_end)},
          {"run_after", to_iso_z(spec.run_after)},
          {"start_date", to_json(spec.run_start_date)},
          {"end_date", nullptr},
          {"clear_number", spec.clear_number},
          {"run_type", spec.run_type},
          {"state", "running"},
          {"conf", conf ? std::move(*conf) : json::value(json::object())},
          {"triggering_user_name", to_json(spec.triggering_user)},
          {"consumed_asset_events", parse_json(spec.consumed_asset_events).value_or(json::array())},
          {"partition_key", to_json(spec.partition_key)},
          {"partition_date", to_json(spec.partition_date)},
          {"note", to_json(spec.note)}};
}

/// The SDK's TIRunContext, of one that begins.
json::object context_of(const engine::AttemptSpec& spec) {
  return {{"dag_run", dag_run_of(spec)},      {"task_reschedule_count", spec.reschedule_count},
          {"max_tries", spec.max_tries},      {"variables", json::array()},
          {"connections", json::array()},     {"next_method", nullptr},
          {"next_kwargs", nullptr},           {"xcom_keys_to_clear", json::array()},
          {"should_retry", spec.should_retry}};
}

}  // namespace

std::string callback_request(const engine::CallbackSpec& spec) {
  using Kind = scheduler::CallbackKind;
  const engine::AttemptSpec& cause = spec.cause;
  json::object request{{"filepath", cause.relative_fileloc},
                       {"bundle_name", cause.bundle_name},
                       {"bundle_version", nullptr},
                       {"msg", spec.reason}};
  if (spec.kind == Kind::dag_success || spec.kind == Kind::dag_failure) {
    const bool is_failure = spec.kind == Kind::dag_failure;
    json::object dag_run = dag_run_of(cause);
    dag_run["end_date"] = to_iso_z(spec.run_end);
    dag_run["state"] = is_failure ? "failed" : "success";
    request["type"] = "DagCallbackRequest";
    request["dag_id"] = cause.dag_id;
    request["run_id"] = cause.run_id;
    request["is_failure_callback"] = is_failure;
    request["context_from_server"] =
        json::object{{"dag_run", std::move(dag_run)}, {"last_ti", task_instance_of(cause)}};
    return json::serialize(request);
  }
  const bool is_retry = spec.kind == Kind::task_retry || spec.kind == Kind::retry_email;
  request["ti"] = task_instance_of(cause);
  request["context_from_server"] = context_of(cause);
  if (spec.kind == Kind::task_retry || spec.kind == Kind::task_failure) {
    request["type"] = "TaskCallbackRequest";
    request["task_callback_type"] = is_retry ? "up_for_retry" : "failed";
  } else {
    request["type"] = "EmailRequest";
    request["email_type"] = is_retry ? "retry" : "failure";
  }
  return json::serialize(request);
}

std::string rendering_of(const engine::TriggerSpec& spec) {
  if (!spec.run) return "";
  return json::serialize(json::object{{"dag", parse_json(spec.serialized_dag).value_or(json::object())},
                                      {"dag_run", dag_run_of(*spec.run)}});
}

json::object run_context(const engine::AttemptSpec& spec) {
  json::object context = context_of(spec);
  if (!spec.next_method.empty()) {
    context["next_method"] = spec.next_method;
    context["next_kwargs"] = parse_json(spec.next_kwargs).value_or(json::object());
    context["start_date"] = to_json(spec.first_start);
  }
  return context;
}

std::string startup_details(const engine::AttemptSpec& spec) {
  json::object ti = task_instance_of(spec);
  ti["queue"] = spec.queue;
  if (spec.span) {
    json::object carrier{{"traceparent", spec.span->traceparent()}};
    if (!spec.span->state.empty()) carrier["tracestate"] = spec.span->state;
    ti["context_carrier"] = std::move(carrier);
  }
  json::object details = {{"type", "StartupDetails"},
                          {"ti", std::move(ti)},
                          {"dag_rel_path", spec.relative_fileloc},
                          {"bundle_info", json::object{{"name", spec.bundle_name}, {"version", nullptr}}},
                          {"ti_context", run_context(spec)},
                          {"sentry_integration", ""}};
  return json::serialize(details);
}

}  // namespace leoflow::tasks
