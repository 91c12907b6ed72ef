#include <fmt/core.h>

#include "api/core/python_text.hpp"
#include "api/core/select.hpp"
#include "api/core/state_value.hpp"
#include "api/resources.hpp"

// What tasks remember across their tries (Airflow's task state store).
namespace leoflow::api {

namespace {

constexpr std::string_view kOfTaskState =
    " WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4";
// Airflow's [state_store] default_retention_days.
constexpr std::chrono::days kStateRetention{30};

template <typename Params>
store::Params key_of(const Params& params) {
  return {params.dag_id, params.dag_run_id, params.task_id, params.map_index};
}

template <typename Params>
store::Params entry_of(const Params& params) {
  store::Params out = key_of(params);
  out.emplace_back(params.key);
  return out;
}

std::unexpected<Error> no_key(const std::string& key) {
  return fail(ErrorCode::not_found, fmt::format("Task state store key {} not found", python_repr(key)));
}

/// @param any_index whether an instance of any map index will do.
template <typename Params>
Result<void> require_instance(Call& call, const Params& params, bool any_index = false) {
  store::Params key = key_of(params);
  if (any_index) key.pop_back();
  const std::string sql =
      std::string("SELECT 1 FROM task_instance WHERE dag_id = $1 AND run_id = $2 AND task_id = $3") +
      (any_index ? "" : " AND map_index = $4") + " LIMIT 1";
  if (!call.db().query(sql, key).empty()) return {};
  return fail(
      ErrorCode::not_found,
      fmt::format("Task instance not found for dag_id={}, run_id={}, task_id={}, {}",
                  python_repr(params.dag_id), python_repr(params.dag_run_id), python_repr(params.task_id),
                  any_index ? "all_map_indices=True" : fmt::format("map_index={}", params.map_index)));
}

gen::TaskStateStoreResponse entry_from(store::Row row) {
  gen::TaskStateStoreResponse entry;
  entry.key = row.text(0);
  entry.value = parse_json(row.text(1)).value_or(nullptr);
  entry.updated_at = row.time(2);
  entry.expires_at = row.find_time(3);
  return entry;
}

constexpr std::string_view kTaskStateColumns = "key, value, updated_at, expires_at";

Result<Answer> list_entries(Call& call, const gen::ListTaskStateStoreParams& params) {
  Select select(kTaskStateColumns, "task_state_store");
  select.where("dag_id = ?", {params.dag_id}).where("run_id = ?", {params.dag_run_id});
  select.where("task_id = ?", {params.task_id}).where("map_index = ?", {params.map_index});
  gen::TaskStateStoreCollectionResponse list;
  list.total_entries = select.count(call.db());
  for (const store::Row row : select.order_sql("key").page(params.limit, params.offset).rows(call.db())) {
    list.task_state_store.push_back(entry_from(row));
  }
  return ok(list);
}

Result<Answer> get_entry(Call& call, const gen::GetTaskStateStoreParams& params) {
  const auto rows = call.db().query(
      fmt::format("SELECT {} FROM task_state_store{} AND key = $5", kTaskStateColumns, kOfTaskState),
      entry_of(params));
  if (rows.empty()) return no_key(params.key);
  return ok(entry_from(rows[0]));
}

std::optional<Time> expiry_of(const gen::TaskStateStoreBody& body, Time now) {
  if (!body.expires_at) return std::nullopt;
  if (const auto* time = std::get_if<Time>(&*body.expires_at)) return *time;
  return now + kStateRetention;
}

Result<Answer> set_entry(Call& call, const gen::SetTaskStateStoreParams& params,
                         gen::TaskStateStoreBody& body) {
  if (auto refused = check_state_value(body.value)) return std::move(*refused);
  if (auto there = require_instance(call, params); !there) return std::unexpected(there.error());
  store::Params row = entry_of(params);
  row.insert(row.end(), {json::serialize(body.value), call.now(), expiry_of(body, call.now())});
  auto done = call.api.commands.write([&](store::Session& session) -> Result<void> {
    // Nothing if somebody deletes the run meanwhile.
    session.execute(
        "INSERT INTO task_state_store (dag_id, run_id, task_id, map_index, key, value, updated_at, "
        "expires_at)"
        " SELECT dag_id, run_id, task_id, map_index, CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS BIGINT),"
        " CAST($8 AS BIGINT) FROM task_instance WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND "
        "map_index = $4"
        " ON CONFLICT (dag_id, run_id, task_id, map_index, key) DO UPDATE SET value = excluded.value,"
        " updated_at = excluded.updated_at, expires_at = excluded.expires_at",
        row);
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return no_content();
}

/// Changes the value alone: when it expires stays.
Result<Answer> patch_entry(Call& call, const gen::PatchTaskStateStoreParams& params,
                           gen::TaskStateStorePatchBody& body) {
  if (auto refused = check_state_value(body.value)) return std::move(*refused);
  if (auto there = require_instance(call, params); !there) return std::unexpected(there.error());
  store::Params row = entry_of(params);
  row.insert(row.end(), {json::serialize(body.value), call.now()});
  auto done = call.api.commands.write([&](store::Session& session) -> Result<void> {
    const auto changed = session.execute(
        fmt::format("UPDATE task_state_store SET value = $6, updated_at = $7{} AND key = $5", kOfTaskState),
        row);
    if (changed == 0) return no_key(params.key);
    return {};
  });
  if (!done) return std::unexpected(done.error());
  Answer answer;
  answer.body = "null";
  return answer;
}

Result<Answer> delete_entry(Call& call, const gen::DeleteTaskStateStoreParams& params) {
  if (auto there = require_instance(call, params); !there) return std::unexpected(there.error());
  auto done = call.api.commands.write([&](store::Session& session) -> Result<void> {
    session.execute(fmt::format("DELETE FROM task_state_store{} AND key = $5", kOfTaskState),
                    entry_of(params));
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return no_content();
}

Result<Answer> clear_entries(Call& call, const gen::ClearTaskStateStoreParams& params) {
  if (auto there = require_instance(call, params, params.all_map_indices); !there) {
    return std::unexpected(there.error());
  }
  store::Params which = key_of(params);
  which.emplace_back(params.all_map_indices);
  auto done = call.api.commands.write([&](store::Session& session) -> Result<void> {
    session.execute(
        "DELETE FROM task_state_store WHERE dag_id = $1 AND run_id = $2 AND task_id = $3"
        " AND (map_index = $4 OR $5 = 1)",
        which);
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return no_content();
}

}  // namespace

void bind_task_state_stores(Registry& registry) {
  registry.bind<op::list_task_state_store>(list_entries);
  registry.bind<op::get_task_state_store>(get_entry);
  registry.bind<op::set_task_state_store>(set_entry);
  registry.bind<op::patch_task_state_store>(patch_entry);
  registry.bind<op::delete_task_state_store>(delete_entry);
  registry.bind<op::clear_task_state_store>(clear_entries);
}

}  // namespace leoflow::api
