#include <fmt/format.h>

#include "tasks/task_service.hpp"

// A task asks people and waits for the answer (Airflow's human in the loop).
namespace leoflow::tasks {
namespace {

// By the attempt's id, as everything a task says about itself. A question asked again has no answer yet.
constexpr std::string_view kPutQuestion =
    "INSERT INTO hitl_detail (dag_id, run_id, task_id, map_index, try_number, options, subject, body, "
    "defaults,"
    " multiple, params, assigned_users, created_at, params_input)"
    " SELECT t.dag_id, t.run_id, t.task_id, t.map_index, t.try_number, CAST($2 AS TEXT), CAST($3 AS TEXT),"
    " CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS BIGINT), CAST($7 AS TEXT), CAST($8 AS TEXT),"
    " CAST($9 AS BIGINT), '{}' FROM task_instance t WHERE t.id = $1"
    " ON CONFLICT (dag_id, run_id, task_id, map_index, try_number) DO UPDATE SET options = excluded.options,"
    " subject = excluded.subject, body = excluded.body, defaults = excluded.defaults,"
    " multiple = excluded.multiple, params = excluded.params, assigned_users = excluded.assigned_users,"
    " created_at = excluded.created_at, responded_at = NULL, responded_by_user_id = NULL,"
    " responded_by_user_name = NULL, chosen_options = NULL, params_input = '{}'";

/// A list of the request as JSON text; nothing if it is absent.
std::optional<std::string> list_text(const json::value& request, std::string_view key) {
  const json::value* value = find(request, key);
  return value != nullptr && value->is_array() ? std::optional(json::serialize(*value)) : std::nullopt;
}

}  // namespace

void TaskService::ask_people(const Caller& caller, const json::value& request, const Reply& reply) {
  const auto options = list_text(request, "options");
  if (!options) return reply(refused(422, "options is not a list"));
  engine::Item item;
  item.record = [params = store::Params{caller.attempt, *options, get_text(request, "subject"),
                                        find_text(request, "body"), list_text(request, "defaults"),
                                        get_bool(request, "multiple", false), object_text(request, "params"),
                                        list_text(request, "assigned_users").value_or("[]"), clock_.now()}](
                    store::Session& session) { session.execute(kPutQuestion, params); };
  json::object fields = request.as_object();
  fields.erase("type");
  item.done = [reply, fields = std::move(fields)] { reply(result("HITLDetailRequestResult", fields)); };
  engine_.post(std::move(item));
}

void TaskService::await_input(const Caller& caller, const json::value& request, const Reply& reply) {
  engine::DeferredCall question;
  question.deferral.for_input = true;
  question.call.next_method = get_text(request, "next_method");
  question.call.next_kwargs = object_text(request, "next_kwargs");
  if (const auto timeout = find_text(request, "timeout")) {
    question.call.timeout = parse_iso_duration(*timeout);
    if (!question.call.timeout)
      return reply(refused(422, fmt::format("timeout '{}' is not a duration", *timeout)));
  }
  note_map_index(caller, request);
  engine_.attempt_deferred(caller.attempt, std::move(question), accepted(reply));
}

}  // namespace leoflow::tasks
