#pragma once

#include <future>
#include <map>
#include <mutex>
#include <semaphore>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "engine/commands.hpp"

namespace leoflow::api {

/// What only Python knows of the installed packages: providers, forms of connections, Airflow's default
/// connections, its configuration. Asked when it is needed first, which takes a second or two, and kept:
/// another set of packages needs a restart, as in Airflow, or forget(). Thread safe.
class Catalog {
 public:
  /// @param list "providers", "hook_meta", "default_connections" or "configuration"; questions.py says what
  /// its items are.
  /// @param more  what else the question says; the same at each call.
  /// Errors: unavailable (no agent answers, or Python fails; the log says how). The next call asks again.
  Result<json::array> read(engine::Commands& commands, const std::string& list,
                           const json::object& more = {});
  /// Other packages are installed from now on.
  void forget();

 private:
  using Told = Result<json::array>;

  static Told ask(engine::Commands& commands, const std::string& list, const json::object& more);

  std::mutex mutex_;
  std::map<std::string, std::shared_future<Told>> told_;
  std::counting_semaphore<4> waiting_{4};  ///< for an answer: there are threads for everybody else
};

}  // namespace leoflow::api
