#include "engine/active_assets.hpp"

#include <fmt/format.h>
#include <map>
#include <optional>
#include <string>

#include "engine/dag_warnings.hpp"

namespace leoflow::engine {
namespace {

/// Of a row of `asset`.
constexpr std::string_view kIsNamed =
    "(EXISTS (SELECT 1 FROM dag_schedule_asset u JOIN dag d ON d.dag_id = u.dag_id AND d.is_stale = 0"
    "  WHERE u.kind = 'asset' AND u.name = asset.name AND u.uri = asset.uri)"
    " OR EXISTS (SELECT 1 FROM task_asset u JOIN dag d ON d.dag_id = u.dag_id AND d.is_stale = 0"
    "  WHERE u.kind = 'asset' AND u.name = asset.name AND u.uri = asset.uri)"
    " OR EXISTS (SELECT 1 FROM asset_alias_asset x WHERE x.asset_id = asset.id))";

constexpr std::string_view kWhoNames =
    "SELECT u.dag_id FROM dag_schedule_asset u JOIN dag d ON d.dag_id = u.dag_id AND d.is_stale = 0"
    " WHERE u.kind = 'asset' AND u.name = $1 AND u.uri = $2 UNION"
    " SELECT u.dag_id FROM task_asset u JOIN dag d ON d.dag_id = u.dag_id AND d.is_stale = 0"
    " WHERE u.kind = 'asset' AND u.name = $1 AND u.uri = $2";

/// What another asset in use has of this one, if there is such an asset.
std::optional<std::string> taken_by(store::Session& session, const std::string& name,
                                    const std::string& uri) {
  const store::Rows named =
      session.query("SELECT uri FROM asset WHERE name = $1 AND is_active = 1 LIMIT 1", {name});
  if (!named.empty()) return fmt::format("name is already associated to '{}'", named[0].text(0));
  const store::Rows placed =
      session.query("SELECT name FROM asset WHERE uri = $1 AND is_active = 1 LIMIT 1", {uri});
  if (!placed.empty()) return fmt::format("uri is already associated to '{}'", placed[0].text(0));
  return std::nullopt;
}

}  // namespace

void retire_assets(store::Session& session) {
  session.execute(fmt::format("UPDATE asset SET is_active = 0 WHERE is_active = 1 AND NOT {}", kIsNamed));
}

void activate_assets(store::Session& session, Time now) {
  std::map<std::string, std::string> told;  // by DAG
  const store::Rows waiting = session.query(fmt::format(
      "SELECT id, name, uri, asset_group FROM asset WHERE is_active = 0 AND {} ORDER BY id", kIsNamed));
  for (const store::Row row : waiting) {
    const std::string name = row.text(1);
    const std::string uri = row.text(2);
    const auto conflict = taken_by(session, name, uri);
    if (!conflict) {
      session.execute("UPDATE asset SET is_active = 1 WHERE id = $1", {row.integer(0)});
      continue;
    }
    for (const store::Row user : session.query(kWhoNames, {name, uri})) {
      std::string& text = told[user.text(0)];
      text += fmt::format(R"({}Cannot activate asset Asset(name="{}", uri="{}", group="{}"); {})",
                          text.empty() ? "" : "\n", name, uri, row.text(3), *conflict);
    }
  }
  std::vector<DagWarning> warnings;
  for (const auto& [dag_id, text] : told) warnings.push_back({dag_id, "asset conflict", text});
  replace_warnings(session, "asset conflict", warnings, now);
}

}  // namespace leoflow::engine
