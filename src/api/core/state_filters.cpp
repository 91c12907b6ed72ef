#include "api/core/state_filters.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace leoflow::api {
namespace {

constexpr std::string_view kTaskStates[] = {
    "removed",      "scheduled",         "queued",          "running", "success",  "restarting",    "failed",
    "up_for_retry", "up_for_reschedule", "upstream_failed", "skipped", "deferred", "awaiting_input"};
constexpr std::string_view kRunStates[] = {"queued", "running", "success", "failed"};
constexpr std::string_view kRunTypes[] = {"backfill",           "scheduled",       "manual",
                                          "operator_triggered", "asset_triggered", "asset_materialization"};

Result<void> check(std::string_view what, const std::vector<std::string>& words,
                   std::span<const std::string_view> known) {
  for (const std::string& word : words) {
    if (word == "none" || std::ranges::find(known, word) != known.end()) continue;
    return fail(ErrorCode::unprocessable,
                fmt::format("Invalid value for {}. Valid values are {}", what, fmt::join(known, ", ")));
  }
  return {};
}

}  // namespace

Result<void> filter_task_states(Select& select, const std::vector<std::string>& states) {
  std::vector<std::string> words = states;
  std::ranges::replace(words, "no_status", "none");
  if (auto fine = check("state", words, kTaskStates); !fine) return fine;
  select.in("t.state", words, "none");
  return {};
}

Result<void> filter_run_states(Select& select, const std::vector<std::string>& states) {
  if (auto fine = check_run_states(states); !fine) return fine;
  select.in("r.state", states, "none");
  return {};
}

Result<void> filter_run_types(Select& select, const std::vector<std::string>& types) {
  if (auto fine = check("run type", types, kRunTypes); !fine) return fine;
  select.in("r.run_type", types, "none");
  return {};
}

Result<void> check_run_states(const std::vector<std::string>& states) {
  return check("state", states, kRunStates);
}

}  // namespace leoflow::api
