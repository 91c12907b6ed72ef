#include "agent/e2e_plane.hpp"

#include <fstream>
#include <signal.h>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/ids.hpp"
#include "base/spawn.hpp"
#include "base/text.hpp"

namespace leoflow::agent {

void TestPlane::open(const std::string& token) {
  auto server =
      agentrpc::Server::start({.address = address_, .authenticate = agentrpc::by_token(token)}, *this);
  if (!server) throw Fatal(server.error().message);
  server_ = std::move(*server);
}

void TestPlane::send(agentrpc::ServerMessage message) {
  const std::lock_guard lock(mutex_);
  if (session_) session_->send(std::move(message));
}

void TestPlane::start_attempt(const agentrpc::StartAttempt& start) {
  agentrpc::ServerMessage message;
  *message.mutable_start() = start;
  send(std::move(message));
}

void TestPlane::stop_attempt(const std::string& id) {
  agentrpc::ServerMessage message;
  message.mutable_stop()->set_attempt_id(id);
  message.mutable_stop()->set_reason("the test says so");
  send(std::move(message));
}

void TestPlane::parse(const agentrpc::ParseRequest& request) {
  agentrpc::ServerMessage message;
  *message.mutable_parse() = request;
  send(std::move(message));
}

void TestPlane::shut_down() {
  agentrpc::ServerMessage message;
  message.mutable_shutdown()->set_grace_seconds(1);
  send(std::move(message));
}

void TestPlane::run_trigger(const agentrpc::RunTrigger& trigger) {
  agentrpc::ServerMessage message;
  *message.mutable_run_trigger() = trigger;
  send(std::move(message));
}

void TestPlane::cancel_trigger(const std::string& id) {
  agentrpc::ServerMessage message;
  message.mutable_cancel_trigger()->set_trigger_id(id);
  send(std::move(message));
}

void TestPlane::hold_logs(bool is_on) {
  const std::lock_guard lock(mutex_);
  holds_logs_ = is_on;
  if (is_on) return;
  for (const auto& [id, log] : logs_) acknowledge_log(id);
}

void TestPlane::acknowledge_log(const std::string& id) {
  agentrpc::ServerMessage message;
  message.mutable_log_ack()->set_attempt_id(id);
  message.mutable_log_ack()->set_offset(logs_[id].size());
  if (session_) session_->send(std::move(message));
}

bool TestPlane::wait_log(const std::string& id, const std::string& text) {
  return wait([&] { return logs_[id].find(text) != std::string::npos; });
}

bool TestPlane::wait_fired(const std::string& trigger_id) {
  return wait([&] { return fired_.contains(trigger_id); });
}

bool TestPlane::has_fired(const std::string& trigger_id) {
  const std::lock_guard lock(mutex_);
  return fired_.contains(trigger_id);
}

void TestPlane::hold_answers(bool is_on) {
  const std::lock_guard lock(mutex_);
  holds_answers_ = is_on;
}

void TestPlane::want_nothing(bool is_on) {
  const std::lock_guard lock(mutex_);
  wants_nothing_ = is_on;
}

void TestPlane::hold_ends(bool is_on) {
  const std::lock_guard lock(mutex_);
  holds_ends_ = is_on;
}

bool TestPlane::wait_ends(const std::string& attempt_id, int times) {
  return wait([&] { return ends_[attempt_id] >= times; });
}

bool TestPlane::has_finished(const std::string& attempt_id) {
  const std::lock_guard lock(mutex_);
  return finished_.contains(attempt_id);
}

bool TestPlane::wait_connected() {
  return wait([&] { return session_ != nullptr; });
}

bool TestPlane::wait_asked(const std::string& attempt_id, const std::string& type) {
  return wait([&] {
    return std::ranges::any_of(
        asked_, [&](const Asked& one) { return one.attempt_id == attempt_id && one.type == type; });
  });
}

agentrpc::AttemptFinished TestPlane::wait_finished(const std::string& attempt_id) {
  if (!wait([&] { return finished_.contains(attempt_id); })) throw Fatal("attempt does not end");
  const std::lock_guard lock(mutex_);
  return finished_[attempt_id];
}

agentrpc::ParseResult TestPlane::wait_parsed(const std::string& parse_id) {
  if (!wait([&] { return parsed_.contains(parse_id); })) throw Fatal("parse does not end");
  const std::lock_guard lock(mutex_);
  return parsed_[parse_id];
}

pid_t TestPlane::wait_started(const std::string& attempt_id) {
  if (!wait([&] { return started_.contains(attempt_id); })) throw Fatal("attempt does not start");
  const std::lock_guard lock(mutex_);
  return started_[attempt_id];
}

std::vector<TestPlane::Asked> TestPlane::asked(const std::string& attempt_id) {
  const std::lock_guard lock(mutex_);
  std::vector<Asked> of_attempt;
  std::ranges::copy_if(asked_, std::back_inserter(of_attempt),
                       [&](const Asked& one) { return one.attempt_id == attempt_id; });
  return of_attempt;
}

std::string TestPlane::refusal(const std::string& attempt_id) {
  if (!wait([&] { return refused_.contains(attempt_id); })) return "";
  const std::lock_guard lock(mutex_);
  return refused_[attempt_id];
}

int TestPlane::wait_idle(int times) {
  wait([&] { return idle_ >= times; });
  const std::lock_guard lock(mutex_);
  return idle_;
}

bool TestPlane::has_heard_of_ending(const std::string& attempt_id) {
  const std::lock_guard lock(mutex_);
  return ending_.contains(attempt_id);
}

void TestPlane::tell_secret(const std::string& secret) {
  agentrpc::ServerMessage message;
  message.mutable_come_back()->set_secret(secret);
  send(std::move(message));
}

agentrpc::Hello TestPlane::reconnect() {
  int before = 0;
  {
    const std::lock_guard lock(mutex_);
    before = connections_;
    session_->close();
  }
  wait([&] { return connections_ > before; });
  const std::lock_guard lock(mutex_);
  return hello_;
}

void TestPlane::on_connected(std::shared_ptr<agentrpc::AgentSession> session, const agentrpc::Hello& hello) {
  const std::lock_guard lock(mutex_);
  agentrpc::ServerMessage message;
  agentrpc::Welcome& welcome = *message.mutable_welcome();
  if (!wants_nothing_) *welcome.mutable_wanted_attempt_ids() = hello.attempt_ids();
  session->send(message);
  session_ = std::move(session);
  hello_ = hello;
  ++connections_;
  changed_.notify_all();
}

void TestPlane::on_message(const std::shared_ptr<agentrpc::AgentSession>& session,
                           agentrpc::AgentMessage message) {
  const std::lock_guard lock(mutex_);
  if (message.has_request()) {
    const auto body = parse_json(message.request().body());
    asked_.push_back({message.request().attempt_id(), get_text(*body, "type"), *body, Clock::now()});
    answer(*session, message.request());
  } else if (message.has_finished()) {
    finished_[message.finished().attempt_id()] = message.finished();
    ++ends_[message.finished().attempt_id()];
    agentrpc::ServerMessage acknowledgement;
    acknowledgement.mutable_finished_ack()->set_attempt_id(message.finished().attempt_id());
    if (!holds_ends_) session->send(acknowledgement);
  } else if (message.has_parsed()) {
    parsed_[message.parsed().parse_id()] = message.parsed();
  } else if (message.has_log()) {
    std::string& log = logs_[message.log().attempt_id()];
    log.resize(message.log().offset());
    log += message.log().content();
    if (!holds_logs_) acknowledge_log(message.log().attempt_id());
  } else if (message.has_trigger()) {
    fired_[message.trigger().trigger_id()] = message.trigger();
  } else if (message.has_started()) {
    started_[message.started().attempt_id()] = static_cast<pid_t>(message.started().pid());
  } else if (message.has_ending()) {
    ending_.insert(message.ending().attempt_id());
  } else if (message.has_idle()) {
    ++idle_;
  } else if (message.has_refused()) {
    refused_[message.refused().attempt_id()] = message.refused().reason();
  }
  changed_.notify_all();
}

void TestPlane::on_disconnected(const std::shared_ptr<agentrpc::AgentSession>& session) {
  const std::lock_guard lock(mutex_);
  // It may have come back before.
  if (session_ == session) session_ = nullptr;
  changed_.notify_all();
}

void TestPlane::answer(agentrpc::AgentSession& session, const agentrpc::SdkRequest& request) {
  agentrpc::ServerMessage message;
  agentrpc::SdkResponse& response = *message.mutable_response();
  response.set_request_id(request.request_id());
  if (asked_.back().type == "GetVariable") {
    if (holds_answers_) return;
    response.set_body(json::serialize(json::object{{"type", "VariableResult"},
                                                   {"key", get_text(asked_.back().body, "key")},
                                                   {"value", "value-of-variable"}}));
  }
  session.send(message);
}

TestAgent::TestAgent(std::vector<std::string> extra_arguments)
    : folder_(std::filesystem::temp_directory_path() / ("lf-agent-" + random_hex(6))),
      plane_("unix:" + folder_.string() + "/plane.sock") {
  std::filesystem::create_directories(folder_ / "dags");
  plane_.open();
  std::vector<std::string> arguments{LEOFLOW_AGENT_BINARY,
                                     "--server",
                                     "unix:" + (folder_ / "plane.sock").string(),
                                     "--python",
                                     LEOFLOW_AIRFLOW_PYTHON,
                                     "--worker-path",
                                     LEOFLOW_WORKER_PATH,
                                     "--home",
                                     (folder_ / "home").string()};
  arguments.insert(arguments.end(), extra_arguments.begin(), extra_arguments.end());
  // Not forked by us: what allocates between fork and exec may wait forever for a lock of the sanitizer's
  // that a thread of gRPC held.
  const auto started = start_session({.arguments = std::move(arguments),
                                      .environment = {{"LEOFLOW_AGENT_TOKEN", "secret"}},
                                      .log_file = (folder_ / "agent.log").string()});
  if (!started) throw Fatal(started.error().message);
  pid_ = *started;
  if (plane_.wait_connected()) return;
  kill_agent();
  throw Fatal("the agent does not connect: " + read_file(folder_ / "agent.log").value_or(""));
}

TestAgent::~TestAgent() {
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    wait_exit();
  }
  if (std::getenv("LEOFLOW_KEEP") == nullptr) std::filesystem::remove_all(folder_);
}

void TestAgent::kill_agent() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

int TestAgent::wait_exit() {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < deadline) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = 0;
      return status;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  kill_agent();
  return -1;
}

pid_t TestAgent::base_pid() const {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (!std::isdigit(static_cast<unsigned char>(name.front()))) continue;
    const std::string status = read_file(entry.path() / "status").value_or("");
    const std::string command = read_file(entry.path() / "cmdline").value_or("");
    if (status.find("PPid:\t" + std::to_string(pid_) + "\n") != std::string::npos &&
        command.find("leoflow_worker") != std::string::npos) {
      return std::stoi(name);
    }
  }
  return 0;
}

void TestAgent::write_dag(const std::string& name, const std::string& text) const {
  std::ofstream(folder_ / "dags" / name) << text;
}

std::string TestAgent::start(const std::string& file, const std::string& task_id, bool preload) {
  const std::string id = new_uuid(SystemClock().now()).text();
  const std::string dag_id = file.substr(0, file.find('.'));
  const json::object run{{"dag_id", dag_id},
                         {"run_id", "r1"},
                         {"logical_date", "2026-01-01T00:00:00Z"},
                         {"data_interval_start", nullptr},
                         {"data_interval_end", nullptr},
                         {"run_after", "2026-01-01T00:00:00Z"},
                         {"start_date", "2026-01-01T00:00:00Z"},
                         {"end_date", nullptr},
                         {"run_type", "manual"},
                         {"state", "running"},
                         {"consumed_asset_events", json::array()},
                         {"partition_key", nullptr}};
  const json::object details{
      {"ti", json::object{{"id", id},
                          {"task_id", task_id},
                          {"dag_id", dag_id},
                          {"run_id", "r1"},
                          {"try_number", 1},
                          {"dag_version_id", id},
                          {"map_index", -1}}},
      {"dag_rel_path", file},
      {"bundle_info", json::object{{"name", "tests"}, {"version", nullptr}}},
      {"ti_context", json::object{{"dag_run", run}, {"max_tries", 1}, {"should_retry", true}}},
      {"sentry_integration", ""}};
  agentrpc::StartAttempt start;
  start.set_attempt_id(id);
  start.set_startup_details(json::serialize(details));
  start.set_bundle_path((folder_ / "dags").string());
  start.set_log_path((folder_ / "logs" / (id + ".log")).string());
  (*start.mutable_environment())["FROM_THE_PLANE"] = "hello";
  start.set_preload(preload);
  plane_.start_attempt(start);
  return id;
}

agentrpc::ParseResult TestAgent::parse(const std::string& file, std::uint32_t timeout_ms) {
  agentrpc::ParseRequest request;
  request.set_parse_id("parse-" + random_hex(4));
  request.set_file((folder_ / "dags" / file).string());
  request.set_bundle_path((folder_ / "dags").string());
  request.set_bundle_name("tests");
  request.set_timeout_ms(timeout_ms);
  plane_.parse(request);
  return plane_.wait_parsed(request.parse_id());
}

std::string TestAgent::log_of(const std::string& attempt_id) const {
  return read_file(folder_ / "logs" / (attempt_id + ".log")).value_or("");
}

bool TestAgent::wait_says(const std::string& line, int times) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < deadline) {
    const std::string said = read_file(folder_ / "agent.log").value_or("");
    int found = 0;
    for (auto at = said.find(line); at != std::string::npos; at = said.find(line, at + 1)) ++found;
    if (found >= times) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

bool wait_gone(pid_t pid) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline) {
    const std::string status = read_file("/proc/" + std::to_string(pid) + "/status").value_or("");
    if (status.empty() || status.find("State:\tZ") != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace leoflow::agent
