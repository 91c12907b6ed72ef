#include "api/resources.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"

namespace leoflow::api {

namespace {

// One process is scheduler, triggerer and DAG processor at once: that it answers
// means that they live. The database is asked.
Result<Answer> get_health(Call& call, const gen::GetHealthParams&) {
  const std::string now = to_iso_offset(call.now());
  gen::HealthInfoResponse health;
  try {
    call.query("SELECT 1");
    health.metadatabase.status = "healthy";
  } catch (const store::Unavailable&) {
    health.metadatabase.status = "unhealthy";
  }
  health.scheduler.status = "healthy";
  health.scheduler.latest_scheduler_heartbeat = now;
  health.triggerer.status = "healthy";
  health.triggerer.latest_triggerer_heartbeat = now;
  auto& processor = health.dag_processor.emplace();
  processor.status = "healthy";
  processor.latest_dag_processor_heartbeat = now;
  return ok(health);
}

Result<Answer> get_version(Call& call, const gen::GetVersionParams&) {
  gen::VersionInfo version;
  version.version = call.api.config.airflow_version;
  return ok(version);
}

Result<Answer> get_config(Call&, const gen::GetConfigParams&) {
  return fail(
      ErrorCode::forbidden,
      "Your Airflow administrator chose not to expose the configuration, most likely for security reasons.");
}

Result<Answer> get_config_value(Call&, const gen::GetConfigValueParams&) {
  return fail(
      ErrorCode::forbidden,
      "Your Airflow administrator chose not to expose the configuration, most likely for security reasons.");
}

}  // namespace

void bind_monitor(Registry& registry) {
  registry.bind<op::get_health>(get_health);
  registry.bind<op::get_version>(get_version);
  registry.bind<op::get_config>(get_config);
  registry.bind<op::get_config_value>(get_config_value);
}

}  // namespace leoflow::api
