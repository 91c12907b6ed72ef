#include "agent/attempt.hpp"

#include <fmt/core.h>
#include <signal.h>
#include <string.h>

#include "base/log.hpp"
#include "base/time_text.hpp"

namespace leoflow::agent {
namespace {

using boost::system::error_code;

constexpr int kMaxLaunches = 3;
constexpr const char* kNoProcess =
    "the agent cannot start another process: its log says why; fewer slots or higher limits help";

}  // namespace

Attempt::Attempt(World& world, agentrpc::StartAttempt start)
    : world_(world), start_(std::move(start)), kill_timer_(world.loop), overtime_timer_(world.loop) {}

void Attempt::begin() {
  auto details = parse_json(start_.startup_details());
  if (!details || !details->is_object())
    return finish({}, "the control plane sent startup details that are no JSON");
  details_ = std::move(*details);
  auto file = LogFile::open(start_.log_path(), world_.max_log_bytes);
  if (!file) return finish({}, file.error().message);
  log_.emplace(std::move(*file));
  const json::value* bundle = find(details_, "bundle_info");
  file_ = {.path = start_.bundle_path() + "/" + get_text(details_, "dag_rel_path"),
           .bundle_path = start_.bundle_path(),
           .bundle_name = bundle ? get_text(*bundle, "name") : ""};
  take_child();
}

void Attempt::take_child() {
  ++launches_;
  world_.pool.take_task_child(file_, start_.preload(),
                              [self = shared_from_this()](std::shared_ptr<Child> child) {
                                if (!child) return self->finish({}, kNoProcess);
                                if (self->is_finished_) return child->abandon();
                                self->run_in(std::move(child));
                              });
}

void Attempt::run_in(std::shared_ptr<Child> child) {
  child_ = std::move(child);
  dialogue_ = std::make_shared<SdkDialogue>(world_.book, start_.attempt_id(), child_,
                                            [this](const SdkRequestFrame& request) {
                                              note_request(request);
                                              return false;
                                            });
  dialogue_->on_denied([this](const std::string&, const std::string& why) { log_->note("error", why); });
  const Time now = SystemClock().now();
  log_->use(dialogue_->masker(), now);
  // After a deferral the first start counts.
  const json::value* context = find(details_, "ti_context");
  const auto first_start = context ? find_text(*context, "start_date") : std::nullopt;
  json::object& details = details_.get_object();
  details["start_date"] = first_start.value_or(to_iso_z(now));
  details["type"] = "StartupDetails";
  json::object environment = bundle_environment(file_);
  for (const auto& [name, value] : start_.environment()) environment[name] = value;
  dialogue_->begin(environment, json::serialize(details_));
  child_->assign(*this);
}

void Attempt::on_forked(pid_t) {
  started_at_ = SystemClock().now();
  report_started();
  if (is_stopping_) child_->signal(SIGTERM);
}

void Attempt::report_started() {
  if (!child_ || child_->pid() == 0) return;
  agentrpc::AgentMessage message;
  message.mutable_started()->set_attempt_id(start_.attempt_id());
  message.mutable_started()->set_pid(static_cast<std::uint32_t>(child_->pid()));
  message.mutable_started()->set_started_at(to_micros(started_at_));
  world_.send(std::move(message));
}

void Attempt::on_request(std::string payload) {
  dialogue_->serve(payload);
}

void Attempt::on_output(OutputStream stream, std::string_view bytes) {
  log_->read(stream, bytes);
}

void Attempt::note_request(const SdkRequestFrame& request) {
  if (!is_final(request.type)) return;
  is_reported_ = true;
  world_.on_ending(start_.attempt_id());
  // As in Airflow, the others may take their time.
  const bool is_over =
      request.type == "SucceedTask" || request.type == "RetryTask" || request.type == "TaskState";
  if (!is_over) return;
  overtime_timer_.expires_after(world_.overtime);
  overtime_timer_.async_wait([self = shared_from_this()](error_code error) {
    if (!error)
      self->stop("The task reported its end long ago, but its process is still there",
                 self->world_.stop_grace);
  });
}

void Attempt::stop(const std::string& reason, std::chrono::milliseconds grace) {
  if (is_finished_ || is_stopping_) return;
  if (!child_) return finish({}, "stopped before it started: " + reason);
  is_stopping_ = true;
  log_->note("warning", fmt::format("Stopping the task: {}", reason));
  child_->signal(SIGTERM);
  kill_timer_.expires_after(grace);
  kill_timer_.async_wait([self = shared_from_this()](error_code error) {
    if (error || self->is_finished_) return;
    self->log_->note("warning", "The task ignored SIGTERM; sending SIGKILL");
    self->child_->signal(SIGKILL);
  });
}

void Attempt::on_end(const ProcessEnd& end) {
  if (end.never_ran && !is_stopping_ && launches_ < kMaxLaunches) {
    child_.reset();
    return take_child();
  }
  finish(end, reason_of(end));
}

std::string Attempt::reason_of(const ProcessEnd& end) const {
  if (end.never_ran) return "the project's Python cannot be started; the agent's log says why";
  if (!end.is_known) return "the process is gone, and with it the one that watched it";
  if (end.signal == SIGKILL && !is_stopping_) return "killed by SIGKILL: possibly out of memory";
  if (end.signal != 0) return "terminated by " + signal_name(end.signal);
  if (!is_reported_) return fmt::format("exited with code {} without reporting a state", end.exit_code);
  return end.exit_code == 0 ? "" : fmt::format("exited with code {}", end.exit_code);
}

void Attempt::finish(const ProcessEnd& end, std::string reason) {
  if (is_finished_) return;
  is_finished_ = true;
  kill_timer_.cancel();
  overtime_timer_.cancel();
  if (log_) {
    if (!reason.empty()) log_->note(is_reported_ ? "warning" : "error", "Process ended: " + reason);
    log_->finish();
  }
  world_.on_finished(report_of(start_.attempt_id(), end, std::move(reason)));
}

}  // namespace leoflow::agent
