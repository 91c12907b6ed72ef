#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "dag/dag.hpp"

namespace leoflow::scheduler {

/// Which assets there are, and which DAGs wait for which of them. Pure memory;
/// what outlives a restart is put in again by `put` and `link`.
class AssetBook {
 public:
  /// A DAG appears or changes: what it says of assets replaces what it said before.
  void put(const std::string& dag_id, const dag::Dag& graph);
  void remove(const std::string& dag_id);
  /// An alias came to stand for an asset.
  void link(const std::string& alias, const dag::AssetKey& asset) { aliases_[alias].insert(asset); }

  /// Whether a DAG in use defines it.
  bool is_active(const dag::AssetKey& asset) const { return assets_.contains(asset); }
  /// The active assets that a leaf stands for; of an alias those that it came to stand for.
  std::vector<dag::AssetKey> resolve(const dag::AssetLeaf& leaf) const;
  /// The DAGs whose schedule asks for that asset, or for one of the aliases by which it changed.
  std::set<std::string> waiting_for(const dag::AssetKey& asset,
                                    const std::vector<std::string>& aliases) const;
  /// Whether changes of `changed` are what a schedule waits for.
  bool is_met(const dag::AssetCondition& condition, const std::map<dag::AssetKey, Time>& changed) const;

 private:
  void add(const std::string& dag_id, const dag::AssetLeaf& leaf);

  std::map<dag::AssetKey, std::set<std::string>> assets_;      ///< with the DAGs that define each
  std::map<std::string, std::vector<dag::AssetKey>> defined_;  ///< by DAG
  std::map<std::string, std::set<dag::AssetKey>> aliases_;
  /// By what their schedules name: DAGs.
  std::map<std::pair<dag::AssetLeaf::Kind, dag::AssetKey>, std::set<std::string>> waiting_;
  std::map<std::string, std::vector<std::pair<dag::AssetLeaf::Kind, dag::AssetKey>>> waits_;  ///< by DAG
};

}  // namespace leoflow::scheduler
