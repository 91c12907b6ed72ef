#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

#include "agentrpc/server.hpp"
#include "base/json.hpp"

namespace leoflow::agent {

/// A control plane for tests: records what agents say and answers with the least.
class TestPlane final : public agentrpc::AgentEvents {
 public:
  using Clock = std::chrono::steady_clock;
  struct Asked {
    std::string attempt_id;
    std::string type;
    json::value body;
    Clock::time_point at;
  };

  explicit TestPlane(std::string address) : address_(std::move(address)) {}
  void open(const std::string& token = "secret");
  void close() { server_.reset(); }

  void start_attempt(const agentrpc::StartAttempt& start);
  void stop_attempt(const std::string& id);
  void parse(const agentrpc::ParseRequest& request);
  void shut_down();
  void run_trigger(const agentrpc::RunTrigger& trigger);
  void cancel_trigger(const std::string& id);
  /// While true, logs are recorded but not acknowledged.
  void hold_logs(bool is_on);
  bool wait_log(const std::string& id, const std::string& text);
  bool wait_fired(const std::string& trigger_id);
  bool has_fired(const std::string& trigger_id);
  /// While true, agents that connect are told that none of their attempts is wanted.
  void want_nothing(bool is_on);
  /// While true, ends of attempts are recorded but not acknowledged.
  void hold_ends(bool is_on);
  /// Waits until the end of an attempt was told so often.
  bool wait_ends(const std::string& attempt_id, int times);
  /// While true, GetVariable is recorded but not answered.
  void hold_answers(bool is_on);

  /// Waits until `condition` holds, under the lock. @returns false after a minute.
  template <typename Condition>
  bool wait(const Condition& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), condition);
  }
  bool wait_connected();
  bool wait_asked(const std::string& attempt_id, const std::string& type);
  /// Throws if it does not end.
  agentrpc::AttemptFinished wait_finished(const std::string& attempt_id);
  bool has_finished(const std::string& attempt_id);
  agentrpc::ParseResult wait_parsed(const std::string& parse_id);
  pid_t wait_started(const std::string& attempt_id);
  std::vector<Asked> asked(const std::string& attempt_id);
  std::string refusal(const std::string& attempt_id);
  /// How often agents said that they are idle. Waits until it was so often at least.
  int wait_idle(int times);
  bool has_heard_of_ending(const std::string& attempt_id);
  void tell_secret(const std::string& secret);
  /// Ends the connection. @returns what the agent says of itself when it is back.
  agentrpc::Hello reconnect();

  void on_connected(std::shared_ptr<agentrpc::AgentSession> session, const agentrpc::Hello& hello) override;
  void on_message(const std::shared_ptr<agentrpc::AgentSession>& session,
                  agentrpc::AgentMessage message) override;
  void on_disconnected(const std::shared_ptr<agentrpc::AgentSession>& session) override;

 private:
  void send(agentrpc::ServerMessage message);
  void answer(agentrpc::AgentSession& session, const agentrpc::SdkRequest& request);
  void acknowledge_log(const std::string& id);

  std::string address_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_.
  std::shared_ptr<agentrpc::AgentSession> session_;
  std::vector<Asked> asked_;
  std::map<std::string, agentrpc::AttemptFinished> finished_;
  std::map<std::string, int> ends_;  // how often each was told
  std::map<std::string, agentrpc::ParseResult> parsed_;
  std::map<std::string, pid_t> started_;
  std::map<std::string, std::string> refused_;
  std::map<std::string, std::string> logs_;
  std::map<std::string, agentrpc::TriggerReport> fired_;
  std::set<std::string> ending_;
  int idle_ = 0;
  int connections_ = 0;
  agentrpc::Hello hello_;
  bool holds_answers_ = false;
  bool holds_logs_ = false;
  bool holds_ends_ = false;
  bool wants_nothing_ = false;

  std::unique_ptr<agentrpc::Server> server_;
};

/// A DAG folder, a running leoflow-agent and its plane.
class TestAgent {
 public:
  explicit TestAgent(std::vector<std::string> extra_arguments = {});
  ~TestAgent();

  TestPlane& plane() { return plane_; }
  pid_t pid() const { return pid_; }
  /// Newest process of the warm Python's base: a child of the agent that runs our module.
  pid_t base_pid() const;
  const std::filesystem::path& folder() const { return folder_; }
  void write_dag(const std::string& name, const std::string& text) const;
  /// Starts a task of `file`; @returns its attempt id.
  std::string start(const std::string& file, const std::string& task_id, bool preload = true);
  agentrpc::ParseResult parse(const std::string& file, std::uint32_t timeout_ms = 20000);
  std::string log_of(const std::string& attempt_id) const;
  /// Waits until its own log has that line so often. @returns false after a minute.
  bool wait_says(const std::string& line, int times) const;
  void kill_agent();
  /// Waits for the agent's own exit. @returns its wait status, -1 if it stays.
  int wait_exit();

 private:
  std::filesystem::path folder_;
  TestPlane plane_;
  pid_t pid_ = 0;
};

/// Whether the process is gone within ten seconds.
bool wait_gone(pid_t pid);

}  // namespace leoflow::agent
