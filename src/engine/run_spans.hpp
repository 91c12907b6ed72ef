#pragma once

#include "base/trace.hpp"
#include "scheduler/changes.hpp"

/// Traces of runs as Airflow makes them: one for each run, with a span for each try of a task instance. Their
/// ids follow from what is stored anyway, so tasks join them after a restart, too.
namespace leoflow::engine {

trace::Context context_of(const trace::Tracer& tracer, const scheduler::Run& run);
/// @param id  of the task instance, for one try.
trace::Context context_of(const trace::Tracer& tracer, const scheduler::Run& run, const Uuid& id);

/// Spans of what ended in a pass. @param now  the time of the pass
void add_spans(trace::Tracer& tracer, const scheduler::Changes& changes, Time now);

}  // namespace leoflow::engine
