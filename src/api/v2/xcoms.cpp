#include <fmt/core.h>

#include "api/core/dag_access.hpp"
#include "api/core/dag_rows.hpp"
#include "api/core/python_text.hpp"
#include "api/core/readable_xcom.hpp"
#include "api/core/run_rows.hpp"
#include "api/core/task_change.hpp"
#include "api/core/xcom_value.hpp"
#include "api/resources.hpp"

namespace leoflow::api {

namespace {

constexpr std::string_view kXcomColumns =
    "x.key, x.created_at, r.logical_date, x.map_index, x.task_id, x.dag_id, x.run_id, d.dag_display_name, "
    "COALESCE(t.task_display_name, x.task_id), r.run_after, x.value";
constexpr std::string_view kXcomTables =
    "xcom x JOIN dag_run r ON r.dag_id = x.dag_id AND r.run_id = x.run_id JOIN dag d ON d.dag_id = x.dag_id "
    "LEFT JOIN task_instance t ON t.dag_id = x.dag_id AND t.run_id = x.run_id AND t.task_id = x.task_id "
    "AND t.map_index = x.map_index";

template <typename Entry>
void fill(store::Row row, Entry& entry) {
  store::Reader(row) >> entry.key >> entry.timestamp >> entry.logical_date >> entry.map_index >>
      entry.task_id >> entry.dag_id >> entry.run_id >> entry.dag_display_name >> entry.task_display_name >>
      entry.run_after;
}

Result<Answer> get_xcom_entries(Call& call, const gen::GetXcomEntriesParams& params) {
  Select select(kXcomColumns, kXcomTables);
  select.equals("x.dag_id", params.dag_id)
      .equals("x.run_id", params.dag_run_id)
      .equals("x.task_id", params.task_id);
  only_readable(select, call, "x.dag_id");
  if (params.xcom_key) select.equals("x.key", params.xcom_key);
  if (params.map_index) select.where("x.map_index = ?", {*params.map_index});
  if (params.map_index_filter) select.where("x.map_index = ?", {*params.map_index_filter});
  select.pattern("x.key", params.xcom_key_pattern).prefix("x.key", params.xcom_key_prefix_pattern);
  select.pattern("d.dag_display_name", params.dag_display_name_pattern);
  select.prefix("d.dag_display_name", params.dag_display_name_prefix_pattern);
  select.pattern("x.run_id", params.run_id_pattern).prefix("x.run_id", params.run_id_prefix_pattern);
  select.pattern("x.task_id", params.task_id_pattern).prefix("x.task_id", params.task_id_prefix_pattern);
  select.range("r.logical_date", LEOFLOW_RANGE(params, logical_date));
  select.range("r.run_after", LEOFLOW_RANGE(params, run_after));
  static constexpr OrderKey kXcomOrder[] = {{"key", "x.key"},
                                            {"dag_id", "x.dag_id"},
                                            {"run_id", "x.run_id"},
                                            {"task_id", "x.task_id"},
                                            {"map_index", "x.map_index"},
                                            {"timestamp", "x.created_at"},
                                            {"run_after", "r.run_after"}};
  if (auto ordered = select.order(params.order_by, kXcomOrder, "x.key"); !ordered)
    return std::unexpected(ordered.error());
  gen::XComCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.page(params.limit, params.offset).rows(call.db())) {
    fill(row, list.xcom_entries.emplace_back());
  }
  return ok(list);
}

struct Key {
  const std::string& dag_id;
  const std::string& run_id;
  const std::string& task_id;
  std::int64_t map_index;
  const std::string& key;
};

Result<gen::XComResponseNative> read_entry(Call& call, const Key& at) {
  const auto rows = call.db().query(
      fmt::format(
          "SELECT {} FROM {} WHERE x.dag_id = $1 AND x.run_id = $2 AND x.task_id = $3 AND x.map_index = $4 "
          "AND x.key = $5",
          kXcomColumns, kXcomTables),
      {at.dag_id, at.run_id, at.task_id, at.map_index, at.key});
  if (rows.empty())
    return fail(ErrorCode::not_found, fmt::format("XCom entry with key: `{}` not found", at.key));
  gen::XComResponseNative entry;
  fill(rows[0], entry);
  entry.value = parse_json(rows[0].text(10)).value_or(json::value(rows[0].text(10)));
  return entry;
}

Result<Answer> get_xcom_entry(Call& call, const gen::GetXcomEntryParams& params) {
  auto entry =
      read_entry(call, {params.dag_id, params.dag_run_id, params.task_id, params.map_index, params.xcom_key});
  if (!entry) return std::unexpected(entry.error());
  if (params.deserialize) entry->value = readable_xcom(entry->value);
  if (params.stringify && !entry->value.is_null()) entry->value = python_str(entry->value);
  return ok(*entry);
}

Result<Answer> store_entry(Call& call, const Key& at, const json::value& value, std::string_view sql,
                           int status) {
  auto done = call.api.commands.write([&, now = call.now()](store::Session& session) -> Result<void> {
    const auto count = session.execute(
        sql, {json::serialize(value), now, at.dag_id, at.run_id, at.task_id, at.map_index, at.key});
    if (count == 0) {
      return fail(ErrorCode::not_found,
                  fmt::format("The XCom with key: `{}` with mentioned task instance doesn't exist.", at.key));
    }
    return {};
  });
  if (!done && done.error().code == ErrorCode::conflict) {
    return fail(ErrorCode::conflict,
                fmt::format("The XCom with key: `{}` with mentioned task instance already exists.", at.key));
  }
  if (!done) return std::unexpected(done.error());
  const auto entry = read_entry(call, at);
  if (!entry) return std::unexpected(entry.error());
  return ok(*entry, status);
}

Result<Answer> create_xcom_entry(Call& call, const gen::CreateXcomEntryParams& params,
                                 gen::XComCreateBody& body) {
  if (auto refused = check_xcom_value(body.value)) return std::move(*refused);
  if (auto known = require_run(call.db(), params.dag_id, params.dag_run_id); !known) {
    return std::unexpected(known.error());
  }
  const auto dag = call.api.dags.current(call.db(), params.dag_id);
  if (!dag || dag->find_task(params.task_id) == nullptr) {
    return fail(ErrorCode::not_found,
                fmt::format("Task with ID: `{}` not found in dag: `{}`", params.task_id, params.dag_id));
  }
  if (!is_task_instance(call, params.dag_id, params.dag_run_id, params.task_id, body.map_index)) {
    return fail(
        ErrorCode::not_found,
        fmt::format("Task instance of task `{}` with map_index {} not found in Dag Run `{}` of dag `{}`",
                    params.task_id, body.map_index, params.dag_run_id, params.dag_id));
  }
  return store_entry(call, {params.dag_id, params.dag_run_id, params.task_id, body.map_index, body.key},
                     body.value,
                     "INSERT INTO xcom (value, created_at, dag_id, run_id, task_id, map_index, key) "
                     "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                     201);
}

Result<Answer> update_xcom_entry(Call& call, const gen::UpdateXcomEntryParams& params,
                                 gen::XComUpdateBody& body) {
  if (auto refused = check_xcom_value(body.value)) return std::move(*refused);
  return store_entry(
      call, {params.dag_id, params.dag_run_id, params.task_id, body.map_index, params.xcom_key}, body.value,
      "UPDATE xcom SET value = $1, created_at = $2 "
      "WHERE dag_id = $3 AND run_id = $4 AND task_id = $5 AND map_index = $6 AND key = $7",
      200);
}

Result<Answer> delete_xcom_entry(Call& call, const gen::DeleteXcomEntryParams& params) {
  auto done = call.api.commands.write([&](store::Session& session) -> Result<void> {
    const auto count = session.execute(
        "DELETE FROM xcom WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4 AND key = $5",
        {params.dag_id, params.dag_run_id, params.task_id, params.map_index, params.xcom_key});
    if (count == 0) {
      return fail(ErrorCode::not_found, fmt::format("XCom entry with key: `{}` not found", params.xcom_key));
    }
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return no_content();
}

}  // namespace

void bind_xcoms(Registry& registry) {
  registry.bind<op::get_xcom_entries>(get_xcom_entries);
  registry.bind<op::get_xcom_entry>(get_xcom_entry);
  registry.bind<op::create_xcom_entry>(create_xcom_entry);
  registry.bind<op::update_xcom_entry>(update_xcom_entry);
  registry.bind<op::delete_xcom_entry>(delete_xcom_entry);
}

}  // namespace leoflow::api
