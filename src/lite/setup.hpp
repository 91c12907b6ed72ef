#pragma once

#include <functional>
#include <optional>
#include <string>

#include "lite/config.hpp"
#include "lite/python_environment.hpp"

namespace leoflow::lite {

struct SetupOptions {
  std::optional<std::string> python;      ///< use this interpreter's environment
  std::optional<std::string> wheelhouse;  ///< install from this folder, offline
  std::optional<std::string> workspace;
  std::optional<std::string> admin_password;  ///< else one is made up
};

struct SetupResult {
  Config config;
  PythonEnvironment python;
  std::optional<std::string> new_password;  ///< made up just now: to be shown once
  bool changed = false;
};

/// Brings an install into order; what is in order already stays as it is.
/// @param progress told what is being done, a line each.
/// Errors: those of load_config, inspect_python and make_python_environment.
Result<SetupResult> set_up(const Home& home, const SetupOptions& options,
                           const std::function<void(std::string_view)>& progress);

/// What set_up would do, a line each; empty if nothing.
Result<std::vector<std::string>> plan_setup(const Home& home, const SetupOptions& options);

/// Gives the admin a new password. @returns it.
/// Errors: those of load_config.
Result<std::string> reset_password(const Home& home, std::optional<std::string> password);

}  // namespace leoflow::lite
