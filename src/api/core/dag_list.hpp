#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/dag_access.hpp"
#include "api/core/long_list.hpp"

/// The filters that GET /api/v2/dags and GET /ui/dags share.
namespace leoflow::api {

inline constexpr std::array<OrderKey, 7> kDagOrder = {{
    {"dag_id", "d.dag_id", Holds::text, true},
    {"dag_display_name", "d.dag_display_name", Holds::text, true},
    {"next_dagrun", "d.next_dagrun_logical_date", Holds::number},
    {"last_run_state", "l.state"},
    {"last_run_start_date", "l.start_date", Holds::number},
    {"is_paused", "d.is_paused", Holds::number, true},
    {"next_dagrun_run_after", "d.next_dagrun_run_after", Holds::number},
}};

/// DAGs, for fill_dag().
LongList dag_list();

/// @param all whether a DAG must have every tag, rather than any.
void filter_by_tags(Select& select, const std::vector<std::string>& tags, bool all);
void filter_by_asset(Select& select, const std::optional<bool>& has_asset_schedule,
                     const std::optional<std::string>& asset_dependency);

template <typename Params>
void filter_dags(Select& select, const Params& params, const Call& call) {
  const std::string& user = call.user.subject;
  only_readable(select, call, "d.dag_id");
  if (params.exclude_stale) select.where("d.is_stale = 0");
  if (params.paused) select.where("d.is_paused = ?", {*params.paused});
  if (params.has_import_errors) select.where("d.has_import_errors = ?", {*params.has_import_errors});
  select.pattern("d.dag_id", params.dag_id_pattern).prefix("d.dag_id", params.dag_id_prefix_pattern);
  select.pattern("d.dag_display_name", params.dag_display_name_pattern);
  select.prefix("d.dag_display_name", params.dag_display_name_prefix_pattern);
  select.equals("d.bundle_name", params.bundle_name).equals("v.bundle_version", params.bundle_version);
  select.equals("l.state", params.last_dag_run_state);
  for (const std::string& owner : params.owners) select.pattern("d.owners", owner);
  if (params.is_favorite) {
    select.where(
        *params.is_favorite
            ? "EXISTS (SELECT 1 FROM dag_favorite f WHERE f.dag_id = d.dag_id AND f.username = ?)"
            : "NOT EXISTS (SELECT 1 FROM dag_favorite f WHERE f.dag_id = d.dag_id AND f.username = ?)",
        {user});
  }
  filter_by_tags(select, params.tags, params.tags_match_mode == "all");
  filter_by_asset(select, params.has_asset_schedule, params.asset_dependency);
}

}  // namespace leoflow::api
