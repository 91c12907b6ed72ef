#pragma once

#include <string_view>
#include <vector>

#include "base/ids.hpp"

namespace leoflow::scheduler {

/// Why a task instance that is cleared is stopped.
constexpr std::string_view kCleared = "the task instance was cleared";

/// Attempts that hold a slot.
struct ActiveAttempts {
  std::vector<Uuid> all;
  std::vector<Uuid> cleared;  ///< of those, the ones that are to stop: their ends are waited for
};

}  // namespace leoflow::scheduler
