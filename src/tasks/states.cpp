#include <fmt/format.h>

#include "base/log.hpp"
#include "base/time_text.hpp"
#include "dag/state_trigger.hpp"
#include "tasks/task_service.hpp"

// What a task says about itself.
namespace leoflow::tasks {
namespace {

// By the attempt's id: an attempt that is not current any more writes nothing.
constexpr std::string_view kRenderedFields =
    "INSERT INTO rendered_fields (dag_id, run_id, task_id, map_index, fields)"
    " SELECT dag_id, run_id, task_id, map_index, $2 FROM task_instance WHERE id = $1"
    " ON CONFLICT (dag_id, run_id, task_id, map_index) DO UPDATE SET fields = excluded.fields";

constexpr std::string_view kRenderedMapIndex =
    "UPDATE task_instance SET rendered_map_index = $2 WHERE id = $1";

}  // namespace

void TaskService::note_map_index(const Caller& caller, const json::value& request) {
  if (const auto map_index = find_text(request, "rendered_map_index")) {
    engine::Item item;
    item.record = [attempt = caller.attempt, text = *map_index](store::Session& session) {
      session.execute(kRenderedMapIndex, {attempt, text});
    };
    engine_.post(std::move(item));
  }
}

std::function<void(bool)> TaskService::accepted(const Reply& reply) {
  return [reply](bool accepted) {
    reply(accepted ? done() : refused(409, "the task instance is not running any more"));
  };
}

void TaskService::report(const Caller& caller, scheduler::Outcome outcome, const json::value& request,
                         const Reply& reply) {
  note_map_index(caller, request);
  engine_.attempt_reported(caller.attempt, outcome, accepted(reply));
}

void TaskService::succeed(const Caller& caller, const json::value& request, const Reply& reply) {
  engine::OutletReport outlets = read_outlets(request);
  if (outlets.empty()) return report(caller, scheduler::Outcome::success, request, reply);
  note_map_index(caller, request);
  engine_.attempt_succeeded(caller.attempt, std::move(outlets), accepted(reply));
}

void TaskService::retry(const Caller& caller, const json::value& request, const Reply& reply) {
  // A retry policy may have decided when.
  std::optional<Duration> delay;
  if (const double seconds = get_number(request, "retry_delay_seconds", -1); seconds >= 0) {
    delay = std::chrono::round<Duration>(std::chrono::duration<double>(seconds));
  }
  note_map_index(caller, request);
  engine_.attempt_reported(caller.attempt, scheduler::Outcome::up_for_retry, accepted(reply), delay);
}

void TaskService::reschedule(const Caller& caller, const json::value& request, const Reply& reply) {
  const std::string text = get_text(request, "reschedule_date");
  const auto at = parse_iso(text);
  if (!at) return reply(refused(422, fmt::format("reschedule_date '{}' is not a date and time", text)));
  engine_.attempt_rescheduled(caller.attempt, *at, accepted(reply));
}

void TaskService::defer(const Caller& caller, const json::value& request, const Reply& reply) {
  engine::DeferredCall deferred;
  dag::TriggerCall& call = deferred.call;
  call.classpath = get_text(request, "classpath");
  call.next_method = get_text(request, "next_method");
  call.kwargs = object_text(request, "trigger_kwargs");
  call.next_kwargs = object_text(request, "next_kwargs");
  if (const auto timeout = find_text(request, "trigger_timeout")) {
    call.timeout = parse_iso_duration(*timeout);
    if (!call.timeout)
      return reply(refused(422, fmt::format("trigger_timeout '{}' is not a duration", *timeout)));
  }
  if (const auto time = as_time_trigger(call)) {
    deferred.deferral.fires_at = time->moment;
    deferred.deferral.ends_task = time->ends_task;
    call.next_kwargs = time->next_kwargs;
  }
  // They may hold secrets, unless they name runs and states only.
  if (!dag::as_state_trigger(call)) call.kwargs = sealer_.seal(call.kwargs);
  note_map_index(caller, request);
  engine_.attempt_deferred(caller.attempt, std::move(deferred), accepted(reply));
}

std::string TaskService::open_kwargs(const std::string& sealed) const {
  if (sealed.starts_with('{')) return sealed;
  const auto kwargs = sealer_.open(sealed);
  if (kwargs) return *kwargs;
  // The trigger fails without them, and says so in its task's log; this says why.
  log::error("the arguments of a trigger: {}", kwargs.error().message);
  return "{}";
}

void TaskService::set_terminal_state(const Caller& caller, const json::value& request, const Reply& reply) {
  const std::string state = get_text(request, "state");
  if (state == "failed") return report(caller, scheduler::Outcome::failed, request, reply);
  if (state == "skipped") return report(caller, scheduler::Outcome::skipped, request, reply);
  if (state == "removed") return report(caller, scheduler::Outcome::removed, request, reply);
  if (state == "upstream_failed") return report(caller, scheduler::Outcome::upstream_failed, request, reply);
  reply(refused(400, fmt::format("a task cannot end as '{}'", state)));
}

void TaskService::skip_downstream(const Caller& caller, const json::value& request, const Reply& reply) {
  std::vector<std::pair<std::string, int>> skipped;
  const json::value* tasks = find(request, "tasks");
  if (tasks != nullptr && tasks->is_array()) {
    for (const json::value& task : tasks->get_array()) {
      // Either an id, or an id and a map index.
      if (task.is_string()) skipped.emplace_back(task.get_string(), -1);
      if (!task.is_array() || task.get_array().size() != 2) continue;
      const json::value& id = task.get_array()[0];
      const json::value& map_index = task.get_array()[1];
      if (id.is_string() && map_index.is_int64()) {
        skipped.emplace_back(id.get_string(), static_cast<int>(map_index.get_int64()));
      }
    }
  }
  engine_.skip_downstream(caller.attempt, std::move(skipped), [reply](const Result<void>& result) {
    reply(result ? done() : refused(result.error()));
  });
}

void TaskService::set_rendered_fields(const Caller& caller, const json::value& request, const Reply& reply) {
  const json::value* fields = find(request, "rendered_fields");
  write([attempt = caller.attempt, text = fields == nullptr ? "{}" : json::serialize(*fields)](
            store::Session& session) { session.execute(kRenderedFields, {attempt, text}); },
        reply);
}

void TaskService::set_rendered_map_index(const Caller& caller, const json::value& request,
                                         const Reply& reply) {
  write([attempt = caller.attempt, text = get_text(request, "rendered_map_index")](
            store::Session& session) { session.execute(kRenderedMapIndex, {attempt, text}); },
        reply);
}

}  // namespace leoflow::tasks
