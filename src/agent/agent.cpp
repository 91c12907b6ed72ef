#include "agent/agent.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/process.hpp"

namespace leoflow::agent {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kRememberedAttempts = 50'000;
/// How long an agent that leaves waits for its last reports to be acknowledged.
constexpr std::chrono::seconds kLastReports{5};
constexpr std::chrono::minutes kPatienceWithNews = std::chrono::hours{24};

}  // namespace

Agent::Agent(asio::io_context& loop, AgentOptions options)
    : loop_(loop),
      options_(std::move(options)),
      pool_(loop, options_.python),
      book_([this](agentrpc::AgentMessage message) { send(std::move(message)); }),
      attempt_world_{.loop = loop,
                     .pool = pool_,
                     .book = book_,
                     .send = [this](agentrpc::AgentMessage message) { send(std::move(message)); },
                     .on_ending = [this](const std::string& id) { on_ending(id); },
                     .on_finished = [this](auto finished) { on_finished(std::move(finished)); },
                     .stop_grace = options_.stop_grace,
                     .overtime = options_.overtime,
                     .max_log_bytes = options_.max_log_bytes},
      parse_world_{.loop = loop,
                   .pool = pool_,
                   .book = book_,
                   .on_parsed = [this](auto result) { on_parsed(std::move(result)); }},
      stock_world_{.loop = loop,
                   .python = options_.python,
                   .on_finished = [this](auto finished) { on_finished(std::move(finished)); },
                   .max_log_bytes = options_.max_log_bytes},
      shipper_(
          loop, [this](agentrpc::AgentMessage message) { send(std::move(message)); },
          [this](const std::string& id) {
            triggers_->log_kept(id);
            exit_if_done();
          }),
      triggers_(std::make_shared<TriggerHost>(
          loop, pool_, book_, shipper_,
          [this](agentrpc::AgentMessage message) { send(std::move(message)); })),
      last_contact_(std::chrono::steady_clock::now()),
      heartbeat_timer_(loop),
      exit_timer_(loop),
      idle_timer_(loop),
      leftovers_(loop, [this](pid_t pid) { return pool_.owns(pid); }),
      child_signals_(loop, SIGCHLD),
      stop_signals_(loop, SIGTERM, SIGINT) {
  hello_.set_agent_id(new_uuid(SystemClock().now()).text());
  hello_.set_version(LEOFLOW_VERSION);
  hello_.set_hostname(host_name());
  hello_.set_unixname(user_name());
  hello_.set_pid(static_cast<std::uint32_t>(::getpid()));
  hello_.set_slots(static_cast<std::uint32_t>(options_.slots));
  watch_signals();
  beat();
  client_ = agentrpc::Client::start(
      {.address = options_.server, .token = options_.token, .tls = options_.tls}, *this);
}

Agent::~Agent() {
  client_.reset();
}

agentrpc::Hello Agent::hello() {
  const std::lock_guard lock(hello_mutex_);
  return hello_;
}

void Agent::on_welcome(agentrpc::Welcome welcome) {
  asio::post(loop_, [this, welcome = std::move(welcome)] { welcomed(welcome); });
}

void Agent::on_message(agentrpc::ServerMessage message) {
  if (message.has_come_back()) {
    // Not later: it may connect again before the event loop gets to it.
    const std::lock_guard lock(hello_mutex_);
    hello_.set_secret(message.come_back().secret());
    return;
  }
  asio::post(loop_, [this, message = std::move(message)]() mutable { handle(std::move(message)); });
}

void Agent::on_lost(const std::string& reason, bool is_refused) {
  asio::post(loop_, [this, reason, is_refused] { lost(reason, is_refused); });
}

void Agent::send(agentrpc::AgentMessage message) {
  // Nothing before what welcomed() says again: it would overtake that.
  if (client_ && is_connected_) client_->send(std::move(message));
}

void Agent::update_hello() {
  const std::lock_guard lock(hello_mutex_);
  hello_.clear_attempt_ids();
  // Also what nobody wants: it takes a slot until its end is heard.
  for (const auto& [id, attempt] : attempts_) hello_.add_attempt_ids(id);
  for (const auto& [id, finished] : finished_) hello_.add_attempt_ids(id);
  hello_.set_is_idle(is_idle_);
}

void Agent::welcomed(const agentrpc::Welcome& welcome) {
  is_connected_ = true;
  refused_since_.reset();
  log::info("connected to the control plane at {}", options_.server);
  const std::set<std::string> wanted(welcome.wanted_attempt_ids().begin(),
                                     welcome.wanted_attempt_ids().end());
  std::vector<std::shared_ptr<RunningAttempt>> stopped;
  for (const auto& [id, attempt] : attempts_) {
    if (wanted.contains(id)) continue;
    book_.forget(id);
    unwanted_.insert(id);
    stopped.push_back(attempt);
  }
  for (const auto& attempt : stopped) {
    attempt->stop("the control plane does not want it any more", options_.stop_grace);
  }
  for (const auto& [id, attempt] : attempts_) {
    if (wanted.contains(id)) attempt->report_started();
  }
  // First: nothing more may be said of those that are not wanted.
  std::vector<agentrpc::RunTrigger> triggers;
  for (const agentrpc::RunTrigger& trigger : welcome.triggers()) triggers.push_back(localized(trigger));
  triggers_->welcomed(triggers);
  // Before what the task said, which has another one started.
  if (wanted.contains(ending_)) tell_ending();
  book_.ask_all_again();
  for (const auto& [id, finished] : finished_) report_if_answered(id);
  shipper_.welcomed();
  update_hello();
  // One that leaves waits for answers to what was said again.
  exit_if_done();
  // Whoever leads now counts from now on.
  if (is_idle_) await_attempt();
}

void Agent::lost(const std::string& reason, bool is_refused) {
  if (is_connected_ && is_idle_) {
    last_contact_ = std::chrono::steady_clock::now();
    log::info("the control plane ended the connection: there may be another attempt");
  } else if (is_connected_) {
    last_contact_ = std::chrono::steady_clock::now();
    log::warning("lost the control plane: {}; the tasks go on", reason);
  } else if (reason != last_trouble_) {
    log::warning("cannot connect to the control plane at {}: {}", options_.server, reason);
  }
  last_trouble_ = reason;
  is_connected_ = false;
  // The control plane asks again for what it did not hear, and a new one may use
  // the same ids for other files.
  parse_queue_.clear();
  parse_requests_.clear();
  for (const auto& [id, job] : std::exchange(parsing_, {})) job->cancel();
  if (is_refused) leave_if_refused_for_long();
}

void Agent::leave_if_refused_for_long() {
  const auto now = std::chrono::steady_clock::now();
  if (!refused_since_) refused_since_ = now;
  // What it runs has been given up by then, and is perhaps run again.
  if (now - *refused_since_ > options_.refusal_limit)
    shut_down(options_.stop_grace, "the control plane does not know its token any more");
}

void Agent::handle(agentrpc::ServerMessage message) {
  using Kind = agentrpc::ServerMessage::KindCase;
  switch (message.kind_case()) {
    case Kind::kStart:
      return start_attempt(std::move(*message.mutable_start()));
    case Kind::kStop:
      if (const auto found = attempts_.find(message.stop().attempt_id()); found != attempts_.end()) {
        const std::shared_ptr<RunningAttempt> attempt = found->second;
        attempt->stop(message.stop().reason(), options_.stop_grace);
      }
      return;
    case Kind::kResponse:
      report_if_answered(book_.answer(message.response()));
      return;
    case Kind::kFinishedAck:
      finished_.erase(message.finished_ack().attempt_id());
      update_hello();
      return exit_if_done();
    case Kind::kLogAck:
      return shipper_.acknowledged(message.log_ack());
    case Kind::kParse:
      return parse(std::move(*message.mutable_parse()));
    case Kind::kShutdown:
      // It goes, or is idle, by itself as soon as all that it has to tell is kept.
      if (options_.once && !seen_.empty() && attempts_.empty() && !is_idle_) return exit_if_done();
      return shut_down(std::chrono::seconds(message.shutdown().grace_seconds()), "the control plane said so");
    case Kind::kRunTrigger:
      return triggers_->run(localized(std::move(*message.mutable_run_trigger())));
    case Kind::kCancelTrigger:
      return triggers_->cancel(message.cancel_trigger().trigger_id(), true);
    case Kind::kTriggerAck:
      return triggers_->acknowledged(message.trigger_ack());
    case Kind::kWelcome:
    case Kind::kComeBack:
    case Kind::KIND_NOT_SET:
      return;
  }
}

void Agent::start_attempt(agentrpc::StartAttempt start) {
  const std::string id = start.attempt_id();
  if (seen_.contains(id)) return;
  if (is_leaving_) return refuse(id, "the agent is shutting down");
  if (attempts_.size() >= options_.slots) return refuse(id, "all slots of the agent are taken");
  is_resting_ = is_idle_ = false;
  ending_.clear();
  idle_timer_.cancel();
  seen_.insert(id);
  seen_order_.push_back(id);
  if (seen_order_.size() > kRememberedAttempts) {
    seen_.erase(seen_order_.front());
    seen_order_.pop_front();
  }
  if (!options_.dags_folder.empty()) start.set_bundle_path(options_.dags_folder);
  if (start.sends_log()) {
    start.set_log_path(own_log(id));
    shipper_.add(id, start.log_path(), start.log_offset(), start.confirms_log());
  }
  const bool is_stock = !start.workload().empty();
  std::shared_ptr<RunningAttempt> attempt;
  if (is_stock) {
    attempt = std::make_shared<StockAttempt>(stock_world_, std::move(start));
  } else {
    attempt = std::make_shared<Attempt>(attempt_world_, std::move(start));
  }
  attempts_.emplace(id, attempt);
  update_hello();
  attempt->begin();
}

void Agent::refuse(const std::string& attempt_id, const std::string& reason) {
  agentrpc::AgentMessage message;
  message.mutable_refused()->set_attempt_id(attempt_id);
  message.mutable_refused()->set_reason(reason);
  send(std::move(message));
}

void Agent::on_ending(const std::string& attempt_id) {
  if (!may_stay() || unwanted_.contains(attempt_id)) return;
  ending_ = attempt_id;
  tell_ending();
}

void Agent::tell_ending() {
  if (ending_.empty()) return;
  agentrpc::AgentMessage message;
  message.mutable_ending()->set_attempt_id(ending_);
  send(std::move(message));
}

void Agent::on_finished(agentrpc::AttemptFinished finished) {
  const std::string id = finished.attempt_id();
  unwanted_.erase(id);
  finished_[id] = std::move(finished);
  report_if_answered(id);
  // Later: the attempt is still calling us.
  const auto found = attempts_.find(id);
  if (found != attempts_.end()) asio::post(loop_, [attempt = found->second] {});
  attempts_.erase(id);
  update_hello();
  shipper_.finish(id);
  exit_if_done();
}

std::string Agent::own_log(const std::string& attempt_id) const {
  return (std::filesystem::path(options_.python.home) / "logs" / (attempt_id + ".log")).string();
}

void Agent::report_if_answered(const std::string& attempt_id) {
  const auto found = finished_.find(attempt_id);
  // What the task said last, that it succeeded for instance, must not be overtaken by its end.
  if (found == finished_.end() || book_.is_waiting(attempt_id)) return;
  agentrpc::AgentMessage message;
  *message.mutable_finished() = found->second;
  send(std::move(message));
}

agentrpc::RunTrigger Agent::localized(agentrpc::RunTrigger trigger) const {
  if (!options_.dags_folder.empty()) trigger.set_bundle_path(options_.dags_folder);
  if (trigger.sends_log()) trigger.set_log_path(own_log(trigger.trigger_id()));
  return trigger;
}

void Agent::parse(agentrpc::ParseRequest request) {
  if (const std::string& folder = options_.dags_folder; !folder.empty()) {
    const std::string below =
        request.file().substr(std::min(request.file().size(), request.bundle_path().size()));
    request.set_file(folder + below);
    request.set_bundle_path(folder);
  }
  parse_queue_.push_back(std::move(request));
  parse_next();
}

void Agent::parse_next() {
  while (!parse_queue_.empty() && parsing_.size() < options_.parsers && !is_leaving_) {
    agentrpc::ParseRequest request = std::move(parse_queue_.front());
    parse_queue_.pop_front();
    const std::string id = request.parse_id();
    if (parsing_.contains(id)) continue;
    const auto job = std::make_shared<ParseJob>(parse_world_, request);
    parsing_.emplace(id, job);
    parse_requests_.emplace(id, std::move(request));
    job->begin();
  }
}

void Agent::on_parsed(agentrpc::ParseResult result) {
  const std::string id = result.parse_id();
  const agentrpc::ParseRequest request = parse_requests_[id];
  const bool is_file = request.question().empty() && request.callback().empty();
  const bool is_worth_importing = is_file && result.error().empty() && !result.asked_supervisor() &&
                                  result.result().find("\"serialized_dags\":[]") == std::string::npos;
  agentrpc::AgentMessage message;
  *message.mutable_parsed() = std::move(result);
  send(std::move(message));
  parsing_.erase(id);
  parse_requests_.erase(id);
  book_.forget(id);
  parse_next();
  if (is_worth_importing && parse_queue_.empty()) {
    pool_.warm({request.file(), request.bundle_path(), request.bundle_name()});
  }
}

void Agent::shut_down(std::chrono::milliseconds grace, const std::string& reason) {
  if (is_leaving_) return;
  is_leaving_ = true;
  log::info("shutting down: {}", reason);
  std::vector<std::shared_ptr<RunningAttempt>> all;
  for (const auto& [id, attempt] : attempts_) all.push_back(attempt);
  for (const auto& attempt : all) attempt->stop("the agent is shutting down", grace);
  triggers_->shut_down();
  exit_if_done();
}

void Agent::exit_if_done() {
  const bool has_ended = options_.once && !seen_.empty();
  if (!attempts_.empty() || (!is_leaving_ && !has_ended)) return;
  if (finished_.empty() && shipper_.is_done()) return may_stay() ? rest() : loop_.stop();
  // Somebody may be there again soon; one that was told to leave cannot wait for that.
  if (!is_leaving_) return;
  if (!is_connected_) return loop_.stop();
  exit_timer_.expires_after(kLastReports);
  exit_timer_.async_wait([this](error_code error) {
    if (!error) loop_.stop();
  });
}

bool Agent::may_stay() const {
  return options_.once && options_.stay.count() > 0 && seen_.size() < options_.most_attempts && !is_leaving_;
}

void Agent::rest() {
  if (std::exchange(is_resting_, true)) return;
  leftovers_.end_all([this](bool are_gone) {
    if (!are_gone) return shut_down({}, "processes that a task left behind do not end");
    be_idle();
  });
}

void Agent::be_idle() {
  if (is_leaving_) return;
  is_idle_ = true;
  // They are kept elsewhere.
  error_code ignored;
  std::filesystem::remove_all(std::filesystem::path(own_log("")).parent_path(), ignored);
  update_hello();
  agentrpc::AgentMessage message;
  message.mutable_idle();
  send(std::move(message));
  await_attempt();
}

void Agent::await_attempt() {
  idle_timer_.expires_after(options_.stay);
  idle_timer_.async_wait([this](error_code error) {
    if (!error) shut_down({}, "there was nothing to do for long");
  });
}

void Agent::beat() {
  agentrpc::AgentMessage message;
  message.mutable_heartbeat();
  for (const auto& [id, attempt] : attempts_) message.mutable_heartbeat()->add_attempt_ids(id);
  send(std::move(message));
  const auto lonely = std::chrono::steady_clock::now() - last_contact_;
  // One that has something to deliver waits longer: what its task did would be done again.
  const bool has_news = options_.once && (!finished_.empty() || !shipper_.is_done());
  const auto limit = has_news ? kPatienceWithNews : options_.lonely_limit;
  if (!is_connected_ && attempts_.empty() && lonely > limit) {
    shut_down({}, "the control plane stays away and there is nothing to do");
  }
  heartbeat_timer_.expires_after(options_.heartbeat);
  heartbeat_timer_.async_wait([this](error_code error) {
    if (!error) beat();
  });
}

void Agent::watch_signals() {
  child_signals_.async_wait([this](error_code error, int) {
    if (error) return;
    reap();
    watch_signals();
  });
  stop_signals_.async_wait([this](error_code error, int) {
    if (!error) shut_down(options_.stop_grace, "a signal said so");
  });
}

void Agent::reap() {
  // All of them: orphans of tasks come to us as well, we are their subreaper.
  while (true) {
    int status = 0;
    rusage usage{};
    const pid_t pid = ::wait4(-1, &status, WNOHANG, &usage);
    if (pid <= 0) return;
    const auto micros = [](const timeval& time) { return time.tv_sec * 1'000'000LL + time.tv_usec; };
    if (const auto worker = stock_world_.workers.extract(pid); !worker.empty()) {
      worker.mapped()->on_end(ProcessEnd::from_status(status, usage.ru_maxrss * 1024,
                                                      micros(usage.ru_utime) + micros(usage.ru_stime)));
      continue;
    }
    pool_.on_reaped(pid, status, usage.ru_maxrss * 1024, micros(usage.ru_utime) + micros(usage.ru_stime));
  }
}

}  // namespace leoflow::agent
