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

constexpr std::string_view kAnswerOf =
    "SELECT h.responded_at, h.responded_by_user_id, h.responded_by_user_name, h.chosen_options, "
    "h.params_input,"
    " t.dag_id, t.run_id, t.task_id, t.map_index, t.try_number FROM task_instance t JOIN hitl_detail h"
    " ON h.dag_id = t.dag_id AND h.run_id = t.run_id AND h.task_id = t.task_id AND h.map_index = t.map_index"
    " AND h.try_number = t.try_number WHERE t.id = $1";

json::value parsed_or(const std::optional<std::string>& text, json::value otherwise) {
  return text ? parse_json(*text).value_or(std::move(otherwise)) : std::move(otherwise);
}

/// The SDK's HITLDetailResponse.
json::object answer_fields(const store::Row& row) {
  json::value user;
  if (const auto id = row.find_text(1))
    user = json::object{{"id", *id}, {"name", row.find_text(2).value_or(*id)}};
  return {{"response_received", row.find_time(0).has_value()},
          {"responded_by_user", std::move(user)},
          {"responded_at", to_json(row.find_time(0))},
          {"chosen_options", parsed_or(row.find_text(3), json::array())},
          {"params_input", parsed_or(row.find_text(4), json::object())}};
}

Answer no_question() {
  return refused(
      404,
      "HITLDetail not found. This happens most likely due to clearing task instance before receiving "
      "response.",
      {{"reason", "not_found"}});
}

/// A list of the request as JSON text; nothing if it is absent.
std::optional<std::string> list_text(const json::value& request, std::string_view key) {
  const json::value* value = find(request, key);
  return value != nullptr && value->is_array() ? std::optional(json::serialize(*value)) : std::nullopt;
}

}  // namespace

void TaskService::ask_people(const Caller& caller, const json::value& request, const Reply& reply) {
  const auto options = list_text(request, "options");
  if (!options) return reply(refused(422, "options is not a list"));
  const store::Params params{caller.attempt,
                             *options,
                             get_text(request, "subject"),
                             find_text(request, "body"),
                             list_text(request, "defaults"),
                             get_bool(request, "multiple", false),
                             object_text(request, "params"),
                             list_text(request, "assigned_users").value_or("[]"),
                             clock_.now()};
  json::object fields = request.as_object();
  fields.erase("type");
  write([params](store::Session& session) { session.execute(kPutQuestion, params); }, reply,
        result("HITLDetailRequestResult", std::move(fields)));
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

void TaskService::get_input(const Caller& caller, const json::value&, const Reply& reply) {
  const auto session = database_.read();
  const store::Rows rows = session->query(kAnswerOf, {caller.attempt});
  reply(rows.empty() ? no_question() : result("HITLDetailResponse", answer_fields(rows[0])));
}

void TaskService::put_input(const Caller& caller, const json::value& request, const Reply& reply) {
  engine::AnswerInput answer;
  {
    const auto session = database_.read();
    const store::Rows rows = session->query(kAnswerOf, {caller.attempt});
    if (rows.empty()) return reply(no_question());
    const store::Row row = rows[0];
    answer.dag_id = row.text(5);
    answer.task = {row.text(6), row.text(7), static_cast<int>(row.integer(8))};
    answer.try_number = row.integer(9);
  }
  answer.at = clock_.now();
  if (const json::value* options = find(request, "chosen_options");
      options != nullptr && options->is_array()) {
    answer.chosen_options = options->get_array();
  }
  if (const json::value* input = find(request, "params_input"); input != nullptr && input->is_object()) {
    answer.params_input = input->get_object();
  }
  if (const auto written = engine_.answer_input(std::move(answer)); !written) {
    return reply(refused(written.error()));
  }
  get_input(caller, request, reply);
}

}  // namespace leoflow::tasks
