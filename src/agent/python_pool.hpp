#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/child.hpp"
#include "agent/dag_file.hpp"
#include "agent/fork_server.hpp"
#include "agent/python_process.hpp"

namespace leoflow::agent {

/// The warm Python: a base process, a copy of it for each recently used DAG file,
/// and children forked ahead of demand. Whatever dies is replaced; children
/// outlive their server. Single threaded, on the event loop.
class PythonPool {
 public:
  PythonPool(boost::asio::io_context& loop, PythonOptions options);

  using OnChild = std::function<void(std::shared_ptr<Child>)>;
  /// Gives a process for a task of this file; at once, unless the file is being
  /// imported. Gives nullptr when the system has no more descriptors. @param preload  whether the file may be
  /// imported ahead.
  void take_task_child(const DagFile& file, bool preload, OnChild on_child);
  /// @returns nullptr when the system has no more descriptors.
  std::shared_ptr<Child> take_parse_child();
  /// Likewise, for the process that waits for triggers.
  std::shared_ptr<Child> take_trigger_child();
  /// Has a file imported, so that its first task starts quickly.
  void warm(const DagFile& file);
  /// Whether a child of this process is of the warm Python, and not one that a task left behind.
  bool owns(pid_t pid) const;
  /// A process that was reaped by us: a server, or a child whose server is gone.
  void on_reaped(pid_t pid, int status, std::int64_t memory, std::int64_t cpu);

 private:
  using Clock = std::chrono::steady_clock;
  using Server = std::shared_ptr<ForkServer>;

  /// One imported DAG file.
  struct Zygote {
    std::uint64_t id = 0;
    Server server;
    pid_t pid = 0;
    std::deque<std::shared_ptr<Child>> idle;
    std::vector<OnChild> waiting;  // for the import to end
    Clock::time_point last_used;
    std::unique_ptr<boost::asio::steady_timer> import_limit;
  };
  /// A file that is not imported ahead until it changes.
  struct Refusal {
    std::vector<FileStamp> files;
  };

  /// If it cannot be, later.
  void start_base();
  void start_base_later();
  bool has_base();
  void on_base_phase();
  void lose_children(ForkServer& server);
  Zygote* find_current(const DagFile& file);
  /// Null if there are no descriptors for it.
  Zygote* make_zygote(const DagFile& file);
  void limit_import(const DagFile& file, Zygote& zygote, pid_t pid);
  void on_zygote_phase(const DagFile& file, std::uint64_t id);
  void refuse(const DagFile& file, std::vector<FileStamp> files);
  bool is_refused(const DagFile& file);
  void drop(const DagFile& file);
  void evict_oldest();
  std::shared_ptr<Child> fork_from(ForkServer& server, std::string_view kind);
  std::shared_ptr<Child> take_from(Zygote& zygote);
  void refill_soon();
  void refill();
  bool refill_one();
  void on_child_gone(const std::shared_ptr<Child>& child);

  boost::asio::io_context& loop_;
  PythonOptions options_;
  Server base_;
  pid_t base_pid_ = 0;
  std::chrono::milliseconds base_backoff_{0};
  boost::asio::steady_timer base_timer_;
  std::map<DagFile, Zygote> zygotes_;
  std::map<DagFile, Refusal> refusals_;
  std::unordered_map<std::uint64_t, Server> retired_;
  std::unordered_map<pid_t, std::shared_ptr<Child>> orphans_;  // their server is gone
  std::uint64_t last_id_ = 0;
  boost::asio::steady_timer refill_timer_;
  Clock::time_point no_refill_before_;
};

}  // namespace leoflow::agent
