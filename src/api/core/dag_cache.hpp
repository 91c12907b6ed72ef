#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "api/core/dag_view.hpp"
#include "store/sql.hpp"

namespace leoflow::api {

/// Parsed DAG versions, the most recently used ones. A version that is updated
/// in place changes its hash and is parsed again. Thread safe.
class DagCache {
 public:
  explicit DagCache(std::size_t most = 64) : most_(most) {}

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

  struct Entry {
    std::string hash;
    View view;
    std::list<std::string>::iterator place;
  };
  const std::size_t most_;
  std::mutex mutex_;
  std::list<std::string> recent_;                      // protected by mutex_; newest first
  std::map<std::string, Entry, std::less<>> entries_;  // protected by mutex_
};

}  // namespace leoflow::api
