#include "api/core/audit.hpp"

#include <algorithm>

#include "api/core/masking.hpp"
#include "api/core/python_text.hpp"
#include "api/wire/body_json.hpp"

namespace leoflow::api {

namespace {

// Sorted. Airflow has all of these but those of projects, of service tokens and of the state stores, which
// change things, too, and one more: the list of task instances that is asked for by POST, which changes
// nothing.
constexpr std::string_view kAudited[] = {"bulk_connections",
                                         "bulk_dag_runs",
                                         "bulk_pools",
                                         "bulk_task_instances",
                                         "bulk_variables",
                                         "cancel_backfill",
                                         "clear_asset_state_store",
                                         "clear_dag_run",
                                         "clear_dag_run_partitions",
                                         "clear_dag_runs",
                                         "clear_task_state_store",
                                         "create_asset_event",
                                         "create_backfill",
                                         "create_default_connections",
                                         "create_xcom_entry",
                                         "delete_asset_queued_events",
                                         "delete_asset_state_store",
                                         "delete_connection",
                                         "delete_dag",
                                         "delete_dag_asset_queued_event",
                                         "delete_dag_asset_queued_events",
                                         "delete_dag_run",
                                         "delete_pool",
                                         "delete_service_token",
                                         "delete_task_instance",
                                         "delete_task_state_store",
                                         "delete_variable",
                                         "delete_xcom_entry",
                                         "enqueue_connection_test",
                                         "favorite_dag",
                                         "generate_token",
                                         "materialize_asset",
                                         "patch_connection",
                                         "patch_dag",
                                         "patch_dag_run",
                                         "patch_dags",
                                         "patch_pool",
                                         "patch_project",
                                         "patch_task_group_instances",
                                         "patch_task_instance",
                                         "patch_task_instance_by_map_index",
                                         "patch_task_state_store",
                                         "patch_variable",
                                         "pause_backfill",
                                         "post_clear_task_instances",
                                         "post_connection",
                                         "post_pool",
                                         "post_service_token",
                                         "post_variable",
                                         "register_project",
                                         "reparse_dag_file",
                                         "set_asset_state_store",
                                         "set_task_state_store",
                                         "trigger_dag_run",
                                         "unfavorite_dag",
                                         "unpause_backfill",
                                         "update_hitl_detail",
                                         "update_xcom_entry"};
static_assert(std::ranges::is_sorted(kAudited));

/// Bytes.
constexpr std::size_t kMostExtra = 64 * 1024;

// What has a column of its own, or is of no interest.
bool is_left_out(std::string_view name) {
  static constexpr std::string_view kLeftOut[] = {"csrf_token", "_csrf_token", "is_paused", "dag_id",
                                                  "task_id",    "dag_run_id",  "run_id",    "logical_date"};
  return std::ranges::find(kLeftOut, name) != std::end(kLeftOut);
}

json::value masked_extra(const json::value& extra) {
  const json::string* text = extra.if_string();
  if (extra.is_null() || (text != nullptr && text->empty())) return extra;
  const auto parsed = parse_json(text != nullptr ? std::string_view(*text) : std::string_view());
  if (!parsed) return "Encountered non-JSON in `extra` field";
  if (!parsed->is_object()) return "Expected JSON object in `extra` field, got non-dict JSON";
  json::object out;
  for (const auto& [name, unused] : parsed->get_object()) out[name] = kMask;
  return out;
}

json::object masked_connection(const json::object& fields) {
  json::object out = masked(fields).get_object();
  if (const json::value* extra = fields.if_contains("extra")) out["extra"] = masked_extra(*extra);
  return out;
}

// That a variable has changed is of interest, not what it holds.
json::object masked_variable(const json::object& fields) {
  json::object out = fields;
  for (const std::string_view name : {"val", "value"}) {
    if (out.contains(name)) out[name] = kMask;
  }
  return out;
}

json::value masked_action(const json::object& action, json::object (*mask)(const json::object&)) {
  json::object out = action;
  json::value* entities = out.if_contains("entities");
  if (entities == nullptr) return out;
  if (!entities->is_array()) {
    *entities = kMask;
    return out;
  }
  for (json::value& entity : entities->get_array()) {
    // Those that are to be deleted are named by a text.
    if (entity.is_object()) {
      entity = mask(entity.get_object());
    } else if (!entity.is_string()) {
      entity = kMask;
    }
  }
  return out;
}

/// Masks an entity, or all of a bulk request. The request is not checked yet: what is in another shape may
/// hold secrets anywhere.
json::object masked_entities(const json::object& fields, json::object (*mask)(const json::object&)) {
  const json::value* actions = fields.if_contains("actions");
  if (actions == nullptr) return mask(fields);
  if (!actions->is_array()) return {{"actions", kMask}};
  json::object out;
  json::array& shown = out["actions"].emplace_array();
  for (const json::value& action : actions->get_array())
    shown.push_back(action.is_object() ? masked_action(action.get_object(), mask) : json::value(kMask));
  return out;
}

std::optional<json::object> body_of(const http::Request& request) {
  if (request.body.empty() || !wire::is_json(request.header("content-type"))) return std::nullopt;
  auto parsed = parse_json(request.body);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(parsed->get_object());
}

/// A look at what a clear would do is not written down.
bool is_only_a_look(std::string_view operation, const json::object& body) {
  return (operation == "clear_dag_run" || operation == "post_clear_task_instances") &&
         get_bool(body, "dry_run", true);
}

std::optional<std::string> column(const json::object& named, std::string_view name) {
  const json::value* value = named.if_contains(name);
  return value != nullptr && value->is_string() ? std::optional(std::string(value->get_string()))
                                                : std::nullopt;
}

std::string extra_text(const Call& call, const json::object& asked, const std::optional<json::object>& body) {
  json::object extra;
  for (const auto& [name, value] : asked) {
    if (!is_left_out(name)) extra[name] = value;
  }
  extra = masked(extra).get_object();
  const bool of_variable = call.operation.find("variable") != std::string_view::npos;
  const bool of_state = call.operation.ends_with("state_store");
  if (of_variable || call.operation.find("connection") != std::string_view::npos) {
    extra = masked_entities(body ? *body : extra, of_variable ? masked_variable : masked_connection);
  } else if (body && !of_state) {
    const json::value fields = masked(*body);
    for (const auto& [name, value] : fields.get_object()) {
      // All DAGs with their sources: whoever wants them asks for the version.
      if (call.operation != "register_project" || name != "content") extra[name] = value;
    }
  }
  if (const json::value* paused = asked.if_contains("is_paused")) extra["is_paused"] = *paused;
  extra["method"] = call.request.method;
  std::string text = python_json(extra);
  // Everybody who may look at the audit log reads it, a hundred entries at once.
  if (text.size() > kMostExtra)
    return python_json(json::object{{"method", call.request.method}, {"left_out_bytes", text.size()}});
  return text;
}

}  // namespace

bool is_audited(std::string_view operation) {
  return std::ranges::binary_search(kAudited, operation);
}

void audit(Call& call, const wire::RawParams& params) {
  const std::optional<json::object> body = body_of(call.request);
  if (body && is_only_a_look(call.operation, *body)) return;
  json::object asked;
  for (const auto& [name, value] : *params.query) asked[name] = value;
  for (const auto& [name, value] : params.path) asked[name] = value;
  const std::string extra = extra_text(call, asked, body);
  if (body) {
    for (const auto& [name, value] : *body) asked[name] = value;
  }
  // Airflow's two functions for a task and for one of its map indexes have one name.
  const bool by_index = call.operation == "patch_task_instance_by_map_index";
  const std::string event(by_index ? "patch_task_instance" : call.operation);
  const auto run_id = column(asked, "run_id");
  const auto written = call.api.commands.write(
      [&, at = call.now(), owner = call.user.subject](store::Session& session) -> Result<void> {
        session.execute(
            "INSERT INTO event_log (created_at, event, owner, dag_id, run_id, task_id, extra) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7)",
            {at, event, owner, column(asked, "dag_id"), run_id ? run_id : column(asked, "dag_run_id"),
             column(asked, "task_id"), extra});
        return {};
      });
  // What cannot be written down must not happen: the database is broken.
  if (!written) throw Fatal("audit log: " + written.error().message);
}

}  // namespace leoflow::api
