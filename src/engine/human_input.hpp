#pragma once

#include "engine/commands.hpp"
#include "scheduler/scheduler.hpp"
#include "store/sql.hpp"

/// Questions to people (Airflow's human in the loop) between the scheduler and the store.
namespace leoflow::engine {

/// Whether somebody answered the question of a task instance's current try.
bool is_answered(store::Session& session, const scheduler::TaskRef& ref);

/// A task instance goes on with the answer: the one that was given, else the default (which is the answer
/// then), else the error that its time is over.
void write_answer(store::Session& session, const scheduler::TaskRef& ref, Time now);

/// The task instances that wait for an answer that is there.
std::vector<std::pair<std::string, TaskKey>> answered_inputs(store::Session& session);

}  // namespace leoflow::engine
