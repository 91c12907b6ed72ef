#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "agent/attempt.hpp"
#include "agent/leftovers.hpp"
#include "agent/log_file.hpp"
#include "agent/log_shipper.hpp"
#include "agent/parse_job.hpp"
#include "agent/stock_attempt.hpp"
#include "agent/trigger_host.hpp"
#include "agentrpc/client.hpp"

namespace leoflow::agent {

struct AgentOptions {
  std::string server;                  ///< the control plane: "host:port" or "unix:/path"
  std::function<std::string()> token;  ///< asked for each connection
  agentrpc::TlsFiles tls{};
  std::string dags_folder{};  ///< where the project's files are; "" for where the control plane says
  bool once = false;          ///< runs one attempt, then exits
  /// With `once`: it does not exit then, but waits for so long to be told of another attempt. 0: it exits.
  std::chrono::seconds stay{0};
  std::size_t most_attempts = 1000;  ///< of an agent that stays
  std::size_t slots = 4;             ///< attempts at once
  std::size_t parsers = 2;           ///< DAG files parsed at once
  PythonOptions python;
  std::uint64_t max_log_bytes = LogFile::kMaxBytes;  ///< of one attempt
  std::chrono::milliseconds stop_grace{5000};        ///< between SIGTERM and SIGKILL
  /// What listeners and callbacks may take after the task told its end.
  std::chrono::milliseconds overtime{20'000};
  std::chrono::seconds heartbeat{5};
  std::chrono::minutes lonely_limit{10};  ///< without control plane and work, the agent exits
  /// A control plane that does not know the agent's token for so long has given up what it runs.
  std::chrono::seconds refusal_limit{300};
};

/// leoflow-agent: does what the control plane says and tells what becomes of it.
/// Survives the control plane: attempts go on, reports wait. One thread runs the
/// event loop and everything here; gRPC's threads only post to it.
class Agent : private agentrpc::ServerEvents {
 public:
  Agent(boost::asio::io_context& loop, AgentOptions options);
  ~Agent() override;

 private:
  // From gRPC's threads.
  agentrpc::Hello hello() override;
  void on_welcome(agentrpc::Welcome welcome) override;
  void on_message(agentrpc::ServerMessage message) override;
  void on_lost(const std::string& reason, bool is_refused) override;

  void welcomed(const agentrpc::Welcome& welcome);
  void handle(agentrpc::ServerMessage message);
  void lost(const std::string& reason, bool is_refused);
  void leave_if_refused_for_long();
  void start_attempt(agentrpc::StartAttempt start);
  void refuse(const std::string& attempt_id, const std::string& reason);
  void on_ending(const std::string& attempt_id);
  void tell_ending();
  void on_finished(agentrpc::AttemptFinished finished);
  void report_if_answered(const std::string& attempt_id);
  void parse(agentrpc::ParseRequest request);
  /// The trigger as it is here: where its files are, and its log.
  agentrpc::RunTrigger localized(agentrpc::RunTrigger trigger) const;
  void parse_next();
  void on_parsed(agentrpc::ParseResult result);
  void shut_down(std::chrono::milliseconds grace, const std::string& reason);
  /// Where the log of an attempt or a trigger is kept until the control plane has it.
  std::string own_log(const std::string& attempt_id) const;
  void exit_if_done();
  /// Whether it will wait for another attempt when the one that it has is over.
  bool may_stay() const;
  /// Waits for another attempt, once nothing is left of the last one.
  void rest();
  void be_idle();
  void await_attempt();
  void beat();
  void reap();
  void watch_signals();
  void send(agentrpc::AgentMessage message);
  void update_hello();

  boost::asio::io_context& loop_;
  const AgentOptions options_;
  PythonPool pool_;
  RequestBook book_;
  Attempt::World attempt_world_;
  ParseJob::World parse_world_;
  StockAttempt::World stock_world_;
  LogShipper shipper_;
  std::shared_ptr<TriggerHost> triggers_;
  std::map<std::string, std::shared_ptr<RunningAttempt>> attempts_;
  std::map<std::string, agentrpc::AttemptFinished> finished_;  // not acknowledged yet
  std::set<std::string> unwanted_;                             // running, but nobody waits for what they do
  std::unordered_set<std::string> seen_;
  std::deque<std::string> seen_order_;
  std::map<std::string, std::shared_ptr<ParseJob>> parsing_;
  std::map<std::string, agentrpc::ParseRequest> parse_requests_;  // of parsing_, to warm them after
  std::deque<agentrpc::ParseRequest> parse_queue_;
  std::chrono::steady_clock::time_point last_contact_;
  bool is_connected_ = false;
  std::optional<std::chrono::steady_clock::time_point> refused_since_;  ///< not welcomed since
  std::string last_trouble_;  ///< why the last connection ended, or failed
  bool is_leaving_ = false;
  std::string ending_;       ///< the attempt whose task has said how it ends, if the agent stays then
  bool is_resting_ = false;  ///< it stays, and everything of its last attempt is delivered
  bool is_idle_ = false;     ///< and nothing is left of that
  boost::asio::steady_timer heartbeat_timer_;
  boost::asio::steady_timer exit_timer_;
  boost::asio::steady_timer idle_timer_;
  Leftovers leftovers_;
  boost::asio::signal_set child_signals_;
  boost::asio::signal_set stop_signals_;

  std::mutex hello_mutex_;
  agentrpc::Hello hello_;  // protected by hello_mutex_

  std::unique_ptr<agentrpc::Client> client_;  // last: it calls us
};

}  // namespace leoflow::agent
