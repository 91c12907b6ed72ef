#include "api/ui/upstream_assets.hpp"

#include <fmt/core.h>
#include <set>

// Source: Airflow 3.3.2, get_upstream_assets, which shows no more than one inner gate of each gate and
// refuses references.
namespace leoflow::api {

namespace {

using Condition = dag::AssetCondition;
using Kind = dag::AssetLeaf::Kind;

class UpstreamAssets {
 public:
  UpstreamAssets(const AssetIndex& assets, gen::StructureDataResponse& data) : assets_(assets), data_(data) {}

  void add(const Condition& condition, const std::string& target, int level) {
    if (condition.kind == Condition::Kind::leaf) {
      add_edge(add_leaf(condition.leaf), target, level);
      return;
    }
    const std::string gate = add_gate(condition.kind, target, level);
    for (const Condition& part : condition.parts) {
      if (part.kind == Condition::Kind::leaf) add_edge(add_leaf(part.leaf), gate, std::nullopt);
    }
    for (const Condition& part : condition.parts) {
      if (part.kind != Condition::Kind::leaf) add(part, gate, level + 1);
    }
  }

 private:
  std::string add_gate(Condition::Kind kind, const std::string& target, int level) {
    const std::string type = kind == Condition::Kind::all ? "and-gate" : "or-gate";
    std::string id = fmt::format("{}-{}", type, level);
    for (int twin = 1; known_.contains(id); ++twin) id = fmt::format("{}-{}-{}", type, level, twin);
    add_edge(id, target, level);
    add_node(id, id, "asset-condition");
    data_.nodes.back().asset_condition_type = type;
    return id;
  }

  std::string add_leaf(const dag::AssetLeaf& leaf) {
    switch (leaf.kind) {
      case Kind::asset: {
        const auto id = assets_.id_of(leaf.key);
        return add_node(id ? std::to_string(*id) : leaf.key.name, leaf.key.name, "asset");
      }
      case Kind::alias:
        return add_node(leaf.key.name, leaf.key.name, "asset-alias");
      case Kind::name_ref:
        return add_node(leaf.key.name, leaf.key.name, "asset-name-ref");
      case Kind::uri_ref:
        return add_node(leaf.key.uri, leaf.key.uri, "asset-uri-ref");
    }
    return "";
  }

  const std::string& add_node(const std::string& id, const std::string& label, const std::string& type) {
    const auto [at, fresh] = known_.insert(id);
    if (!fresh) return *at;
    auto& node = data_.nodes.emplace_back();
    node.id = id;
    node.label = label;
    node.type = type;
    return *at;
  }

  /// @param level of what the edge comes from, if that is a part of the whole condition's skeleton.
  void add_edge(const std::string& source, const std::string& target, std::optional<int> level) {
    auto& edge = data_.edges.emplace_back();
    edge.source_id = source;
    edge.target_id = target;
    if (level) edge.is_source_asset = *level == 0;
  }

  const AssetIndex& assets_;
  gen::StructureDataResponse& data_;
  std::set<std::string> known_;
};

}  // namespace

void add_upstream_assets(const dag::AssetCondition& condition, const AssetIndex& assets,
                         const std::string& entry, gen::StructureDataResponse& data) {
  UpstreamAssets(assets, data).add(condition, entry, 0);
}

}  // namespace leoflow::api
