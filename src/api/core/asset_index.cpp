#include "api/core/asset_index.hpp"

#include <fmt/core.h>

#include "api/core/dag_rows.hpp"

namespace leoflow::api {

namespace {

// Databases bound the number of arguments.
constexpr std::size_t kValuesPerQuery = 500;

/// Runs `sql`, which ends in a column's name, with "IN (...)" for each part of the values.
template <typename Reader>
void query_in(store::Session& session, std::string_view sql, const std::set<std::string>& values,
              Reader read) {
  for (auto at = values.begin(); at != values.end();) {
    store::Params part;
    for (; at != values.end() && part.size() < kValuesPerQuery; ++at) part.emplace_back(*at);
    const auto rows = session.query(fmt::format("{} IN ({})", sql, placeholders(part.size())), part);
    for (const store::Row row : rows) read(row);
  }
}

}  // namespace

void AssetIndex::want(const dag::AssetLeaf& leaf) {
  switch (leaf.kind) {
    case dag::AssetLeaf::Kind::asset:
    case dag::AssetLeaf::Kind::name_ref:
      names_.insert(leaf.key.name);
      return;
    case dag::AssetLeaf::Kind::uri_ref:
      uris_.insert(leaf.key.uri);
      return;
    case dag::AssetLeaf::Kind::alias:
      alias_names_.insert(leaf.key.name);
  }
}

void AssetIndex::want(const dag::AssetCondition& condition) {
  for (const dag::AssetLeaf* leaf : leaves_of(condition)) want(*leaf);
}

void AssetIndex::load(store::Session& session) {
  const auto add = [&](store::Row row) {
    const AssetLabel label{row.integer(0), row.text(1)};
    ids_[{row.text(1), row.text(2)}] = label.id;
    if (!row.boolean(3)) return;
    active_names_[row.text(1)] = label;
    active_uris_[row.text(2)] = label;
  };
  query_in(session, "SELECT id, name, uri, is_active FROM asset WHERE name", names_, add);
  query_in(session, "SELECT id, name, uri, is_active FROM asset WHERE uri", uris_, add);
  query_in(session,
           "SELECT l.name, a.id, a.name FROM asset_alias l JOIN asset_alias_asset x ON x.alias_id = l.id "
           "JOIN asset a ON a.id = x.asset_id WHERE l.name",
           alias_names_,
           [&](store::Row row) { aliases_[row.text(0)].push_back({row.integer(1), row.text(2)}); });
}

std::optional<std::int64_t> AssetIndex::id_of(const dag::AssetKey& key) const {
  const auto found = ids_.find(key);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

const AssetLabel* AssetIndex::by_name(const std::string& name) const {
  const auto found = active_names_.find(name);
  return found == active_names_.end() ? nullptr : &found->second;
}

const AssetLabel* AssetIndex::by_uri(const std::string& uri) const {
  const auto found = active_uris_.find(uri);
  return found == active_uris_.end() ? nullptr : &found->second;
}

const std::vector<AssetLabel>& AssetIndex::of_alias(const std::string& alias) const {
  static const std::vector<AssetLabel> kNone;
  const auto found = aliases_.find(alias);
  return found == aliases_.end() ? kNone : found->second;
}

}  // namespace leoflow::api
