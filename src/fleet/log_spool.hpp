#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "objects/object_store.hpp"

namespace leoflow::fleet {

struct LogSpoolMetrics {
  metrics::Counter stored;
  metrics::Counter failures;  ///< of the store, each of which is followed by another try
};

struct LogSpoolOptions {
  std::chrono::milliseconds first_pause{1000};  ///< after a failure; each further one is twice as long,
  std::chrono::milliseconds longest_pause{30'000};
  /// A log that is not stored as it is, and to which nothing was written for so long: its agent may be gone.
  std::chrono::milliseconds idle{300'000};
};

/// Brings the log files of a leader into an object store, and back. What could not be stored is tried until
/// it is; what is left when the process ends is noted beside the files, and is stored by the next that has
/// them. Names are of logs, below the folder and in the store. Thread safe.
class LogSpool {
 public:
  /// @param folder  absolute; `files()` are below it
  /// @param on_stored  told, on one of its threads, of each log that is stored as it is now
  LogSpool(std::shared_ptr<objects::ObjectStore> store, std::string folder, LogSpoolOptions options,
           std::function<void(const std::string&)> on_stored);
  ~LogSpool();

  /// Where the logs of this leader are.
  const std::string& files() const { return files_; }

  /// Before anything else: what is there is of an earlier leader, and others may have gone on with it. What
  /// that had not stored is, where the store has less.
  void take_over();
  /// The end of what is being stored, not of what waits for that. Safe to call twice.
  void stop();
  /// Another process may lead by now: until that is over nothing is begun that changes the store.
  void stand_still(bool does);

  /// A log is not any more what was stored of it. After it was written to.
  void change(const std::string& name);
  /// Stores a log. @param then  called once all that it holds now is stored; of one attempt the last one
  /// counts
  void store(const std::string& name, const std::optional<Uuid>& attempt = {},
             std::function<void()> then = {});
  /// Whether an attempt waits for its log to be stored.
  bool is_awaited_by(const Uuid& attempt) const;
  /// Whether a log is stored as it is.
  bool is_stored(const std::string& name) const;

  /// What came of a fetch: the file that has the log, nothing if the store has none.
  using Fetched = std::optional<std::string>;
  /// Gets a log from the store.
  /// @param must  whether it waits until the store answers; else one that does not is as one that has nothing
  void fetch(const std::string& name, bool must, std::function<void(Fetched)> then);

  /// Logs that wait to be stored.
  std::size_t waiting() const;
  const LogSpoolMetrics& metrics() const { return metrics_; }

 private:
  using Moment = std::chrono::steady_clock::time_point;
  enum class Kind { store, leftover, fetch };
  struct Job {
    Kind kind = Kind::store;
    std::string name;
    std::string file;  ///< absolute
    bool must = true;
    std::map<Uuid, std::function<void()>> thens{};
    std::function<void(Fetched)> fetched{};
    Moment due{};
    bool is_worked_on = false;
    bool is_unasked = false;   ///< nobody has said that this is all of the log: another leader may have more
    bool is_outdated = false;  ///< the log was written to since
    bool is_wanted_again = false;
  };
  using Jobs = std::map<std::string, Job>;

  void work();
  /// One that is due, and when the next one is.
  Jobs::iterator next_due(std::unique_lock<std::mutex>& lock);
  void store_idle(Moment now);
  void run(std::unique_lock<std::mutex>& lock, Jobs::iterator at);
  Result<void> store_one(const Job& job);
  Result<void> store_file(const Job& job);
  Result<void> store_if_longer(const Job& job);
  Result<void> store_leftover(const Job& job);
  Result<Fetched> fetch_file(const Job& job);
  /// Says once that the store does not do what it should, and once that it does again.
  void note_trouble(const Job& job, const Error* error);
  void is_as_stored(const std::string& name);
  /// One whose file somebody has deleted. Its agent still has the log, and is not told that it is kept.
  void forget(Jobs::iterator at);
  void put_off(Job& job);
  void finish(Jobs::iterator at, std::unique_lock<std::mutex>& lock);
  std::string marker_of(const std::string& name) const;
  void adopt(const std::string& earlier);

  const std::shared_ptr<objects::ObjectStore> store_;
  const std::string files_;
  const std::string markers_;   ///< a file for each log that is not stored; has its name
  const std::string leftover_;  ///< the same of an earlier leader, and the logs
  const std::string fetched_;
  const LogSpoolOptions options_;
  const std::function<void(const std::string&)> on_stored_;
  LogSpoolMetrics metrics_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // protected by mutex_
  Jobs jobs_;
  std::map<std::string, Moment> unstored_;  ///< when they were written to last
  std::string store_trouble_;               ///< what the store said last, "" if it was good
  std::string fetch_trouble_;
  std::chrono::milliseconds pause_;
  std::uint64_t fetches_ = 0;
  bool is_stopping_ = false;
  bool is_still_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace leoflow::fleet
