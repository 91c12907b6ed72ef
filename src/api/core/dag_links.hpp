#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dag/assets.hpp"
#include "store/sql.hpp"

namespace leoflow::api {

/// One edge of the graph of DAGs, as a serialized DAG tells it. A source or target that equals the
/// type is the end of the line: nothing stands before or behind it.
struct DagDependency {
  std::string source;
  std::string target;
  std::string label;
  std::string type;  ///< asset, asset-alias, asset-name-ref, asset-uri-ref, trigger or sensor
  std::string id;

  bool is_start() const { return source == type; }
  bool is_end() const { return target == type; }
  /// What the graph calls the thing itself.
  std::string node_id() const;
};

/// What one DAG has to do with others.
struct DagLink {
  std::optional<dag::AssetCondition> condition;  ///< of a DAG that is scheduled on assets
  std::vector<DagDependency> dependencies;
};

using DagLinkMap = std::map<std::string, std::shared_ptr<const DagLink>, std::less<>>;

/// The links of DAGs' current versions. They are small, so all are kept, while the documents they were
/// read from are not: a graph of all DAGs does not parse all DAGs each time. Thread safe.
class DagLinks {
 public:
  /// Of these DAGs; unknown ones are left out.
  DagLinkMap of(store::Session& session, std::span<const std::string> dag_ids);
  /// Of every DAG that is not stale.
  DagLinkMap all(store::Session& session);

 private:
  /// @param rows dag_id, version id, hash
  DagLinkMap load(store::Session& session, const store::Rows& rows);

  struct Entry {
    std::string version_id;
    std::string hash;
    std::shared_ptr<const DagLink> link;
  };
  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;  // protected by mutex_
};

}  // namespace leoflow::api
