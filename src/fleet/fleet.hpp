#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "agentrpc/session.hpp"
#include "base/metrics.hpp"
#include "engine/engine.hpp"
#include "fleet/launcher.hpp"
#include "fleet/log_keeper.hpp"
#include "fleet/log_path.hpp"
#include "fleet/placement.hpp"
#include "tasks/task_service.hpp"

namespace leoflow::fleet {

/// What parsing one file gave, or why there is no result.
struct ParseOutcome {
  std::string result;  ///< JSON of the SDK's DagFileParsingResult
  std::string error;   ///< "" if there is a result
  Duration duration{0};
};

/// Has attempts run by Airflow's own workers, which ask over HTTP.
struct StockWorkers {
  std::string execution_url;                            ///< of the Task Execution API
  std::function<std::string(const Uuid&)> issue_token;  ///< of an attempt's workload
};

/// An agent that is there, or the one that was there last.
struct AgentLife {
  std::string hostname;
  std::string unixname;
  Time connected_at;
  std::optional<Time> gone_at;
};

/// How much there is at one moment.
struct FleetState {
  std::size_t agents = 0;
  int slots = 0;
  int free_slots = 0;
  std::size_t waiting_questions = 0;  ///< files to parse and other things that Python is asked
  std::size_t triggers = 0;
};

struct FleetMetrics {
  metrics::Counter lost_agents;
  metrics::Histogram parsed{metrics::Histogram::kLong};
  metrics::Histogram failed_parses{metrics::Histogram::kLong};  ///< that have no result at all
};

struct FleetOptions {
  std::string log_folder;  ///< absolute; attempts log below it
  /// How long an attempt may be without an agent before it is missing.
  Duration claim_grace = std::chrono::seconds{10};
  Duration callback_limit = std::chrono::seconds{60};  ///< for a DAG's callback, with the reading of its file
  Duration question_limit = std::chrono::seconds{20};  ///< for a timetable or partition mapper of the user's
  bool preload = true;                                 ///< whether agents may import DAG files ahead
  std::optional<StockWorkers> stock_workers = {};      ///< instead of the warm Python
  /// What is answered to questions where no agent is there to answer them, JSON by "ask".
  std::map<std::string, std::string> known_answers = {};
};

/// Connects the engine with the agents. Thread safe once bound.
class Fleet final : public engine::AttemptRunner, public agentrpc::AgentEvents {
 public:
  Fleet(FleetOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}
  ~Fleet() override;

  /// Before the first agent connects and before the engine starts. All outlive the agent server.
  /// @param launcher  starts an agent for each attempt; null: agents are there
  /// @param logs  keeps what those agents logged; null without a launcher
  void bind(engine::Engine& engine, tasks::TaskService& tasks, Launcher* launcher = nullptr,
            LogKeeper* logs = nullptr);
  /// After the engine started: attempts from before the restart wait for their agent.
  void start();
  void stop();

  // AttemptRunner
  int free_slots() override;
  void start(const engine::AttemptSpec& spec) override;
  void stop(const Uuid& attempt, const std::string& reason) override;
  void start_trigger(const engine::TriggerSpec& spec) override;
  void stop_trigger(const Uuid& id) override;
  void start_watcher(const engine::WatcherSpec& spec) override;
  void run_callback(const engine::CallbackSpec& spec) override;
  void ask(engine::PythonQuestion question) override;

  // AgentEvents
  void on_connected(std::shared_ptr<agentrpc::AgentSession> session, const agentrpc::Hello& hello) override;
  void on_message(const std::shared_ptr<agentrpc::AgentSession>& session,
                  agentrpc::AgentMessage message) override;
  void on_disconnected(const std::shared_ptr<agentrpc::AgentSession>& session) override;

  /// The connected agents, or else the last one that was.
  std::vector<AgentLife> agents();
  FleetState state();
  const FleetMetrics& metrics() const { return metrics_; }

  /// The agent process is known to be dead: what it ran is lost now.
  void agent_died(std::uint32_t pid);

  /// Has an agent parse a file; waits for one to connect.
  /// @param file absolute, below `bundle_path`.
  void parse(std::string file, std::string bundle_path, std::string bundle_name, Duration limit,
             std::function<void(ParseOutcome)> then);

 private:
  struct ParseJob {
    agentrpc::ParseRequest request;
    std::function<void(ParseOutcome)> then;
    const agentrpc::AgentSession* sent_to = nullptr;
  };

  struct Trigger {
    agentrpc::RunTrigger request;
    const agentrpc::AgentSession* sent_to = nullptr;
  };

  void welcome(const std::shared_ptr<agentrpc::AgentSession>& session, const agentrpc::Hello& hello,
               const std::vector<Uuid>& active);
  // bound_agents.cpp
  /// Whether an agent that is bound to an attempt speaks of that one only.
  static bool may_say(const agentrpc::AgentIdentity& identity, const agentrpc::AgentMessage& message);
  void send_own_attempt(const std::shared_ptr<agentrpc::AgentSession>& session, const Uuid& attempt);
  void send_start(const std::shared_ptr<agentrpc::AgentSession>& session, const Uuid& attempt,
                  agentrpc::StartAttempt start);
  void on_log(const std::shared_ptr<agentrpc::AgentSession>& session, const agentrpc::LogPart& part);
  void on_started(const agentrpc::AgentSession* session, const agentrpc::AttemptStarted& started);
  void on_request(const std::shared_ptr<agentrpc::AgentSession>& session,
                  const agentrpc::SdkRequest& request);
  void on_finished(const std::shared_ptr<agentrpc::AgentSession>& session,
                   const agentrpc::AttemptFinished& finished);
  void on_parsed(const agentrpc::ParseResult& parsed);
  void on_trigger(const std::shared_ptr<agentrpc::AgentSession>& session,
                  const agentrpc::TriggerReport& report);
  void add_trigger(agentrpc::RunTrigger request);
  /// Gives those that no agent runs to one.
  void send_triggers();
  agentrpc::StartAttempt start_of(const engine::AttemptSpec& spec) const;
  /// @param spec  an AttemptSpec or a TriggerSpec.
  template <typename Spec>
  static std::string log_name(const Spec& spec) {
    return relative_log_path(spec.dag_id, spec.run_id, spec.task_id, spec.map_index, spec.try_number);
  }
  template <typename Spec>
  std::string log_path(const Spec& spec) const {
    return options_.log_folder + "/" + log_name(spec);
  }
  static ParseJob job_for(const std::string& bundle_name, const std::string& bundle_path,
                          const std::string& file, Duration limit);
  void add_parse_job(ParseJob job);
  void send_parse_jobs();
  void watch_for_missing();

  // constant after bind()
  const FleetOptions options_;
  const Clock& clock_;
  engine::Engine* engine_ = nullptr;
  tasks::TaskService* tasks_ = nullptr;
  Launcher* launcher_ = nullptr;
  LogKeeper* logs_ = nullptr;

  // protected by mutex_
  std::mutex mutex_;
  std::condition_variable changed_;
  Placement placement_;
  std::map<std::string, ParseJob> parse_jobs_;
  std::uint64_t parse_count_ = 0;
  std::map<std::string, Trigger> triggers_;  ///< by trigger id
  std::optional<AgentLife> last_gone_;
  bool stopping_ = false;

  FleetMetrics metrics_;
  std::thread watcher_;
};

}  // namespace leoflow::fleet
