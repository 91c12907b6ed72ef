#pragma once

#include "api/core/call.hpp"
#include "api/core/run_cache.hpp"
#include "base/clock.hpp"

namespace leoflow::api {

/// How many task instances the runs of a time have, from `start` to `end`, both included. More than
/// kMostCounted are not counted: then the sum is kMostCounted + 1.
TaskCounts count_tasks_of_runs(Call& call, Time start, Time end);

}  // namespace leoflow::api
