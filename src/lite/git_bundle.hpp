#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "lite/bundle_config.hpp"

namespace leoflow::lite {

/// A repository whose every commit that DAGs ran with lies in a folder of its own, so that a
/// run's tasks execute the run's commit. Uses the `git` program, with whatever credentials it finds.
class GitBundle {
 public:
  /// @param folder     absolute, of this bundle alone.
  /// @param on_commit  told on the bundle's thread that there is another commit.
  GitBundle(BundleConfig config, std::string folder, std::function<void()> on_commit);
  ~GitBundle();
  GitBundle(const GitBundle&) = delete;
  GitBundle& operator=(const GitBundle&) = delete;

  /// Fetches now, then again and again. A repository that cannot be reached is tried again.
  void start();
  void stop();

  struct Checkout {
    std::string path;    ///< absolute folder of the DAG files
    std::string commit;  ///< in full
  };
  /// The newest; nothing before the first fetch. Thread safe.
  std::optional<Checkout> current() const;
  const std::string& name() const { return config_.name; }

  /// Deletes the folders of commits that are not among these, nor the newest. On the bundle's thread, which
  /// makes them.
  void prune(const std::set<std::string>& commits) const;

 private:
  void run();
  /// @returns the commit. Errors: unavailable, in git's words or those of a full disk.
  Result<std::string> fetch_and_check_out() const;
  Result<std::string> fetch() const;
  Result<void> check_out(const std::string& commit) const;
  std::string folder_of(const std::string& commit) const { return folder_ + "/" + commit; }

  const BundleConfig config_;
  const std::string folder_;
  const std::function<void()> on_commit_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string commit_;     // protected by mutex_
  bool stopping_ = false;  // protected by mutex_
  std::thread thread_;
};

}  // namespace leoflow::lite
