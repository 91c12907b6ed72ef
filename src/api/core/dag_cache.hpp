#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "api/core/dag_view.hpp"
#include "base/recently_used.hpp"
#include "store/sql.hpp"

namespace leoflow::api {

/// Parsed DAG versions, the most recently used ones. A version that is updated
/// in place changes its hash and is parsed again. Thread safe.
class DagCache {
 public:
  explicit DagCache(std::size_t most = 64) : versions_(most) {}

  using View = std::shared_ptr<const DagView>;
  /// nullptr if there is no such version.
  View by_version_id(store::Session& session, std::string_view version_id);
  View by_number(store::Session& session, std::string_view dag_id, std::int64_t version_number);
  /// The version that dag.current_version_id names.
  View current(store::Session& session, std::string_view dag_id);
  /// The version that a run was made with; the current one if there is no such run.
  View of_run(store::Session& session, std::string_view dag_id, std::string_view run_id);

 private:
  View load(store::Session& session, const std::string& version_id, const std::string& hash);

  struct Version {
    std::string hash;
    View view;
  };
  std::mutex mutex_;
  RecentlyUsed<std::string, Version> versions_;  // by id; protected by mutex_
};

}  // namespace leoflow::api
