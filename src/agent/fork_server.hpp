#pragma once

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "agent/channel.hpp"
#include "agent/child.hpp"
#include "agent/dag_file.hpp"

namespace leoflow::agent {

/// Our end of one fork server: the base process of the warm Python, or the copy of
/// it that has imported one DAG file. Single threaded.
class ForkServer : public std::enable_shared_from_this<ForkServer> {
 public:
  enum class Phase {
    starting,  ///< fork requests wait in its socket until it serves
    ready,
    refused,  ///< the DAG file must not be imported ahead; see reason()
    lost,     ///< the process is gone
  };
  struct Events {
    std::function<void()> on_phase;  ///< the phase changed
    std::function<void(const std::shared_ptr<Child>&)> on_child_gone;
    std::function<void(std::uint64_t zygote, pid_t pid)> on_zygote;
  };

  ForkServer(boost::asio::any_io_executor executor, Fd socket);
  void start(Events events);

  Phase phase() const { return phase_; }
  /// Whether it was ready once: before, it cannot have forked anything.
  bool has_served() const { return has_served_; }
  const std::string& reason() const { return reason_; }
  /// Whether a file it imported is not what it imported any more.
  bool is_stale() const;
  const std::vector<FileStamp>& files() const { return files_; }

  /// Forks `child` as a "task", "parse" or "trigger" process.
  void fork(const std::shared_ptr<Child>& child, std::string_view kind);
  /// Forks a copy that imports a DAG file. @returns our end of its channel.
  Fd fork_zygote(std::uint64_t id, const DagFile& file);
  /// Has the process kill `pid` too when the agent dies.
  void guard(pid_t pid, bool is_on);
  /// Takes no more requests: the process exits after its last child.
  void retire();
  /// Whether a child without a pid may exist all the same.
  bool may_have_forked(std::uint64_t child_id) const { return forking_.contains(child_id); }
  /// The children whose end it has not reported.
  std::vector<std::shared_ptr<Child>> children() const;
  /// Forgets a child that somebody else saw end.
  void forget(std::uint64_t child_id) { children_.erase(child_id); }

 private:
  void on_message(const json::value& message);
  /// A child has ended, or never was.
  void end(std::uint64_t id, const ProcessEnd& how);
  void on_closed();
  void set_phase(Phase phase);
  void on_ready(const json::value& message);

  std::shared_ptr<Channel> channel_;
  Events events_;
  Phase phase_ = Phase::starting;
  bool has_served_ = false;
  std::string reason_;
  std::vector<FileStamp> files_;
  std::int64_t import_started_ns_ = 0;
  std::unordered_map<std::uint64_t, std::shared_ptr<Child>> children_;
  std::unordered_set<std::uint64_t> forking_;  // announced, but their pid is not known
};

}  // namespace leoflow::agent
