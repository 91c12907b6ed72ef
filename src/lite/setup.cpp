#include "lite/setup.hpp"

#include <fmt/format.h>

#include "auth/passwords.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "lite/config_lock.hpp"

namespace leoflow::lite {
namespace {

Result<Config> load_or_default(const Home& home) {
  auto config = load_config(home);
  if (config || config.error().code != ErrorCode::not_found) return config;
  return Config{};
}

/// The first interpreter that is in order: the one asked for, the configured one, our own.
Result<PythonEnvironment> find_environment(const Home& home, const SetupOptions& options,
                                           const Config& config) {
  if (options.python) return inspect_python(*options.python);
  if (!config.python.empty()) {
    if (auto found = inspect_python(config.python)) return found;
  }
  return inspect_python((home.python_environment() / "bin/python").string());
}

}  // namespace

Result<SetupResult> set_up(const Home& home, const SetupOptions& options,
                           const std::function<void(std::string_view)>& progress) {
  const ConfigLock lock(home);
  auto config = load_or_default(home);
  if (!config) return std::unexpected(config.error());
  SetupResult result;
  result.config = *config;
  Config& c = result.config;

  auto python = find_environment(home, options, c);
  if (!python && options.python) return std::unexpected(python.error());
  if (!python) python = make_python_environment(home.python_environment(), options.wheelhouse, progress);
  if (!python) return std::unexpected(python.error());
  result.python = *python;

  const auto set = [&](std::string& field, const std::string& value) {
    result.changed = result.changed || field != value;
    field = value;
  };
  set(c.python, python->python);
  if (c.jwt_secret.empty()) set(c.jwt_secret, random_hex(64));
  if (c.secret_key.empty()) set(c.secret_key, random_hex(32));
  if (c.agent_token.empty()) set(c.agent_token, random_hex(32));
  if (options.workspace || c.workspace.empty())
    set(c.workspace, options.workspace.value_or(default_workspace()));
  if (options.admin_password) {
    if (!auth::password_matches(*options.admin_password, c.admin_password_hash)) {
      set(c.admin_password_hash, auth::hash_password(*options.admin_password));
    }
  } else if (c.admin_password_hash.empty()) {
    result.new_password = auth::random_password();
    set(c.admin_password_hash, auth::hash_password(*result.new_password));
  }
  if (result.changed) {
    progress(fmt::format("writing {}", home.config_file().string()));
    save_config(home, c);
  }
  return result;
}

Result<std::vector<std::string>> plan_setup(const Home& home, const SetupOptions& options) {
  const auto config = load_or_default(home);
  if (!config) return std::unexpected(config.error());
  std::vector<std::string> steps;
  const auto python = find_environment(home, options, *config);
  if (!python && options.python) return std::unexpected(python.error());
  if (!python) {
    steps.push_back(fmt::format("make a Python environment in {} with {}", home.python_environment().string(),
                                join(pinned_packages(), " ")));
  }
  if (config->jwt_secret.empty()) steps.emplace_back("make keys for this install");
  if (config->admin_password_hash.empty())
    steps.push_back(fmt::format("make the admin {}", config->admin_email));
  if (!steps.empty()) steps.push_back(fmt::format("write {}", home.config_file().string()));
  return steps;
}

Result<std::string> reset_password(const Home& home, std::optional<std::string> password) {
  const ConfigLock lock(home);
  auto config = load_config(home);
  if (!config) return std::unexpected(config.error());
  const std::string chosen = password.value_or(auth::random_password());
  config->admin_password_hash = auth::hash_password(chosen);
  save_config(home, *config);
  return chosen;
}

}  // namespace leoflow::lite
