#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/child.hpp"
#include "agent/file_waits.hpp"
#include "agent/log_pump.hpp"
#include "agent/log_shipper.hpp"
#include "agent/python_pool.hpp"
#include "agent/request_book.hpp"
#include "agent/sdk_dialogue.hpp"

namespace leoflow::agent {

/// The process that waits, in one asyncio loop, for all triggers of deferred task
/// instances but those for files, which need no Python. It is started with the first trigger,
/// again when it died, and ends when there was none for a while. Single threaded, on the event loop.
class TriggerHost : public ChildUser, public std::enable_shared_from_this<TriggerHost> {
 public:
  /// @param shipper  sends the logs of triggers for which the control plane says so; log_kept answers it
  TriggerHost(boost::asio::io_context& loop, PythonPool& pool, RequestBook& book, LogShipper& shipper,
              Send send);

  void run(const agentrpc::RunTrigger& trigger);
  /// @param is_users  whether somebody decided against it, so that it may clean up outside too (on_kill).
  void cancel(const std::string& trigger_id, bool is_users);
  /// After a reconnect: these are all that are wanted. What was not acknowledged is said again.
  void welcomed(const std::vector<agentrpc::RunTrigger>& triggers);
  void acknowledged(const agentrpc::TriggerAck& ack) { reports_.erase({ack.trigger_id(), ack.event_id()}); }
  /// The control plane has all of the log of something that has ended.
  void log_kept(const std::string& id);
  void shut_down();

  void on_forked(pid_t) override {}
  void on_request(std::string payload) override;
  void on_output(OutputStream stream, std::string_view bytes) override;
  void on_end(const ProcessEnd& end) override;

 private:
  /// A trigger that has fired, whose log is not all with the control plane.
  struct Ending {
    agentrpc::RunTrigger trigger;
    agentrpc::TriggerReport report;
    boost::asio::steady_timer timer;
  };

  void start_process();
  void start_process_later();
  void end_when_idle();
  void tell_run(const agentrpc::RunTrigger& trigger);
  bool note_request(const SdkRequestFrame& request);
  void report(agentrpc::TriggerReport report);
  /// What the trigger logged is for the time before the task goes on.
  void report_after_log(agentrpc::RunTrigger trigger, agentrpc::TriggerReport report);
  void send_report(agentrpc::TriggerReport report);
  void begin_log(const agentrpc::RunTrigger& trigger);
  /// Nobody wants anything of it any more.
  void forget(const std::string& trigger_id);
  void file_found(const std::string& trigger_id);
  /// Whether there are triggers that Python waits for.
  bool needs_python() const { return triggers_.size() > files_.size(); }
  bool has_reported(const std::string& trigger_id) const { return reports_.contains({trigger_id, ""}); }
  void log_line(std::string_view line, std::size_t cut);
  /// @returns where a trigger logs to; "": the agent's own log
  std::string log_path_of(const std::string& trigger_id) const;

  boost::asio::io_context& loop_;
  PythonPool& pool_;
  RequestBook& book_;
  LogShipper& shipper_;
  Send send_;
  std::map<std::string, agentrpc::RunTrigger> triggers_;
  FileWaits files_;  ///< of those, the ones without Python
  std::map<std::string, Ending> endings_;
  /// Not acknowledged yet; by trigger and, of a watcher, event.
  std::map<std::pair<std::string, std::string>, agentrpc::TriggerReport> reports_;
  std::shared_ptr<Child> child_;
  std::shared_ptr<SdkDialogue> dialogue_;
  LineSplitter splitters_[3];  ///< by OutputStream
  boost::asio::steady_timer restart_timer_;
  boost::asio::steady_timer idle_timer_;
  std::chrono::milliseconds backoff_{0};
  bool is_restart_due_ = false;  ///< by restart_timer_
  bool is_leaving_ = false;
};

}  // namespace leoflow::agent
