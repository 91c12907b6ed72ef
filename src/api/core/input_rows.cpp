#include "api/core/input_rows.hpp"

#include <fmt/core.h>

#include "api/core/dag_rows.hpp"
#include "api/core/run_rows.hpp"

namespace leoflow::api {

const std::string_view kInputColumns =
    "h.options, h.subject, h.body, h.defaults, h.multiple, h.params, h.assigned_users, h.created_at,"
    " h.responded_at, h.responded_by_user_id, h.responded_by_user_name, h.chosen_options, h.params_input";

const std::string_view kJoinInput =
    " JOIN hitl_detail h ON h.dag_id = t.dag_id AND h.run_id = t.run_id AND h.task_id = t.task_id"
    " AND h.map_index = t.map_index AND h.try_number = t.try_number";

namespace {

constexpr std::size_t kTaskColumnCount = 37;  ///< of kTaskColumns

json::value parsed(const std::string& text) {
  return parse_json(text).value_or(nullptr);
}

std::vector<std::string> texts(const std::string& list) {
  std::vector<std::string> out;
  const json::value items = parsed(list);
  if (!items.is_array()) return out;
  for (const json::value& item : items.get_array()) {
    if (item.is_string()) out.emplace_back(item.get_string());
  }
  return out;
}

std::optional<std::vector<std::string>> find_texts(const std::optional<std::string>& list) {
  return list ? std::optional(texts(*list)) : std::nullopt;
}

std::vector<gen::HITLUser> users(const std::string& list) {
  std::vector<gen::HITLUser> out;
  const json::value items = parsed(list);
  if (!items.is_array()) return out;
  for (const json::value& item : items.get_array()) {
    out.push_back({get_text(item, "id"), get_text(item, "name")});
  }
  return out;
}

/// A form field is described, or a bare value. Source: Airflow 3.3.2, BaseHITLDetail.get_params.
json::object form(const std::string& text) {
  json::object out;
  const json::value params = parsed(text);
  if (!params.is_object()) return out;
  for (const auto& [name, param] : params.get_object()) {
    const bool described = find(param, "description") && find(param, "schema") && find(param, "value");
    out[name] = described ? param
                          : json::value(json::object{
                                {"value", param}, {"description", nullptr}, {"schema", json::object()}});
  }
  return out;
}

}  // namespace

template <typename Detail>
void read_input(store::Row row, std::size_t first, Detail& detail) {
  detail.options = texts(row.text(first));
  detail.subject = row.text(first + 1);
  detail.body = row.find_text(first + 2);
  detail.defaults = find_texts(row.find_text(first + 3));
  detail.multiple = row.boolean(first + 4);
  detail.params = form(row.text(first + 5));
  detail.assigned_users = users(row.text(first + 6));
  detail.created_at = row.time(first + 7);
  detail.responded_at = row.find_time(first + 8);
  if (const auto id = row.find_text(first + 9)) {
    detail.responded_by_user = gen::HITLUser{*id, row.find_text(first + 10).value_or(*id)};
  }
  detail.chosen_options = find_texts(row.find_text(first + 11));
  detail.params_input = parsed(row.text(first + 12));
  detail.response_received = detail.responded_at.has_value();
}

template void read_input(store::Row, std::size_t, gen::HITLDetail&);
template void read_input(store::Row, std::size_t, gen::HITLDetailHistory&);

gen::HITLDetail input_from(store::Row row) {
  gen::HITLDetail detail;
  detail.task_instance = task_from(row);
  read_input(row, kTaskColumnCount, detail);
  return detail;
}

std::vector<gen::HITLDetail> unanswered(Call& call, const std::vector<std::string>& dag_ids) {
  std::vector<gen::HITLDetail> out;
  if (dag_ids.empty()) return out;
  store::Params ids(dag_ids.begin(), dag_ids.end());
  const std::string sql = fmt::format(
      "SELECT {}, {} FROM {}{} WHERE h.responded_at IS NULL AND t.state IN ('deferred', 'awaiting_input')"
      " AND t.dag_id IN ({}) ORDER BY t.dag_id, h.created_at",
      kTaskColumns, kInputColumns, kTaskTables, kJoinInput, placeholders(ids.size()));
  for (const store::Row row : call.db().query(sql, ids)) out.push_back(input_from(row));
  return out;
}

}  // namespace leoflow::api
