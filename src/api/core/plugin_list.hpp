#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "api/core/plugin_sources.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "engine/commands.hpp"

namespace leoflow::api {

/// What python/leoflow_worker/plugins.py tells.
struct PluginFacts {
  json::array plugins;                ///< as in Airflow's API
  json::array import_errors;          ///< likewise
  std::vector<std::string> prefixes;  ///< below which applications of plugins answer
  PageSources sources;                ///< what pages that show them need of other hosts
};

/// The plugins as they are now. The UI asks with each page: what is known is answered at once, and renewed
/// behind it when somebody says that files have changed. Thread safe; the last answer of Python may not
/// outlive it.
class PluginList {
 public:
  /// @param file  keeps the last answer, so that a server that starts again knows it at once; "" for none.
  /// @param is_on_demand  Python is started for the question: who cannot wait so long hears of no plugins
  explicit PluginList(std::filesystem::path file, bool is_on_demand = false);

  /// Asks Python anew; returns at once.
  void renew(engine::Commands& commands);

  /// Other packages and plugins are installed from now on, where Python is started on demand.
  void forget();

  /// Waits only if Python has never answered yet.
  /// Errors: unavailable (no agent answers, or Python fails; the log says how). The next call asks again.
  Result<std::shared_ptr<const PluginFacts>> read(engine::Commands& commands);

  /// What pages that show the plugins need of other hosts; nothing as long as that is not known.
  PageSources sources();

  /// Whether an application of a plugin answers this path; nothing as long as that is not known.
  std::optional<bool> serves(std::string_view path);

 private:
  void ask(engine::Commands& commands);
  void told(engine::Commands& commands, const Result<json::value>& answer);

  const std::filesystem::path file_;
  const bool is_on_demand_;

  // protected by mutex_
  std::mutex mutex_;
  std::condition_variable answered_;
  std::shared_ptr<const PluginFacts> facts_;
  bool asking_ = false;
  bool again_ = false;  ///< they changed while Python was asked
};

}  // namespace leoflow::api
