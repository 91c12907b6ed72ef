#include "api/core/dependencies.hpp"

#include "base/json.hpp"

// Source: Airflow 3.3.2, _DagDependenciesResolver.
namespace leoflow::api {

namespace {

using Kind = dag::AssetLeaf::Kind;

/// What an asset's dependency names; nullopt for a trigger or sensor.
std::optional<dag::AssetLeaf> leaf_of(const DagDependency& dependency) {
  dag::AssetLeaf leaf;
  if (dependency.type == "asset") {
    const json::value key = parse_json(dependency.id).value_or(nullptr);
    leaf.key = {get_text(key, "name"), get_text(key, "uri")};
  } else if (dependency.type == "asset-alias") {
    leaf.kind = Kind::alias;
    leaf.key.name = dependency.id;
  } else if (dependency.type == "asset-name-ref") {
    leaf.kind = Kind::name_ref;
    leaf.key.name = dependency.id;
  } else if (dependency.type == "asset-uri-ref") {
    leaf.kind = Kind::uri_ref;
    leaf.key.uri = dependency.id;
  } else {
    return std::nullopt;
  }
  return leaf;
}

class Resolver {
 public:
  Resolver(const AssetIndex& assets, std::vector<DagDependency>& out) : assets_(assets), out_(out) {}

  void add(const DagDependency& dependency) {
    const auto leaf = leaf_of(dependency);
    if (!leaf) {
      out_.push_back(dependency);
    } else if (leaf->kind == Kind::asset) {
      add_asset(dependency, leaf->key);
    } else if (leaf->kind == Kind::alias) {
      add_alias(dependency);
    } else {
      add_reference(dependency, leaf->kind == Kind::name_ref ? assets_.by_name(leaf->key.name)
                                                             : assets_.by_uri(leaf->key.uri));
    }
  }

 private:
  void add_asset(DagDependency dependency, const dag::AssetKey& key) {
    const auto id = assets_.id_of(key);
    if (!id) return;
    dependency.id = std::to_string(*id);
    out_.push_back(std::move(dependency));
  }

  void add_reference(DagDependency dependency, const AssetLabel* asset) {
    if (asset != nullptr) {
      (dependency.is_start() ? dependency.source : dependency.target) = "asset";
      dependency.label = asset->name;
      dependency.type = "asset";
      dependency.id = std::to_string(asset->id);
    }
    out_.push_back(std::move(dependency));
  }

  /// Asset, alias, DAG; or DAG, alias, asset: the alias is always between.
  void add_alias(const DagDependency& dependency) {
    const auto& assets = assets_.of_alias(dependency.id);
    if (assets.empty()) out_.push_back(dependency);
    const std::string alias = "asset-alias:" + dependency.id;
    for (const AssetLabel& asset : assets) {
      const std::string id = std::to_string(asset.id);
      DagDependency between = dependency;
      between.label = dependency.id;
      if (dependency.is_start()) {
        out_.push_back({"asset", alias, asset.name, "asset", id});
        between.source = "asset:" + id;
      } else {
        out_.push_back({alias, "asset", asset.name, "asset", id});
        between.target = "asset:" + id;
      }
      out_.push_back(std::move(between));
    }
  }

  const AssetIndex& assets_;
  std::vector<DagDependency>& out_;
};

}  // namespace

DagDependencies resolve(const DagDependencies& dependencies, store::Session& session) {
  AssetIndex assets;
  for (const auto& [dag_id, list] : dependencies) {
    for (const DagDependency& dependency : list) {
      if (const auto leaf = leaf_of(dependency)) assets.want(*leaf);
    }
  }
  assets.load(session);
  DagDependencies resolved;
  for (const auto& [dag_id, list] : dependencies) {
    Resolver resolver(assets, resolved[dag_id]);
    for (const DagDependency& dependency : list) resolver.add(dependency);
  }
  return resolved;
}

std::vector<DagDependency> readable_dependencies(const std::vector<DagDependency>& dependencies,
                                                 const ReadableDags& readable) {
  std::vector<DagDependency> out;
  for (const DagDependency& dependency : dependencies) {
    // What is between a DAG and an asset has no other DAG.
    const bool is_of_asset = dependency.type.starts_with("asset");
    const bool is_readable = (dependency.is_start() || readable.contains(dependency.source)) &&
                             (dependency.is_end() || readable.contains(dependency.target));
    if (is_of_asset || is_readable) out.push_back(dependency);
  }
  return out;
}

}  // namespace leoflow::api
