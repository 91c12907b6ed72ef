#include "scheduler/skips.hpp"

#include <algorithm>

namespace leoflow::scheduler {

bool SkipDecision::skips(std::string_view task_id) const {
  return std::ranges::find(task_ids, task_id) != task_ids.end() ? !is_followed : is_followed;
}

std::optional<SkipDecision> read_skips(const json::value& value) {
  SkipDecision decision;
  const json::value* task_ids = find(value, "followed");
  decision.is_followed = task_ids != nullptr;
  if (task_ids == nullptr) task_ids = find(value, "skipped");
  if (task_ids == nullptr || !task_ids->is_array()) return std::nullopt;
  for (const json::value& task_id : task_ids->get_array()) {
    if (task_id.is_string()) decision.task_ids.emplace_back(task_id.get_string());
  }
  return decision;
}

}  // namespace leoflow::scheduler
