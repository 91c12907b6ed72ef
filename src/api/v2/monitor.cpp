#include "api/resources.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"

namespace leoflow::api {

namespace {

struct Pulse {
  std::optional<std::string> status;
  std::optional<std::string> latest_heartbeat;
};

/// Of those of a kind the one that was heard of last; nothing if there is none.
Pulse pulse_of(const std::vector<Process>& processes, std::string_view job_type, Time now) {
  const Process* best = nullptr;
  for (const Process& process : processes) {
    if (process.job_type != job_type) continue;
    if (best == nullptr || best->latest_heartbeat < process.latest_heartbeat) best = &process;
  }
  if (best == nullptr) return {};
  return {best->is_alive(now) ? "healthy" : "unhealthy", to_iso_offset(best->latest_heartbeat)};
}

Result<Answer> get_health(Call& call, const gen::GetHealthParams&) {
  gen::HealthInfoResponse health;
  try {
    call.query("SELECT 1");
    health.metadatabase.status = "healthy";
  } catch (const store::Unavailable&) {
    health.metadatabase.status = "unhealthy";
  }
  const std::vector<Process> processes = call.api.around.processes();
  const Pulse scheduler = pulse_of(processes, "SchedulerJob", call.now());
  health.scheduler.status = scheduler.status.value_or("unhealthy");
  health.scheduler.latest_scheduler_heartbeat = scheduler.latest_heartbeat;
  const Pulse triggerer = pulse_of(processes, "TriggererJob", call.now());
  health.triggerer.status = triggerer.status;
  health.triggerer.latest_triggerer_heartbeat = triggerer.latest_heartbeat;
  const Pulse files = pulse_of(processes, "DagProcessorJob", call.now());
  auto& processor = health.dag_processor.emplace();
  processor.status = files.status;
  processor.latest_dag_processor_heartbeat = files.latest_heartbeat;
  return ok(health);
}

Result<Answer> get_version(Call& call, const gen::GetVersionParams&) {
  gen::VersionInfo version;
  version.version = call.api.config.airflow_version;
  version.git_version = call.api.config.airflow_git_version;
  return ok(version);
}

}  // namespace

void bind_monitor(Registry& registry) {
  registry.bind<op::get_health>(get_health);
  registry.bind<op::get_version>(get_version);
}

}  // namespace leoflow::api
