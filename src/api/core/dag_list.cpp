#include "api/core/dag_list.hpp"

#include <fmt/format.h>

#include "api/core/dag_rows.hpp"

namespace leoflow::api {

LongList dag_list() {
  return {kDagColumns, kDagTables, kDagOrder.front(), kDagOrder};
}

void filter_by_tags(Select& select, const std::vector<std::string>& tags, bool all) {
  if (all) {
    for (const std::string& tag : tags) {
      select.where("EXISTS (SELECT 1 FROM dag_tag t WHERE t.dag_id = d.dag_id AND t.name = ?)", {tag});
    }
  } else if (!tags.empty()) {
    select.in_subquery("d.dag_id", "SELECT t.dag_id FROM dag_tag t WHERE t.name", tags);
  }
}

void filter_by_asset(Select& select, const std::optional<bool>& has_asset_schedule,
                     const std::optional<std::string>& asset_dependency) {
  if (has_asset_schedule) {
    constexpr std::string_view kWaits =
        "EXISTS (SELECT 1 FROM dag_schedule_asset s WHERE s.dag_id = d.dag_id AND s.kind = 'asset')";
    select.where(*has_asset_schedule ? std::string(kWaits) : fmt::format("NOT {}", kWaits));
  }
  if (!asset_dependency) return;
  const std::string pattern = contains_pattern(*asset_dependency);
  select.where(
      "EXISTS (SELECT 1 FROM dag_schedule_asset s WHERE s.dag_id = d.dag_id AND s.kind = 'asset' AND "
      "(LOWER(s.name) LIKE ? ESCAPE '\\' OR LOWER(s.uri) LIKE ? ESCAPE '\\'))",
      {pattern, pattern});
}

}  // namespace leoflow::api
