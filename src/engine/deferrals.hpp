#pragma once

#include <optional>
#include <string>

#include "dag/trigger_call.hpp"
#include "engine/ports.hpp"
#include "scheduler/scheduler.hpp"
#include "store/sql.hpp"

/// Deferred task instances between the scheduler and the store.
namespace leoflow::engine {

/// What an attempt asks to wait for.
struct DeferredCall {
  dag::TriggerCall call;  ///< its kwargs sealed
  scheduler::Deferral deferral;
};

/// By the attempt's id, as the store still knows it.
void write_deferral(store::Session& session, const Uuid& attempt, const DeferredCall& deferred, Time now);
/// Of a task that starts from its trigger.
void write_start_deferral(store::Session& session, const scheduler::TaskRef& ref, Time now);
/// How it goes on, once that is known.
void write_next_step(store::Session& session, const scheduler::TaskRef& ref, std::string_view next_method,
                     std::string_view next_kwargs);
/// It goes on, but to fail.
void write_trigger_timeout(store::Session& session, const scheduler::TaskRef& ref);

/// Tells the scheduler what a stored run's deferred task instances wait for.
void restore_deferrals(scheduler::Scheduler& scheduler, store::Session& session, scheduler::Run& run);

struct NextStep {
  std::string method;
  std::string kwargs;  ///< JSON
};
/// Where a resumed task instance goes on. Empty if nothing is stored of it.
NextStep read_next_step(store::Session& session, const scheduler::TaskRef& ref);
/// Whether a trigger's arguments (JSON) are to be rendered before it starts: those of a task that starts from
/// it.
bool has_templates(std::string_view kwargs);
/// JSON, of the version that the run has.
std::string read_serialized_dag(store::Session& session, const scheduler::TaskRef& ref);
/// For whoever runs its trigger. Nothing if it does not wait any more.
std::optional<TriggerSpec> read_trigger(store::Session& session, const scheduler::TaskRef& ref);

}  // namespace leoflow::engine
