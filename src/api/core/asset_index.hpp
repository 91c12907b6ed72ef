#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dag/assets.hpp"
#include "store/sql.hpp"

namespace leoflow::api {

/// An asset as graphs show it.
struct AssetLabel {
  std::int64_t id;
  std::string name;
};

/// Which assets are meant by names: collect what will be asked for, load, then ask.
class AssetIndex {
 public:
  void want(const dag::AssetLeaf& leaf);
  void want(const dag::AssetCondition& condition);
  void load(store::Session& session);

  /// nullopt if there is no such asset.
  std::optional<std::int64_t> id_of(const dag::AssetKey& key) const;
  /// The active asset of that name; nullptr if there is none.
  const AssetLabel* by_name(const std::string& name) const;
  const AssetLabel* by_uri(const std::string& uri) const;
  /// What the alias came to stand for.
  const std::vector<AssetLabel>& of_alias(const std::string& alias) const;

 private:
  std::set<std::string> names_;
  std::set<std::string> uris_;
  std::set<std::string> alias_names_;
  std::map<dag::AssetKey, std::int64_t> ids_;
  std::map<std::string, AssetLabel> active_names_;
  std::map<std::string, AssetLabel> active_uris_;
  std::map<std::string, std::vector<AssetLabel>> aliases_;
};

}  // namespace leoflow::api
