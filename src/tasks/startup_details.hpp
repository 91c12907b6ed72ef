#pragma once

#include <string>

#include "base/json.hpp"
#include "engine/ports.hpp"

namespace leoflow::tasks {

/// JSON of the SDK's StartupDetails for an attempt; without start_date, which
/// the agent adds.
std::string startup_details(const engine::AttemptSpec& spec);

/// The SDK's TIRunContext of an attempt.
json::object run_context(const engine::AttemptSpec& spec);

/// JSON of the SDK's DagCallbackRequest.
std::string callback_request(const engine::CallbackSpec& spec);

/// JSON {"dag", "dag_run"} for the templates in a trigger's arguments; "" if it has none.
std::string rendering_of(const engine::TriggerSpec& spec);

/// The SDK's TaskInstance. @param spec  an AttemptSpec or a TriggerSpec.
template <typename Spec>
json::object task_instance_of(const Spec& spec) {
  return {{"id", spec.id.text()},
          {"task_id", spec.task_id},
          {"dag_id", spec.dag_id},
          {"run_id", spec.run_id},
          {"try_number", spec.try_number},
          {"map_index", spec.map_index},
          {"dag_version_id", spec.dag_version_id}};
}

}  // namespace leoflow::tasks
