#pragma once

#include <functional>
#include <map>
#include <string>

#include "agentrpc/agent.pb.h"
#include "base/ids.hpp"
#include "base/worker_pool.hpp"
#include "store/database.hpp"

namespace leoflow::fleet {

/// Keeps the logs that agents send, below the folder that the API reads. Thread safe.
class LogKeeper {
 public:
  /// @param folder absolute.
  LogKeeper(store::Database& database, std::string folder);

  /// Where the log of an attempt is: its name may be another's by the time that its last part comes.
  void expect(const Uuid& attempt, const std::string& relative_path);
  /// How much of a log is kept already (bytes). Blocks for a moment: it looks at the file.
  std::uint64_t size(const std::string& relative_path) const;
  /// Appends what happened to an attempt whose agent cannot say it; what that sent shortly before stands
  /// after it. @param relative_path  below the folder
  void note(const Uuid& attempt, const std::string& relative_path, const std::string& event);
  /// Writes a part of an attempt's log at its place, on a thread of its own: one that comes twice is there
  /// once. @param then  told up to where the log is kept; not called if nothing could be written
  void append(const Uuid& attempt, agentrpc::LogPart part, std::function<void(std::uint64_t)> then);

 private:
  /// Lines of ours in the log of an agent.
  struct Note {
    std::uint64_t at = 0;     ///< so much of the agent's stands before them
    std::uint64_t bytes = 0;  ///< what comes after stands so much further on than the agent knows
  };

  std::uint64_t write(const Uuid& attempt, const std::string& path, const agentrpc::LogPart& part);
  /// Absolute; "" for an attempt that nobody knows.
  std::string path_of(const Uuid& attempt);

  store::Database& database_;
  const std::string folder_;
  // Of attempts that sent something lately. Touched by the worker only.
  std::map<Uuid, std::string> paths_;
  std::map<Uuid, Note> noted_;
  WorkerPool worker_{1};  // last: it uses the others
};

}  // namespace leoflow::fleet
