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

/// The states stand in the text, since they are known words, in the form that the partial indexes on states
/// have.
/// @param unfinished the condition of the index on what has not ended.
void filter_states(Select& select, std::string_view column, const std::vector<std::string>& words,
                   std::span<const std::string_view> ended, std::string_view unfinished) {
  if (words.empty()) return;
  const auto is_ended = [&](const std::string& word) {
    return std::ranges::find(ended, word) != ended.end();
  };
  if (std::ranges::none_of(words, is_ended)) select.where(unfinished).few();
  if (words.size() == 1 && words.front() != "none") {
    select.where(fmt::format("{} = '{}'", column, words.front()));
    return;
  }
  std::vector<std::string> quoted;
  for (const std::string& word : words)
    if (word != "none") quoted.push_back(fmt::format("'{}'", word));
  const bool with_null = quoted.size() < words.size();
  std::string text = quoted.empty() ? "" : fmt::format("{} IN ({})", column, fmt::join(quoted, ", "));
  if (with_null) text += fmt::format("{}{} IS NULL", text.empty() ? "" : " OR ", column);
  select.where("(" + text + ")");
}

Result<void> filter_task_states(Select& select, const std::vector<std::string>& states) {
  std::vector<std::string> words = states;
  std::ranges::replace(words, "no_status", "none");
  if (auto fine = check("state", words, kTaskStates); !fine) return fine;
  constexpr std::string_view kEnded[] = {"success", "failed", "skipped", "upstream_failed", "removed"};
  filter_states(select, "t.state", words, kEnded, kIsUnfinished);
  return {};
}

Result<void> filter_run_states(Select& select, const std::vector<std::string>& states) {
  if (auto fine = check_run_states(states); !fine) return fine;
  constexpr std::string_view kEnded[] = {"success", "failed", "none"};
  filter_states(select, "r.state", states, kEnded, "r.state IN ('queued', 'running')");
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
