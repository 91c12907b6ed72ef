#include "scheduler/asset_book.hpp"

#include <algorithm>

namespace leoflow::scheduler {

using Kind = dag::AssetLeaf::Kind;

void AssetBook::add(const std::string& dag_id, const dag::AssetLeaf& leaf) {
  if (leaf.kind != Kind::asset) return;
  assets_[leaf.key].insert(dag_id);
  defined_[dag_id].push_back(leaf.key);
}

void AssetBook::put(const std::string& dag_id, const dag::Dag& graph) {
  remove(dag_id);
  for (const dag::TaskAsset& use : graph.task_assets) add(dag_id, use.leaf);
  if (!graph.asset_condition) return;
  for (const dag::AssetLeaf* leaf : leaves_of(*graph.asset_condition)) {
    add(dag_id, *leaf);
    const std::pair name(leaf->kind, leaf->key);
    waiting_[name].insert(dag_id);
    waits_[dag_id].push_back(name);
  }
}

void AssetBook::remove(const std::string& dag_id) {
  if (const auto defined = defined_.extract(dag_id)) {
    for (const dag::AssetKey& key : defined.mapped()) {
      const auto found = assets_.find(key);
      if (found == assets_.end()) continue;
      found->second.erase(dag_id);
      if (found->second.empty()) assets_.erase(found);
    }
  }
  if (const auto waits = waits_.extract(dag_id)) {
    for (const auto& name : waits.mapped()) waiting_[name].erase(dag_id);
  }
}

std::vector<dag::AssetKey> AssetBook::resolve(const dag::AssetLeaf& leaf) const {
  std::vector<dag::AssetKey> out;
  if (leaf.kind == Kind::alias) {
    if (const auto found = aliases_.find(leaf.key.name); found != aliases_.end()) {
      out.assign(found->second.begin(), found->second.end());
    }
    return out;
  }
  if (leaf.kind == Kind::asset) {
    if (is_active(leaf.key)) out.push_back(leaf.key);
    return out;
  }
  for (const auto& [key, dags] : assets_) {
    if (leaf.kind == Kind::name_ref ? key.name == leaf.key.name : key.uri == leaf.key.uri) out.push_back(key);
  }
  return out;
}

std::set<std::string> AssetBook::waiting_for(const dag::AssetKey& asset,
                                             const std::vector<std::string>& aliases) const {
  std::set<std::string> out;
  const auto add_all = [&](Kind kind, const dag::AssetKey& key) {
    const auto found = waiting_.find({kind, key});
    if (found != waiting_.end()) out.insert(found->second.begin(), found->second.end());
  };
  add_all(Kind::asset, asset);
  add_all(Kind::name_ref, {asset.name, ""});
  add_all(Kind::uri_ref, {"", asset.uri});
  for (const std::string& alias : aliases) add_all(Kind::alias, {alias, ""});
  return out;
}

bool AssetBook::is_met(const dag::AssetCondition& condition,
                       const std::map<dag::AssetKey, Time>& changed) const {
  const auto part_is_met = [&](const dag::AssetCondition& part) { return is_met(part, changed); };
  switch (condition.kind) {
    case dag::AssetCondition::Kind::all:
      return std::ranges::all_of(condition.parts, part_is_met);
    case dag::AssetCondition::Kind::any:
      return std::ranges::any_of(condition.parts, part_is_met);
    case dag::AssetCondition::Kind::leaf:
      break;
  }
  if (condition.leaf.kind == Kind::asset) return changed.contains(condition.leaf.key);
  return std::ranges::any_of(resolve(condition.leaf),
                             [&](const dag::AssetKey& key) { return changed.contains(key); });
}

}  // namespace leoflow::scheduler
