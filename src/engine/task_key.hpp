#pragma once

#include <utility>

#include "scheduler/scheduler.hpp"
#include "store/sql.hpp"

namespace leoflow::engine {

/// The parameters that name a task instance in all tables (dag_id, run_id, task_id, map_index), and more
/// behind them.
template <typename... More>
store::Params key_and(const scheduler::TaskRef& ref, More&&... more) {
  store::Params params;
  params.reserve(4 + sizeof...(more));
  params.emplace_back(ref.run->dag->dag_id);
  params.emplace_back(ref.run->run_id);
  params.emplace_back(ref.task().task_id);
  params.emplace_back(int{ref.ti().map_index});
  (params.emplace_back(std::forward<More>(more)), ...);
  return params;
}

inline store::Params key_of(const scheduler::TaskRef& ref) {
  return key_and(ref);
}

}  // namespace leoflow::engine
