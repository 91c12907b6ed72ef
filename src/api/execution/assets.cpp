#include "api/execution/operation.hpp"

// Assets and their events.
namespace leoflow::api::execution {
namespace {

constexpr char kAssets[] = "assets";

/// A name or URI that is empty is none.
std::optional<http::Response> without_asset(Asking& asking) {
  bool is_named = false;
  for (const char* name : {"name", "uri"}) {
    if (get_text(asking.arguments, name).empty()) {
      asking.arguments.erase(name);
    } else {
      is_named = true;
    }
  }
  if (is_named) return std::nullopt;
  return refuse(400, "Missing parameter", "name and uri cannot both be None");
}

/// Fields of the query, with the range of time and the order after them.
std::vector<Field> events_of(std::vector<Field> fields) {
  fields.insert(fields.end(), {{.name = "after", .check = moment},
                               {.name = "before", .check = moment},
                               {.name = "ascending", .check = boolean},
                               {.name = "limit", .check = integer}});
  return fields;
}

}  // namespace

std::vector<Operation> asset_operations() {
  return {
      {.route = {"GET", "/execution/assets/by-name", "get_asset_by_name", false},
       .query = {{.name = "name", .required = true}},
       .ask = "GetAssetByName",
       .not_found = "Asset with name {name} not found"},
      {.route = {"GET", "/execution/assets/by-uri", "get_asset_by_uri", false},
       .query = {{.name = "uri", .required = true}},
       .ask = "GetAssetByUri",
       .not_found = "Asset with URI {uri} not found"},
      {.route = {"GET", "/execution/assets/by-alias", "get_assets_by_alias", false},
       .since = Version::v2026_06_30,
       .query = {{.name = "alias_name", .required = true}},
       .ask = "GetAssetsByAlias",
       .select = member<kAssets>},
      {.route = {"GET", "/execution/asset-events/by-asset", "get_asset_event_by_asset_name_uri", false},
       .query = events_of({{.name = "name", .required = true}, {.name = "uri", .required = true}}),
       .ask = "GetAssetEventByAsset",
       .first = without_asset,
       .answered = Answered::asset_events},
      {.route = {"GET", "/execution/asset-events/by-asset-alias", "get_asset_event_by_asset_alias", false},
       .query = events_of({{.name = "name", .required = true, .as = "alias_name"}}),
       .ask = "GetAssetEventByAssetAlias",
       .answered = Answered::asset_events},
  };
}

}  // namespace leoflow::api::execution
