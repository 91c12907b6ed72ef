#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace leoflow::scheduler {

/// The XCom by which a branch, a short circuit or the like leaves its decision to those below it.
constexpr std::string_view kSkipKey = "skipmixin_key";

/// Which of the tasks directly below it a branch or the like left out.
struct SkipDecision {
  bool is_followed = false;  ///< `task_ids` are those that go on, not those that do not
  std::vector<std::string> task_ids;

  bool skips(std::string_view task_id) const;
};

/// Reads the value of that XCom: {"followed": [...]} or {"skipped": [...]}. Nothing if it is neither.
std::optional<SkipDecision> read_skips(const json::value& value);

}  // namespace leoflow::scheduler
