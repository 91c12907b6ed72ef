#pragma once

#include <string>

#include "engine/ports.hpp"

namespace leoflow::tasks {

/// JSON of the SDK's StartupDetails for an attempt; without start_date, which
/// the agent adds.
std::string startup_details(const engine::AttemptSpec& spec);

}  // namespace leoflow::tasks
