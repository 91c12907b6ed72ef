#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agentrpc/agent.pb.h"
#include "base/ids.hpp"
#include "base/worker_pool.hpp"
#include "fleet/live_logs.hpp"
#include "fleet/log_spool.hpp"
#include "store/database.hpp"

namespace leoflow::fleet {

/// That logs are kept in a store: the files are what the leader has of them.
struct StoredLogs {
  std::shared_ptr<objects::ObjectStore> store;
  bool deletes_files = false;  ///< once the whole log is stored
  LogSpoolOptions spool = {};
};

/// Keeps the logs that agents send, below the folder that the API reads, and in a store if there is one.
/// Thread safe.
class LogKeeper {
 public:
  /// @param folder  absolute.
  /// @param redis  where other replicas read logs that go on; null: they ask this process
  LogKeeper(store::Database& database, std::string folder, std::optional<StoredLogs> stored = {},
            std::shared_ptr<redis::Client> redis = nullptr);
  ~LogKeeper();

  /// Where the log of the attempt of a pod is, below the folder: "" if there is no such pod, nothing while it
  /// is not known what pods there are. Thread safe.
  using FindPodsLog = std::function<std::optional<std::string>(const Uuid&)>;
  /// Who is asked of attempts that the database does not know, until stop(). Before agents connect.
  void know_pods(FindPodsLog find);

  /// This process leads from now on. Before agents connect.
  void take_over();
  /// The end of what is being stored; agents keep the rest. Safe to call twice.
  void stop();
  /// Another process may lead by now: until that is over nothing more is stored.
  void stand_still(bool does);

  /// Where the log of an attempt is: its name may be another's by the time that its last part comes.
  /// @param goes_on  whether an earlier part of the try may have logged, and what it logged must stay
  /// @param then  told how much of the log is kept already (bytes)
  void begin(const Uuid& attempt, const std::string& relative_path, bool goes_on,
             std::function<void(std::uint64_t)> then);
  /// How much of a log stands in its file (bytes). Blocks for a moment.
  std::uint64_t size(const std::string& relative_path) const;
  /// Appends what happened to an attempt whose agent cannot say it; what that sent shortly before stands
  /// after it. @param relative_path  below the folder
  void note(const Uuid& attempt, const std::string& relative_path, const std::string& event);
  /// The same for one that is over, and whose end that explains, if it failed.
  void note_unless_succeeded(const Uuid& attempt, const std::string& relative_path, const std::string& event);
  /// Up to where a log is kept.
  struct Kept {
    std::uint64_t end = 0;
    bool is_whole = false;  ///< all of it is where it stays
  };
  /// Writes a part of an attempt's log at its place, on a thread of its own: one that comes twice is there
  /// once. @param then  told once, of the last part when the whole log is stored; not called if nothing could
  /// be written
  void append(const Uuid& attempt, agentrpc::LogPart part, std::function<void(Kept)> then);

  /// Whether an attempt's agent waits for its log to be stored.
  bool is_awaited_by(const Uuid& attempt) const;
  /// Null if logs are not stored.
  const LogSpool* spool() const { return spool_.get(); }

 private:
  /// Lines of ours in the log of an agent.
  struct Note {
    std::uint64_t at = 0;     ///< so much of the agent's stands before them
    std::uint64_t bytes = 0;  ///< what comes after stands so much further on than the agent knows
  };

  /// Something that needs to know what the store has of a log.
  struct Waiting {
    std::function<void()> work;
    bool must = false;  ///< it waits for a store that does not answer
    bool is_part = false;
  };

  /// Whether the attempt's log waits for what the store has of it.
  void set_early(const Uuid& attempt, bool is_early);
  // On the worker's thread.
  void append_now(const Uuid& attempt, const std::string& name, const agentrpc::LogPart& part,
                  const std::function<void(Kept)>& then);
  std::uint64_t write(const Uuid& attempt, const std::string& name, const agentrpc::LogPart& part);
  bool has_succeeded(const Uuid& attempt);
  void add_note(const Uuid& attempt, const std::string& name, const std::string& event);
  void write_note(const Uuid& attempt, const std::string& name, const std::string& event);
  /// Does it once the file has what the store has.
  void with_file(const std::string& name, Waiting waiting);
  void fetch(const std::string& name);
  void fetched(const std::string& name, const LogSpool::Fetched& file, bool was_must);
  void delete_file(const std::string& name);
  /// All of a log is where it stays.
  void note_end(const std::string& name) {
    if (live_) live_->end(name);
  }

  /// "" for an attempt that nobody knows; nothing while that cannot be said.
  std::optional<std::string> name_of(const Uuid& attempt);
  /// "" for one that is not there.
  std::string name_in_database(const Uuid& attempt);
  std::string file_of(const std::string& name) const { return folder_ + "/" + name; }

  store::Database& database_;
  const std::string folder_;
  const bool deletes_files_;
  // Of attempts that sent something lately. Touched by the worker only.
  std::map<Uuid, std::string> names_;
  std::map<Uuid, Note> noted_;
  std::map<std::string, std::vector<Waiting>> waiting_;  ///< by name of the log
  std::set<std::string> whole_;                          ///< logs that end with what is stored of them
  std::optional<LiveLogs> live_;
  std::unique_ptr<LogSpool> spool_;
  mutable std::mutex early_mutex_;
  std::set<Uuid>
      early_;  ///< attempts whose log waits for what the store has of it; protected by early_mutex_
  std::mutex pods_mutex_;  ///< also while it is asked
  FindPodsLog find_pods_log_ = [](const Uuid&) { return std::optional<std::string>(""); };  // likewise
  std::optional<WorkerPool> worker_{std::in_place, 1};
};

}  // namespace leoflow::fleet
