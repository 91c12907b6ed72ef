#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "agentrpc/session.hpp"
#include "base/metrics.hpp"
#include "engine/engine.hpp"
#include "fleet/launcher.hpp"
#include "fleet/log_keeper.hpp"
#include "fleet/placement.hpp"
#include "tasks/log_path.hpp"
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
  Duration host_idle_limit = std::chrono::minutes{2};  ///< a host that has nothing to do goes after so long
  bool preload = true;                                 ///< whether agents may import DAG files ahead
  std::optional<StockWorkers> stock_workers = {};      ///< instead of the warm Python
  /// What is answered to questions that belong to no DAG while there is no project whose Python could answer
  /// them, JSON by "ask".
  std::map<std::string, std::string> known_answers = {};
};

/// What starts agents where none are there, and takes their logs; null: agents are there, and write their
/// logs themselves.
struct Elsewhere {
  Launcher* attempts = nullptr;
  HostLauncher* hosts = nullptr;  ///< null: a connected agent does all that is no attempt
  LogKeeper* logs = nullptr;
  AgentKeeper* keeper = nullptr;  ///< null: the agent of an attempt that is over goes
};

/// Connects the engine with the agents. Thread safe once bound.
class Fleet final : public engine::AttemptRunner, public agentrpc::AgentEvents {
 public:
  Fleet(FleetOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}
  ~Fleet() override;

  /// Before the first agent connects and before the engine starts. All outlive the agent server.
  void bind(engine::Engine& engine, tasks::TaskService& tasks, const Elsewhere& elsewhere = {});
  /// After the engine started: attempts from before the restart wait for their agent.
  void start();
  void stop();
  /// No agent can connect, for another process may lead by now: until that is over no time passes, and no
  /// attempt is missed.
  void stand_still(bool does);

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

  /// The connected agents that read files and wait for triggers, or else the last one that was. Where they
  /// are started when something needs them: those, and the control plane for as long as nothing waits for
  /// one.
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
  /// What takes Python, but no attempt.
  struct Work {
    engine::PythonHome home;
    std::optional<tasks::Behalf> behalf;  ///< whom it works for; absent: a DAG file is parsed
    const agentrpc::AgentSession* sent_to = nullptr;
    Time waits_since;  ///< for an agent, while there is none
  };

  struct ParseJob : Work {
    agentrpc::ParseRequest request;
    std::function<void(ParseOutcome)> then;
  };

  struct Trigger : Work {
    agentrpc::RunTrigger request;
    std::string log_name;          ///< below the folder of logs; "" for a watcher
    bool knows_log = true;         ///< where its log goes on; it is run when that is known
    std::uint64_t log_offset = 0;  ///< bytes: what was kept before it
  };

  void welcome(const std::shared_ptr<agentrpc::AgentSession>& session, const agentrpc::Hello& hello,
               const engine::ActiveAttempts& active);
  // bound_agents.cpp
  /// Whether an agent speaks only of what it is there for.
  bool may_say(const agentrpc::AgentSession& session, const agentrpc::AgentMessage& message);
  static bool may_say_of(const Uuid& attempt, const agentrpc::AgentMessage& message);
  // hosts.cpp; with mutex_ held
  static bool may_say_as_host(const SentWork& sent, const agentrpc::AgentMessage& message);
  tasks::Caller caller_of(const std::string& asker);
  /// @returns "", or why there can be no agent that has this Python.
  std::string lack_of(const engine::PythonHome& home) const;
  void give(Agent& agent, Work& work, const std::string& id) const;
  /// What was given over that connection waits for an agent again.
  void take_back(const agentrpc::AgentSession* session);
  /// Nobody waits for it any more.
  void end(const Work& work, const std::string& id);
  /// All that takes Python: triggers and other jobs.
  template <typename Visit>
  void each_work(const Visit& visit) {
    for (auto& [id, job] : parse_jobs_) visit(job);
    for (auto& [id, trigger] : triggers_) visit(trigger);
  }
  std::set<HostSpec> missing_hosts();
  void let_idle_hosts_go();
  /// Since when something has been waiting for a host.
  std::optional<Time> waiting_since();
  /// Has the agent of an attempt run it if it has not begun, or else keeps it if it is idle, or lets it go.
  void employ(const std::shared_ptr<agentrpc::AgentSession>& session, const Uuid& attempt, bool is_idle);
  /// @returns false if it cannot be kept: then it has to go.
  bool keep(const std::shared_ptr<agentrpc::AgentSession>& session, const Uuid& attempt);
  void on_ending(const agentrpc::AgentSession& session);
  void on_idle(const std::shared_ptr<agentrpc::AgentSession>& session);
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
  void add_trigger(Trigger trigger);
  /// Gives those that no agent runs to one.
  void send_triggers();
  agentrpc::RunTrigger request_of(const Trigger& trigger) const;
  agentrpc::StartAttempt start_of(const engine::AttemptSpec& spec) const;
  /// @param spec  an AttemptSpec or a TriggerSpec.
  template <typename Spec>
  static std::string log_name(const Spec& spec) {
    return tasks::relative_log_path(spec.dag_id, spec.run_id, spec.task_id, spec.map_index, spec.try_number);
  }
  template <typename Spec>
  std::string log_path(const Spec& spec) const {
    return options_.log_folder + "/" + log_name(spec);
  }
  static ParseJob job_for(engine::PythonHome home, const std::string& file, Duration limit);
  void add_parse_job(ParseJob job);
  void send_parse_jobs();
  void watch();

  // constant after bind()
  const FleetOptions options_;
  const Clock& clock_;
  engine::Engine* engine_ = nullptr;
  tasks::TaskService* tasks_ = nullptr;
  Launcher* launcher_ = nullptr;
  HostLauncher* hosts_ = nullptr;
  LogKeeper* logs_ = nullptr;
  AgentKeeper* keeper_ = nullptr;

  // protected by mutex_
  std::mutex mutex_;
  std::condition_variable changed_;
  Placement placement_;
  std::map<std::string, ParseJob> parse_jobs_;
  std::uint64_t parse_count_ = 0;
  std::map<std::string, Trigger> triggers_;  ///< by trigger id
  std::set<const agentrpc::AgentSession*> connected_;
  std::optional<Time> still_since_;  ///< no agent can connect
  std::optional<AgentLife> last_gone_;
  Time started_at_;
  bool stopping_ = false;

  FleetMetrics metrics_;
  std::thread watcher_;
};

}  // namespace leoflow::fleet
