#pragma once

#include <functional>
#include <string>

#include "app/server.hpp"

namespace leoflow::cli {

/// Runs a control plane until SIGINT or SIGTERM. Ends the command if it cannot start.
/// @param on_ready  once it serves
void serve(app::ServerConfig config, const std::function<void()>& on_ready);

}  // namespace leoflow::cli
