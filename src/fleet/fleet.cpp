#include "fleet/fleet.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/log.hpp"
#include "base/process.hpp"
#include "tasks/startup_details.hpp"
#include "tasks/workload.hpp"

namespace leoflow::fleet {

using agentrpc::AgentMessage;
using agentrpc::AgentSession;
using agentrpc::ServerMessage;

namespace {

/// For an agent whose machine is given up, but which goes on there, to connect to whoever has just begun to
/// lead.
constexpr Duration kLostGrace = std::chrono::seconds{10};

ServerMessage stop_message(const Uuid& attempt, std::string_view reason) {
  ServerMessage message;
  message.mutable_stop()->set_attempt_id(attempt.text());
  message.mutable_stop()->set_reason(std::string(reason));
  return message;
}

}  // namespace

Fleet::~Fleet() {
  stop();
}

void Fleet::bind(engine::Engine& engine, tasks::TaskService& tasks, const Elsewhere& elsewhere) {
  engine_ = &engine;
  tasks_ = &tasks;
  launcher_ = elsewhere.attempts;
  hosts_ = elsewhere.hosts;
  logs_ = elsewhere.logs;
  keeper_ = elsewhere.keeper;
}

void Fleet::start() {
  engine_->active_attempts([this](const engine::ActiveAttempts& active) {
    const std::lock_guard lock(mutex_);
    for (const Uuid& attempt : active.all) placement_.unclaim(attempt, clock_.now());
  });
  {
    const std::lock_guard lock(mutex_);
    started_at_ = clock_.now();
  }
  watcher_ = std::thread([this] { watch(); });
}

void Fleet::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (watcher_.joinable()) watcher_.join();
}

void Fleet::stand_still(bool does) {
  const std::lock_guard lock(mutex_);
  if (does) {
    if (!still_since_) still_since_ = clock_.now();
  } else if (const auto since = std::exchange(still_since_, std::nullopt)) {
    placement_.leave_out(std::max(Duration{0}, clock_.now() - *since));
  }
}

int Fleet::free_slots() {
  if (launcher_ != nullptr) return launcher_->free_slots();
  const std::lock_guard lock(mutex_);
  return placement_.free_slots();
}

agentrpc::StartAttempt Fleet::start_of(const engine::AttemptSpec& spec) const {
  agentrpc::StartAttempt start;
  start.set_attempt_id(spec.id.text());
  start.set_bundle_path(spec.bundle_path);
  if (logs_ != nullptr) {
    start.set_sends_log(true);
    start.set_confirms_log(true);
  } else {
    start.set_log_path(log_path(spec));
  }
  start.set_preload(options_.preload);
  if (const auto& stock = options_.stock_workers) {
    start.set_workload(tasks::execute_task(spec, stock->issue_token(spec.id), log_name(spec)));
    auto& environment = *start.mutable_environment();
    environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] = stock->execution_url;
    environment["AIRFLOW__LOGGING__BASE_LOG_FOLDER"] = options_.log_folder;
  } else {
    start.set_startup_details(tasks::startup_details(spec));
  }
  return start;
}

void Fleet::start(const engine::AttemptSpec& spec) {
  if (launcher_ != nullptr) return launcher_->launch(spec);
  ServerMessage message;
  *message.mutable_start() = start_of(spec);
  const std::lock_guard lock(mutex_);
  Agent* agent = placement_.roomiest();
  if (agent == nullptr) {
    // Its agent went away since the slot was counted.
    engine_->attempt_refused(spec.id);
    return;
  }
  placement_.assign(*agent, spec.id);
  agent->session->send(std::move(message));
}

void Fleet::stop(const Uuid& attempt, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  Agent* agent = placement_.find_holder(attempt);
  if (agent == nullptr) {
    // An agent that comes back with it is told in its welcome; one that is not there yet need not come.
    if (launcher_ != nullptr) launcher_->recall(attempt);
    return;
  }
  agent->session->send(stop_message(attempt, reason));
}

void Fleet::on_connected(std::shared_ptr<AgentSession> session, const agentrpc::Hello& hello) {
  log::info("agent {} connected from {} with {} slots, {} attempts running", hello.agent_id(),
            hello.hostname(), hello.slots(), hello.attempt_ids_size());
  {
    const std::lock_guard lock(mutex_);
    connected_.insert(session.get());
  }
  engine_->active_attempts(
      [this, session, hello](const engine::ActiveAttempts& active) { welcome(session, hello, active); });
}

void Fleet::welcome(const std::shared_ptr<AgentSession>& session, const agentrpc::Hello& hello,
                    const engine::ActiveAttempts& active) {
  const std::lock_guard lock(mutex_);
  // It has gone while the engine was busy.
  if (!connected_.contains(session.get())) return;
  ServerMessage message;
  auto& welcome = *message.mutable_welcome();
  Agent& agent = placement_.add(session, hello, clock_.now());
  const auto& own = session->identity().attempt;
  bool has_own = false;
  std::vector<Uuid> cleared;
  for (const std::string& text : hello.attempt_ids()) {
    const auto attempt = Uuid::parse(text);
    if (!attempt || agent.host_of() || (own && *own != *attempt)) continue;
    has_own = true;
    // It holds a slot of the agent even if nobody wants it any more.
    placement_.assign(agent, *attempt);
    if (std::ranges::find(active.all, *attempt) != active.all.end())
      welcome.add_wanted_attempt_ids(text);
    else
      agent.unwanted.insert(*attempt);
    if (std::ranges::find(active.cleared, *attempt) != active.cleared.end()) cleared.push_back(*attempt);
  }
  // It may have come back before its old stream was seen to end.
  for (auto& [other, old] : placement_.all()) {
    if (other == session.get() || old.agent_id != agent.agent_id || old.agent_id.empty()) continue;
    old.is_leaving = true;
    take_back(other);
  }
  for (auto& [id, trigger] : triggers_) {
    if (trigger.sent_to != nullptr || !agent.serves(trigger.home)) continue;
    if (!trigger.knows_log) {
      agent.sent.add(id);
      welcome.add_triggers()->set_trigger_id(id);
      welcome.mutable_triggers()->rbegin()->set_if_running(true);
      continue;
    }
    give(agent, trigger, id);
    *welcome.add_triggers() = request_of(trigger);
  }
  session->send(std::move(message));
  // Its end is waited for, and it may not have heard that it is to stop.
  for (const Uuid& attempt : cleared) session->send(stop_message(attempt, engine::kCleared));
  if (own && !has_own) employ(session, *own, hello.is_idle());
  send_parse_jobs();
  engine_->wake();
}

void Fleet::on_disconnected(const std::shared_ptr<AgentSession>& session) {
  const std::lock_guard lock(mutex_);
  connected_.erase(session.get());
  if (const Agent* agent = placement_.find(session.get())) {
    metrics_.lost_agents.add();
    if (!agent->is_bound) last_gone_ = {agent->hostname, agent->unixname, agent->connected_at, clock_.now()};
  }
  placement_.remove(session.get(), clock_.now());
  if (const auto& own = session->identity().attempt; own && keeper_ != nullptr) keeper_->lost(*own, *session);
  take_back(session.get());
  send_triggers();
  send_parse_jobs();
}

FleetState Fleet::state() {
  const std::lock_guard lock(mutex_);
  FleetState out;
  out.agents = placement_.all().size();
  for (const auto& [session, agent] : placement_.all()) out.slots += agent.slots;
  out.free_slots = launcher_ != nullptr ? launcher_->free_slots() : placement_.free_slots();
  out.waiting_questions = parse_jobs_.size();
  out.triggers = triggers_.size();
  return out;
}

std::vector<AgentLife> Fleet::agents() {
  const std::lock_guard lock(mutex_);
  std::vector<AgentLife> out;
  for (const auto& [session, agent] : placement_.all()) {
    // It neither reads files nor waits for triggers.
    if (agent.is_bound) continue;
    out.push_back({agent.hostname, agent.unixname, agent.connected_at, std::nullopt});
  }
  if (hosts_ != nullptr) {
    const auto since = waiting_since();
    if (out.empty() || since) out.push_back({host_name(), user_name(), started_at_, since});
  } else if (out.empty() && last_gone_) {
    out.push_back(*last_gone_);
  }
  std::ranges::sort(out, {}, &AgentLife::connected_at);
  return out;
}

void Fleet::on_message(const std::shared_ptr<AgentSession>& session, AgentMessage message) {
  if (!may_say(*session, message)) {
    const auto& attempt = session->identity().attempt;
    const auto& bundle = session->identity().bundle;
    log::warning("the {} spoke of something else; its connection is closed",
                 attempt
                     ? fmt::format("agent of attempt {}", attempt->text())
                     : fmt::format("host of version '{}' of project '{}'", bundle->version, bundle->name));
    return session->close();
  }
  switch (message.kind_case()) {
    case AgentMessage::kStarted:
      on_started(session.get(), message.started());
      break;
    case AgentMessage::kRequest:
      on_request(session, message.request());
      break;
    case AgentMessage::kFinished:
      on_finished(session, message.finished());
      break;
    case AgentMessage::kParsed:
      on_parsed(message.parsed());
      break;
    case AgentMessage::kTrigger:
      on_trigger(session, message.trigger());
      break;
    case AgentMessage::kLog:
      on_log(session, message.log());
      break;
    case AgentMessage::kRefused:
      if (const auto attempt = Uuid::parse(message.refused().attempt_id())) {
        log::warning("agent refused attempt {}: {}", message.refused().attempt_id(),
                     message.refused().reason());
        {
          const std::lock_guard lock(mutex_);
          placement_.release(*attempt);
        }
        engine_->attempt_refused(*attempt);
      }
      break;
    case AgentMessage::kHeartbeat: {
      std::vector<Uuid> alive;
      for (const std::string& text : message.heartbeat().attempt_ids()) {
        if (const auto attempt = Uuid::parse(text)) alive.push_back(*attempt);
      }
      if (!alive.empty()) engine_->attempts_alive(std::move(alive));
      break;
    }
    case AgentMessage::kEnding:
      on_ending(*session);
      break;
    case AgentMessage::kIdle:
      on_idle(session);
      break;
    case AgentMessage::kHello:
    case AgentMessage::KIND_NOT_SET:
      break;
  }
}

void Fleet::on_started(const AgentSession* session, const agentrpc::AttemptStarted& started) {
  const auto attempt = Uuid::parse(started.attempt_id());
  if (!attempt) return;
  engine::AttemptStart start;
  start.attempt = *attempt;
  start.pid = static_cast<int>(started.pid());
  start.at = from_micros(started.started_at());
  {
    const std::lock_guard lock(mutex_);
    if (const Agent* agent = placement_.find(session)) {
      start.hostname = agent->hostname;
      start.unixname = agent->unixname;
    }
  }
  engine_->attempt_started(std::move(start));
}

void Fleet::on_request(const std::shared_ptr<AgentSession>& session, const agentrpc::SdkRequest& request) {
  tasks::Caller caller;
  {
    const std::lock_guard lock(mutex_);
    caller = caller_of(request.attempt_id());
  }
  caller.may_repeat = request.may_repeat();
  tasks_->handle(caller, request.body(), [session, id = request.request_id()](tasks::Answer answer) {
    ServerMessage message;
    auto& response = *message.mutable_response();
    response.set_request_id(id);
    response.set_body(std::move(answer.body));
    response.set_error(std::move(answer.error));
    session->send(std::move(message));
  });
}

void Fleet::on_finished(const std::shared_ptr<AgentSession>& session,
                        const agentrpc::AttemptFinished& finished) {
  const auto attempt = Uuid::parse(finished.attempt_id());
  if (!attempt) return;
  auto acknowledge = [session, id = finished.attempt_id()] {
    ServerMessage message;
    message.mutable_finished_ack()->set_attempt_id(id);
    session->send(std::move(message));
  };
  bool is_awaited = true;
  {
    const std::lock_guard lock(mutex_);
    const Agent* agent = placement_.find(session.get());
    is_awaited = agent == nullptr || !agent->unwanted.contains(*attempt);
    placement_.release(*attempt);
  }
  if (!is_awaited) {
    // Why it was given up is stored, and stays.
    acknowledge();
    return engine_->wake();  // a slot is free
  }
  engine::AttemptEnd end;
  end.attempt = *attempt;
  end.exit_code = finished.signal() != 0 ? -finished.signal() : finished.exit_code();
  end.reason = finished.reason();
  end.peak_memory_bytes = finished.peak_memory_bytes();
  end.cpu_microseconds = finished.cpu_microseconds();
  engine_->attempt_finished(std::move(end), std::move(acknowledge));
}

void Fleet::agent_died(std::uint32_t pid) {
  std::vector<Uuid> lost;
  {
    const std::lock_guard lock(mutex_);
    lost = placement_.take_attempts_of(pid);
  }
  if (!lost.empty()) engine_->attempts_missing(std::move(lost), "the agent's process died");
}

void Fleet::watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait_for(lock, std::chrono::seconds{1});
    if (still_since_) continue;
    let_idle_hosts_go();
    if (const auto hosts = missing_hosts(); !hosts.empty()) {
      lock.unlock();
      for (const HostSpec& host : hosts) hosts_->launch_host(host);
      lock.lock();
    }
    const Time now = clock_.now();
    if (launcher_ != nullptr && !launcher_->knows_what_is_there()) {
      placement_.count_from(now);
      continue;
    }
    auto missing = placement_.take_missing([&](const Uuid& attempt) {
      const bool is_lost = launcher_ != nullptr && launcher_->has_lost(attempt);
      return now - (is_lost ? std::min(kLostGrace, options_.claim_grace) : options_.claim_grace);
    });
    if (missing.empty()) continue;
    lock.unlock();
    if (launcher_ == nullptr) {
      engine_->attempts_missing(std::move(missing), "its agent did not come back");
    } else {
      for (const Uuid& attempt : missing) launcher_->miss(attempt);
    }
    lock.lock();
  }
}

Fleet::ParseJob Fleet::job_for(engine::PythonHome home, const std::string& file, Duration limit) {
  ParseJob job;
  job.request.set_file(file);
  job.request.set_bundle_path(home.bundle_path);
  job.request.set_bundle_name(home.bundle_name);
  job.request.set_timeout_ms(
      static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(limit).count()));
  job.home = std::move(home);
  return job;
}

void Fleet::parse(std::string file, std::string bundle_path, std::string bundle_name, Duration limit,
                  std::function<void(ParseOutcome)> then) {
  ParseJob job =
      job_for({.bundle_name = std::move(bundle_name), .bundle_path = std::move(bundle_path)}, file, limit);
  job.then = std::move(then);
  add_parse_job(std::move(job));
}

void Fleet::run_callback(const engine::CallbackSpec& spec) {
  const engine::AttemptSpec& cause = spec.cause;
  const engine::PythonHome home{cause.bundle_name, cause.bundle_path, cause.bundle_version, cause.image};
  if (const std::string lack = lack_of(home); !lack.empty()) return engine_->callback_done(spec.id, lack);
  ParseJob job = job_for(home, cause.bundle_path + "/" + cause.relative_fileloc, options_.callback_limit);
  job.behalf = {cause.id, cause.dag_id};
  job.request.set_callback(tasks::callback_request(spec));
  job.then = [this, id = spec.id](const ParseOutcome& outcome) { engine_->callback_done(id, outcome.error); };
  add_parse_job(std::move(job));
}

void Fleet::ask(engine::PythonQuestion question) {
  if (hosts_ != nullptr && question.home.bundle_name.empty()) {
    const auto asked = parse_json(question.question);
    const auto known = options_.known_answers.find(asked ? get_text(*asked, "ask") : "");
    if (known != options_.known_answers.end()) return question.then(known->second);
    return question.then(
        fail(ErrorCode::unavailable, "no project was pushed with an image, whose Python could answer"));
  }
  if (const std::string lack = lack_of(question.home); !lack.empty())
    return question.then(fail(ErrorCode::unavailable, lack));
  ParseJob job = job_for(question.home, question.home.bundle_path + "/" + question.relative_fileloc,
                         options_.question_limit);
  job.behalf = {Uuid{}, question.dag_id};
  job.request.set_question(std::move(question.question));
  job.then = [then = std::move(question.then)](const ParseOutcome& outcome) {
    if (outcome.error.empty()) return then(outcome.result);
    then(fail(ErrorCode::invalid, outcome.error));
  };
  add_parse_job(std::move(job));
}

void Fleet::add_parse_job(ParseJob job) {
  const std::lock_guard lock(mutex_);
  std::string id = fmt::format("parse-{}", ++parse_count_);
  job.request.set_parse_id(id);
  job.waits_since = clock_.now();
  parse_jobs_.emplace(std::move(id), std::move(job));
  send_parse_jobs();
}

void Fleet::send_parse_jobs() {
  for (auto& [id, job] : parse_jobs_) {
    if (job.sent_to != nullptr) continue;
    Agent* agent = placement_.host_of(job.home);
    if (agent == nullptr) {
      changed_.notify_all();
      continue;
    }
    give(*agent, job, id);
    ServerMessage message;
    *message.mutable_parse() = job.request;
    agent->session->send(std::move(message));
  }
}

void Fleet::on_parsed(const agentrpc::ParseResult& parsed) {
  const Duration took{parsed.duration_microseconds()};
  std::function<void(ParseOutcome)> then;
  {
    const std::lock_guard lock(mutex_);
    const auto found = parse_jobs_.find(parsed.parse_id());
    if (found == parse_jobs_.end()) return;  // answered before, by an agent that was asked again
    if (found->second.request.question().empty()) {
      (parsed.error().empty() ? metrics_.parsed : metrics_.failed_parses).observe(took);
    }
    then = std::move(found->second.then);
    end(found->second, found->first);
    parse_jobs_.erase(found);
  }
  then({parsed.result(), parsed.error(), took});
}

}  // namespace leoflow::fleet
