#include "tasks/workload.hpp"

#include "tasks/startup_details.hpp"

namespace leoflow::tasks {

std::string execute_task(const engine::AttemptSpec& spec, const std::string& token,
                         const std::string& log_path) {
  json::object ti = task_instance_of(spec);
  ti["queue"] = spec.queue;
  ti["pool_slots"] = spec.pool_slots;
  ti["priority_weight"] = spec.priority_weight;
  return json::serialize(
      json::object{{"type", "ExecuteTask"},
                   {"token", token},
                   {"ti", std::move(ti)},
                   {"dag_rel_path", spec.relative_fileloc},
                   {"bundle_info", json::object{{"name", spec.bundle_name}, {"version", nullptr}}},
                   {"log_path", log_path},
                   {"sentry_integration", ""}});
}

}  // namespace leoflow::tasks
