#include "api/core/dag_access.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "api/core/dag_rows.hpp"

namespace leoflow::api {

namespace {

using auth::Role;
using dag::Access;

/// Sorted. What tells a user of himself and of the server.
constexpr std::string_view kOfEverybody[] = {"generate_token", "get_auth_menus", "get_configs",
                                             "get_current_user_info"};
static_assert(std::ranges::is_sorted(kOfEverybody));

/// Sorted. Their handlers leave out what is of other DAGs, or look themselves at what they are asked for.
constexpr std::string_view kFiltered[] = {"cancel_backfill",
                                          "dag_stats",
                                          "get_backfill",
                                          "get_dag_runs",
                                          "get_dag_stats",
                                          "get_dag_tags",
                                          "get_dag_versions",
                                          "get_dags",
                                          "get_dags_ui",
                                          "get_deadlines",
                                          "get_dependencies",
                                          "get_event_log",
                                          "get_event_logs",
                                          "get_hitl_details",
                                          "get_import_error",
                                          "get_import_errors",
                                          "get_list_dag_runs_batch",
                                          "get_task_instances",
                                          "get_task_instances_batch",
                                          "get_xcom_entries",
                                          "historical_metrics",
                                          "list_backfills_ui",
                                          "list_dag_warnings",
                                          "patch_dags",
                                          "pause_backfill",
                                          "reparse_dag_file",
                                          "unpause_backfill"};
static_assert(std::ranges::is_sorted(kFiltered));

/// Sorted. They are of one DAG, but show or change assets, which are nobody's own.
constexpr std::string_view kOfAssets[] = {"delete_dag_asset_queued_event", "delete_dag_asset_queued_events",
                                          "get_dag_asset_queued_event",    "get_dag_asset_queued_events",
                                          "get_partitioned_dag_runs",      "get_pending_partitioned_dag_run",
                                          "get_upstream_asset_events",     "next_run_assets"};
static_assert(std::ranges::is_sorted(kOfAssets));

/// Sorted. The DAGs stand in the body, if not in the path.
constexpr std::string_view kNamedByBody[] = {"bulk_dag_runs", "bulk_task_instances", "clear_dag_runs",
                                             "create_backfill", "create_backfill_dry_run"};
static_assert(std::ranges::is_sorted(kNamedByBody));

/// Sorted. The DAG stands in the query.
constexpr std::string_view kNamedByQuery[] = {"list_backfills", "structure_data"};
static_assert(std::ranges::is_sorted(kNamedByQuery));

template <std::size_t kCount>
bool is_in(const std::string_view (&list)[kCount], std::string_view operation) {
  return std::ranges::binary_search(list, operation);
}

Role role_for(Access access) {
  return access == Access::read ? Role::viewer : Role::user;
}

Access access_of(const wire::Route& route) {
  if (route.operation == "delete_dag") return Access::remove;
  if (route.operation == "trigger_dag_run") return Access::trigger;
  const bool is_read = route.method == "GET" || route.path.ends_with("/list") ||
                       route.operation == "favorite_dag" || route.operation == "unfavorite_dag";
  return is_read ? Access::read : Access::edit;
}

/// "action = 'read' AND group_name IN ($2, …)", of the table dag_access.
std::string condition(Access access, std::size_t groups, std::size_t first) {
  // Who may edit may trigger.
  const std::string_view also = access == Access::trigger ? "', 'edit" : "";
  return fmt::format("action IN ('{}{}') AND group_name IN ({})", dag::access_name(access), also,
                     placeholders(groups, first));
}

/// What a body says of DAGs: `dag_id` and `dag_ids` wherever they stand, but in what a DAG is given.
void collect_dags(const json::value& value, std::set<std::string>& out) {
  if (value.is_array()) {
    for (const json::value& item : value.get_array()) collect_dags(item, out);
  }
  if (!value.is_object()) return;
  for (const auto& [name, inner] : value.get_object()) {
    if (name == "conf" || name == "dag_run_conf" || name == "params_input" || name == "value") continue;
    if (name == "dag_id" && inner.is_string()) out.emplace(inner.get_string());
    if (name == "dag_ids" && inner.is_array()) {
      for (const json::value& item : inner.get_array())
        if (item.is_string()) out.emplace(item.get_string());
    }
    collect_dags(inner, out);
  }
}

std::set<std::string> dags_named(const Call& call, const wire::Route& route, const wire::RawParams& params) {
  std::set<std::string> named;
  if (const auto found = params.path.find("dag_id"); found != params.path.end()) named.insert(found->second);
  const auto [first, last] = params.query->equal_range("dag_id");
  for (auto at = first; at != last; ++at) named.insert(at->second);
  if (route.method != "GET" && !is_in(kFiltered, route.operation))
    collect_dags(parse_json(call.request.body).value_or(nullptr), named);
  return named;
}

}  // namespace

bool may(Call& call, std::string_view dag_id, Access access) {
  return call.user.role >= role_for(access) || may(call.db(), call.user, dag_id, access);
}

bool may(store::Session& session, const auth::Claims& user, std::string_view dag_id, Access access) {
  if (user.role >= role_for(access)) return true;
  const auto& groups = user.groups;
  if (groups.empty()) return false;
  store::Params params{dag_id};
  params.insert(params.end(), groups.begin(), groups.end());
  return !session
              .query(fmt::format("SELECT 1 FROM dag_access WHERE dag_id = $1 AND {} LIMIT 1",
                                 condition(access, groups.size(), 2)),
                     params)
              .empty();
}

bool is_given(Call& call, const wire::Route& route, const wire::RawParams& params) {
  if (is_in(kOfEverybody, route.operation)) return true;
  // Who is in no group is told so before it is looked at what there is.
  if (call.user.groups.empty() && access_of(route) != Access::read) return false;
  const bool is_filtered = is_in(kFiltered, route.operation);
  const bool is_named_by_body = is_in(kNamedByBody, route.operation);
  const bool is_of_dags = is_filtered || is_named_by_body || is_in(kNamedByQuery, route.operation) ||
                          params.path.contains("dag_id");
  if (!is_of_dags || is_in(kOfAssets, route.operation)) return false;
  std::set<std::string> named = dags_named(call, route, params);
  // The wildcard names none: only what filters, or is told by the body, may do without.
  if (is_filtered || is_named_by_body) named.erase("~");
  if (named.empty()) return is_filtered;
  return std::ranges::all_of(named,
                             [&](const std::string& dag_id) { return may(call, dag_id, access_of(route)); });
}

std::optional<GivenIds> given_ids(const Call& call, Access access) {
  if (call.user.role >= role_for(access)) return std::nullopt;
  const auto& groups = call.user.groups;
  std::string marks;
  for (std::size_t i = 0; i < groups.size(); ++i) marks += i == 0 ? "?" : ", ?";
  if (groups.empty()) marks = "NULL";
  return GivenIds{fmt::format("SELECT dag_id FROM dag_access WHERE action = '{}' AND group_name IN ({})",
                              dag::access_name(access), marks),
                  store::Params(groups.begin(), groups.end())};
}

void only_given(Select& select, const Call& call, std::string_view column, Access access) {
  if (const auto ids = given_ids(call, access))
    select.where_list(fmt::format("{} IN ({})", column, ids->sql), ids->params);
}

void only_readable(Select& select, const Call& call, std::string_view column) {
  only_given(select, call, column, Access::read);
}

ReadableDags::ReadableDags(Call& call) : all_(call.user.role >= Role::viewer) {
  const auto& groups = call.user.groups;
  if (all_ || groups.empty()) return;
  const store::Params params(groups.begin(), groups.end());
  for (const store::Row row : call.db().query(fmt::format("SELECT DISTINCT dag_id FROM dag_access WHERE {}",
                                                          condition(Access::read, groups.size(), 1)),
                                              params))
    some_.insert(row.text(0));
}

}  // namespace leoflow::api
