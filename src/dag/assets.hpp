#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

/// Assets as a DAG file speaks of them.
namespace leoflow::dag {

/// What makes an asset that asset.
struct AssetKey {
  std::string name;
  std::string uri;
  friend auto operator<=>(const AssetKey&, const AssetKey&) = default;
};

/// A trigger whose events are changes of an asset.
struct AssetWatcher {
  std::string name;
  std::string classpath;
  std::string kwargs = "{}";  ///< JSON object, as the SDK serialized it
  friend auto operator<=>(const AssetWatcher&, const AssetWatcher&) = default;
};

/// An asset, or something that stands for assets: an alias, or a reference by name or URI.
struct AssetLeaf {
  enum class Kind : std::uint8_t { asset, alias, name_ref, uri_ref };
  Kind kind = Kind::asset;
  AssetKey key;  ///< alias and name_ref: the name only; uri_ref: the URI only
  std::string group = "asset";
  std::string extra = "{}";  ///< JSON object
  std::vector<AssetWatcher> watchers;
};

/// What a schedule waits for: one leaf, or all or any of some conditions.
struct AssetCondition {
  enum class Kind : std::uint8_t { leaf, all, any };
  Kind kind = Kind::leaf;
  AssetLeaf leaf;
  std::vector<AssetCondition> parts;
};

/// An outlet or inlet of a task.
struct TaskAsset {
  std::uint32_t task;
  bool is_outlet;
  AssetLeaf leaf;
};

/// Reads a serialized asset, alias or reference; an asset_all or asset_any is invalid here.
Result<AssetLeaf> read_asset_leaf(const json::value& encoded);
/// Reads a serialized condition.
Result<AssetCondition> read_asset_condition(const json::value& encoded);

/// Every leaf of a condition.
std::vector<const AssetLeaf*> leaves_of(const AssetCondition& condition);

}  // namespace leoflow::dag
