#pragma once

#include <vector>

#include "dag/dag.hpp"

namespace leoflow::dag {

/// Fills in what setup and teardown tasks mean for the others of a connected
/// graph: `upstream_setups`, `setups`, `scope` and `watchers` of each task.
/// Source: Airflow 3.3.2, TriggerRuleDep (setup constraint, teardown scope).
void connect_setups(Dag& dag);

/// The tasks whose states decide the run's: those without anything below them that
/// counts. A teardown counts only with on_failure_fail_dagrun; if nothing counts, the last tasks do.
std::vector<TaskIndex> effective_leaves(const Dag& dag);

}  // namespace leoflow::dag
