#include "dag/assets.hpp"

#include <fmt/format.h>

#include "dag/encoded.hpp"

// Source: Airflow 3.3.2, encode_asset_like.
namespace leoflow::dag {

Result<AssetLeaf> read_asset_leaf(const json::value& encoded) {
  const std::string type = get_text(encoded, "__type");
  const json::value& fields = unwrap(encoded);
  AssetLeaf leaf;
  leaf.key = {get_text(fields, "name"), get_text(fields, "uri")};
  leaf.group = get_text(fields, "group", "asset");
  if (type == "asset") {
    if (const json::value& extra = child(fields, "extra"); extra.is_object())
      leaf.extra = json::serialize(extra);
    if (const json::value& watchers = child(fields, "watchers"); watchers.is_array()) {
      for (const json::value& watcher : watchers.get_array()) {
        const json::value& trigger = unwrap(child(watcher, "trigger"));
        leaf.watchers.push_back({get_text(watcher, "name"), get_text(trigger, "classpath"),
                                 json::serialize(unwrap(child(trigger, "kwargs")))});
      }
    }
    if (leaf.key.name.empty() || leaf.key.uri.empty())
      return fail(ErrorCode::invalid, "an asset has no name or URI");
    return leaf;
  }
  if (type == "asset_alias") {
    leaf.kind = AssetLeaf::Kind::alias;
    if (leaf.key.name.empty()) return fail(ErrorCode::invalid, "an asset alias has no name");
    return leaf;
  }
  if (type == "asset_ref") {
    leaf.kind = leaf.key.name.empty() ? AssetLeaf::Kind::uri_ref : AssetLeaf::Kind::name_ref;
    if (leaf.key.name.empty() && leaf.key.uri.empty()) {
      return fail(ErrorCode::invalid, "an asset reference has neither name nor URI");
    }
    return leaf;
  }
  return fail(ErrorCode::invalid, fmt::format("'{}' is no asset", type));
}

Result<AssetCondition> read_asset_condition(const json::value& encoded) {
  const std::string type = get_text(encoded, "__type");
  AssetCondition condition;
  if (type != "asset_all" && type != "asset_any") {
    auto leaf = read_asset_leaf(encoded);
    if (!leaf) return std::unexpected(leaf.error());
    condition.leaf = std::move(*leaf);
    return condition;
  }
  condition.kind = type == "asset_all" ? AssetCondition::Kind::all : AssetCondition::Kind::any;
  const json::value& objects = child(unwrap(encoded), "objects");
  if (!objects.is_array()) return fail(ErrorCode::invalid, fmt::format("{} has no list of objects", type));
  for (const json::value& object : objects.get_array()) {
    auto part = read_asset_condition(object);
    if (!part) return part;
    condition.parts.push_back(std::move(*part));
  }
  return condition;
}

std::vector<const AssetLeaf*> leaves_of(const AssetCondition& condition) {
  if (condition.kind == AssetCondition::Kind::leaf) return {&condition.leaf};
  std::vector<const AssetLeaf*> out;
  for (const AssetCondition& part : condition.parts) {
    const auto leaves = leaves_of(part);
    out.insert(out.end(), leaves.begin(), leaves.end());
  }
  return out;
}

}  // namespace leoflow::dag
