#pragma once

#include <optional>
#include <string>

#include "base/json.hpp"

namespace leoflow::cli {

/// One record of a task's log as a line of text: time, level, message, and the
/// fields that came with it; a traceback follows on lines of its own. Group
/// marks are left out (nullopt for the end of one), so that groups are flat.
std::optional<std::string> log_line(const json::value& record);

}  // namespace leoflow::cli
