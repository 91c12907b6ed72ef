#include "api/core/dag_list.hpp"

namespace leoflow::api {

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
    select.where(*has_asset_schedule ? "d.timetable_type LIKE '%Asset%'"
                                     : "d.timetable_type NOT LIKE '%Asset%'");
  }
  // No DAG depends on an asset while assets are not stored.
  if (asset_dependency && !asset_dependency->empty()) select.where("1 = 0");
}

}  // namespace leoflow::api
