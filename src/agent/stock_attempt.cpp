#include "agent/stock_attempt.hpp"

#include <csignal>
#include <fmt/core.h>
#include <string.h>

#include "agent/dag_file.hpp"
#include "agent/log_pump.hpp"
#include "agent/stock_worker.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/log.hpp"

namespace leoflow::agent {
namespace {

std::string end_of_worker(const ProcessEnd& end) {
  if (end.signal == SIGKILL) return "Airflow's worker was killed by SIGKILL: possibly out of memory";
  if (end.signal != 0) return "Airflow's worker was terminated by " + signal_name(end.signal);
  return fmt::format("Airflow's worker exited with code {}", end.exit_code);
}

DagFile bundle_of(const agentrpc::StartAttempt& start) {
  const json::value workload = parse_json(start.workload()).value_or(nullptr);
  const json::value* bundle = find(workload, "bundle_info");
  return {.path = "",
          .bundle_path = start.bundle_path(),
          .bundle_name = bundle == nullptr ? "" : get_text(*bundle, "name")};
}

}  // namespace

StockAttempt::StockAttempt(World& world, agentrpc::StartAttempt start)
    : world_(world), start_(std::move(start)), kill_timer_(world.loop) {}

void StockAttempt::begin() {
  std::map<std::string, std::string> environment(start_.environment().begin(), start_.environment().end());
  for (const auto& [name, value] : bundle_environment(bundle_of(start_))) {
    environment.emplace(name, std::string(value.get_string()));
  }
  const auto pid = start_stock_worker(world_.python, environment, start_.workload());
  if (!pid) return finish({}, pid.error().message);
  pid_ = *pid;
  world_.workers.emplace(pid_, shared_from_this());
}

void StockAttempt::stop(const std::string& reason, std::chrono::milliseconds grace) {
  if (pid_ == 0 || is_stopping_) return;
  is_stopping_ = true;
  note("warning", fmt::format("Stopping the task: {}", reason));
  // To the worker alone: it hands it on to the task.
  ::kill(pid_, SIGTERM);
  kill_timer_.expires_after(grace);
  kill_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (error || self->pid_ == 0) return;
    self->note("warning", "The task ignored SIGTERM; sending SIGKILL");
    kill_session(self->pid_);
  });
}

void StockAttempt::on_end(const ProcessEnd& end) {
  kill_timer_.cancel();
  // The task is in a group of its own, and outlives its worker.
  kill_session(pid_);
  pid_ = 0;
  const std::string reason = end_of_worker(end);
  // A task that fails is no failure of its worker.
  if (end.signal != 0 || end.exit_code != 0) {
    note("error", "Process ended: " + reason);
    log::warning("attempt {}: {}", start_.attempt_id(), reason);
  }
  finish(end, reason);
}

void StockAttempt::note(std::string_view level, const std::string& text) const {
  auto file = LogFile::open(start_.log_path(), world_.max_log_bytes);
  if (!file) return log::warning("attempt {}: {}: {}", start_.attempt_id(), file.error().message, text);
  LogPump pump(std::move(*file));
  pump.note(level, text);
  pump.finish();
}

void StockAttempt::finish(const ProcessEnd& end, std::string reason) {
  world_.on_finished(report_of(start_.attempt_id(), end, std::move(reason)));
}

}  // namespace leoflow::agent
