#pragma once

#include <future>
#include <map>
#include <mutex>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "engine/commands.hpp"

namespace leoflow::api {

/// What only Python knows of the installed packages: providers, forms of connections, Airflow's default
/// connections. Asked when it is needed first, which takes a second or two, and kept: another set of packages
/// needs a restart, as in Airflow. Thread safe.
class Catalog {
 public:
  /// @param list "providers", "hook_meta" or "default_connections"; its items are as in Airflow's API.
  /// Errors: unavailable (no agent answers, or Python fails; the log says how). The next call asks again.
  Result<json::array> read(engine::Commands& commands, const std::string& list);

 private:
  using Told = Result<json::array>;

  static Told ask(engine::Commands& commands, const std::string& list);

  std::mutex mutex_;
  std::map<std::string, std::shared_future<Told>> told_;
};

}  // namespace leoflow::api
