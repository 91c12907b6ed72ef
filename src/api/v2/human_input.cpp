#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "api/core/dag_access.hpp"
#include "api/core/input_rows.hpp"
#include "api/core/run_rows.hpp"
#include "api/core/state_filters.hpp"
#include "api/core/try_rows.hpp"
#include "api/resources.hpp"
#include "auth/users.hpp"

// Required actions: what task instances ask people (Airflow's human in the loop), and their answers.
namespace leoflow::api {

namespace {

constexpr OrderKey kInputOrder[] = {{"ti_id", "t.id"},
                                    {"subject", "h.subject"},
                                    {"responded_at", "h.responded_at"},
                                    {"created_at", "h.created_at"},
                                    {"responded_by_user_id", "h.responded_by_user_id"},
                                    {"responded_by_user_name", "h.responded_by_user_name"},
                                    {"dag_id", "t.dag_id"},
                                    {"run_id", "t.run_id"},
                                    {"task_display_name", "t.task_display_name"},
                                    {"run_after", "r.run_after"},
                                    {"rendered_map_index", "t.rendered_map_index"},
                                    {"task_instance_operator", "t.operator"},
                                    {"task_instance_state", "t.state"}};

template <typename Params>
std::string where_it_is(const Params& params) {
  return fmt::format("dag_id: `{}`, run_id: `{}`, task_id: `{}` and map_index: `{}`", params.dag_id,
                     params.dag_run_id, params.task_id, params.map_index);
}

/// Why there is nothing that a task instance asks.
template <typename Params>
std::unexpected<Error> no_detail(Call& call, const Params& params) {
  const auto instance = call.query(
      "SELECT id FROM task_instance WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4",
      {params.dag_id, params.dag_run_id, params.task_id, params.map_index});
  if (instance.empty()) {
    return fail(ErrorCode::not_found,
                fmt::format("The Task Instance with {} was not found", where_it_is(params)));
  }
  return fail(ErrorCode::not_found,
              fmt::format("Human-in-the-loop detail does not exist for Task Instance with id {}",
                          instance[0].text(0)));
}

/// Errors: not_found, in Airflow's words.
template <typename Params>
Result<gen::HITLDetail> read_one(Call& call, const Params& params) {
  const auto rows = call.query(
      fmt::format("SELECT {}, {} FROM {}{} WHERE t.dag_id = $1 AND t.run_id = $2 AND t.task_id = $3 AND "
                  "t.map_index = $4",
                  kTaskColumns, kInputColumns, kTaskTables, kJoinInput),
      {params.dag_id, params.dag_run_id, params.task_id, params.map_index});
  if (!rows.empty()) return input_from(rows[0]);
  return no_detail(call, params);
}

Result<Answer> get_hitl_details(Call& call, const gen::GetHitlDetailsParams& params) {
  const std::string columns = fmt::format("{}, {}", kTaskColumns, kInputColumns);
  const std::string tables = fmt::format("{}{}", kTaskTables, kJoinInput);
  Select select(columns, tables);
  select.equals("t.dag_id", params.dag_id).equals("t.run_id", params.dag_run_id);
  select.equals("t.task_id", params.task_id);
  only_readable(select, call, "t.dag_id");
  if (auto fine = filter_task_states(select, params.state); !fine) return std::unexpected(fine.error());
  select.pattern("t.dag_id", params.dag_id_pattern).prefix("t.dag_id", params.dag_id_prefix_pattern);
  select.pattern("t.task_id", params.task_id_pattern).prefix("t.task_id", params.task_id_prefix_pattern);
  if (params.map_index) select.where("t.map_index = ?", {*params.map_index});
  if (params.response_received) {
    select.where(*params.response_received ? "h.responded_at IS NOT NULL" : "h.responded_at IS NULL");
  }
  select.in("h.responded_by_user_id", params.responded_by_user_id);
  select.in("h.responded_by_user_name", params.responded_by_user_name);
  select.pattern("h.subject", params.subject_search).pattern("h.body", params.body_search);
  select.range("h.created_at", LEOFLOW_RANGE(params, created_at));
  if (auto ordered = select.order(params.order_by, kInputOrder, "t.id"); !ordered) {
    return std::unexpected(ordered.error());
  }
  gen::HITLDetailCollection list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    list.hitl_details.push_back(input_from(row));
  }
  return ok(list);
}

Result<Answer> get_hitl_detail(Call& call, const gen::GetHitlDetailParams& params) {
  const auto detail = read_one(call, params);
  if (!detail) return std::unexpected(detail.error());
  return ok(*detail);
}

Result<Answer> get_hitl_detail_of_try(Call& call, const gen::GetHitlDetailTryDetailParams& params) {
  const auto tries = read_tries(call, params.dag_id, params.dag_run_id, params.task_id, params.map_index);
  const auto attempt =
      std::ranges::find(tries, params.try_number, &gen::TaskInstanceHistoryResponse::try_number);
  if (attempt == tries.end()) {
    return fail(ErrorCode::not_found,
                fmt::format("The Task Instance with {} was not found", where_it_is(params)));
  }
  const auto rows = call.query(
      fmt::format("SELECT {} FROM hitl_detail h WHERE h.dag_id = $1 AND h.run_id = $2 AND h.task_id = $3 AND "
                  "h.map_index = $4 AND h.try_number = $5",
                  kInputColumns),
      {params.dag_id, params.dag_run_id, params.task_id, params.map_index, params.try_number});
  if (rows.empty()) {
    return no_detail(call, params);
  }
  gen::HITLDetailHistory detail;
  detail.task_instance = *attempt;
  read_input(rows[0], 0, detail);
  return ok(detail);
}

/// Errors: conflict, forbidden, invalid, as Airflow checks an answer.
Result<void> check(Call& call, const gen::HITLDetail& detail, const gen::UpdateHITLDetailPayload& body) {
  if (detail.response_received) {
    return fail(
        ErrorCode::conflict,
        fmt::format("Human-in-the-loop detail has already been updated for Task Instance with id {} and "
                    "is not allowed to write again.",
                    detail.task_instance.id));
  }
  const auto& assigned = detail.assigned_users;
  if (!assigned.empty() &&
      std::ranges::find(assigned, call.user.subject, &gen::HITLUser::id) == assigned.end() &&
      (call.user.subject.starts_with(auth::kServicePrefix) || !auth::has_one_user(call.db()))) {
    return fail(ErrorCode::forbidden, fmt::format("User={} (id={}) is not a respondent for the task.",
                                                  call.user.subject, call.user.subject));
  }
  for (const std::string& option : body.chosen_options) {
    if (std::ranges::find(detail.options, option) != detail.options.end()) continue;
    return fail(ErrorCode::invalid, fmt::format("Invalid options ['{}']; allowed options are ['{}'].", option,
                                                fmt::join(detail.options, "', '")));
  }
  if (!detail.multiple && body.chosen_options.size() > 1) {
    return fail(ErrorCode::invalid,
                "Multiple options chosen but this Human-in-the-loop task accepts only a single option.");
  }
  return {};
}

Result<Answer> update_hitl_detail(Call& call, const gen::UpdateHitlDetailParams& params,
                                  gen::UpdateHITLDetailPayload& body) {
  const auto detail = read_one(call, params);
  if (!detail) return std::unexpected(detail.error());
  if (auto fine = check(call, *detail, body); !fine) return std::unexpected(fine.error());
  engine::AnswerInput answer;
  answer.dag_id = params.dag_id;
  answer.task = {params.dag_run_id, params.task_id, static_cast<int>(params.map_index)};
  answer.try_number = detail->task_instance.try_number;
  answer.chosen_options = json::array(body.chosen_options.begin(), body.chosen_options.end());
  if (body.params_input.is_object()) answer.params_input = body.params_input.get_object();
  answer.user_id = call.user.subject;
  answer.user_name = call.user.subject;
  answer.at = call.now();
  if (auto done = call.api.commands.answer_input(answer); !done) return std::unexpected(done.error());
  return ok(gen::HITLDetailResponse{.responded_by = {call.user.subject, call.user.subject},
                                    .responded_at = answer.at,
                                    .chosen_options = body.chosen_options,
                                    .params_input = answer.params_input});
}

}  // namespace

void bind_human_input(Registry& registry) {
  registry.bind<op::get_hitl_details>(get_hitl_details);
  registry.bind<op::get_hitl_detail>(get_hitl_detail);
  registry.bind<op::get_hitl_detail_try_detail>(get_hitl_detail_of_try);
  registry.bind<op::update_hitl_detail>(update_hitl_detail);
}

}  // namespace leoflow::api
