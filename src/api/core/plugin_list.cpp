#include "api/core/plugin_list.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"

namespace leoflow::api {

namespace {

json::array items_of(const json::value& told, std::string_view name) {
  const json::value* list = find(told, name);
  return list != nullptr && list->is_array() ? list->get_array() : json::array();
}

std::vector<std::string> texts_of(const json::value& told, std::string_view name) {
  std::vector<std::string> out;
  for (const json::value& item : items_of(told, name)) {
    if (item.is_string()) out.emplace_back(item.get_string());
  }
  return out;
}

std::shared_ptr<const PluginFacts> read_facts(const json::value& told) {
  json::array plugins = items_of(told, "plugins");
  PageSources sources = plugin_sources(plugins);
  return std::make_shared<const PluginFacts>(std::move(plugins), items_of(told, "import_errors"),
                                             texts_of(told, "prefixes"), std::move(sources));
}

}  // namespace

PluginList::PluginList(std::filesystem::path file, bool is_on_demand)
    : file_(std::move(file)), is_on_demand_(is_on_demand) {
  const auto text = file_.empty() ? std::nullopt : read_file(file_.string());
  const auto told = text ? parse_json(*text) : fail(ErrorCode::not_found, "");
  if (told) facts_ = read_facts(*told);
}

void PluginList::renew(engine::Commands& commands) {
  {
    const std::lock_guard lock(mutex_);
    again_ = asking_;
    if (std::exchange(asking_, true)) return;
  }
  ask(commands);
}

void PluginList::ask(engine::Commands& commands) {
  commands.ask_python({{"ask", "plugins"}},
                      [this, &commands](const Result<json::value>& answer) { told(commands, answer); });
}

void PluginList::told(engine::Commands& commands, const Result<json::value>& answer) {
  if (answer) {
    for (const std::string& line : texts_of(*answer, "warnings")) log::warning("{}", line);
    // Python is asked once at a time; nobody who wants a page waits for the disk.
    try {
      if (!file_.empty()) write_file_atomically(file_.string(), json::serialize(*answer), 0600);
    } catch (const Fatal& error) {
      // The next start asks Python again.
      log::warning("{}", error.what());
    }
  } else {
    log::error("reading the plugins: {}", answer.error().message);
  }
  {
    const std::lock_guard lock(mutex_);
    if (answer) facts_ = read_facts(*answer);
    asking_ = std::exchange(again_, false);
    answered_.notify_all();
    if (!asking_) return;
  }
  ask(commands);
}

void PluginList::forget() {
  if (!is_on_demand_) return;
  const std::lock_guard lock(mutex_);
  facts_.reset();
  again_ = asking_;
}

Result<std::shared_ptr<const PluginFacts>> PluginList::read(engine::Commands& commands) {
  // Every page of the UI asks: where Python may not be there at all, not all workers may wait for it.
  const std::chrono::seconds patience{is_on_demand_ ? 3 : 25};
  bool asks = false;
  {
    const std::lock_guard lock(mutex_);
    if (facts_) return facts_;
    asks = !std::exchange(asking_, true);
  }
  if (asks) ask(commands);
  std::unique_lock lock(mutex_);
  answered_.wait_for(lock, patience, [this] { return facts_ || !asking_; });
  if (facts_) return facts_;
  if (is_on_demand_ && asking_) return std::make_shared<const PluginFacts>();
  return fail(ErrorCode::unavailable, "the plugins could not be read; the server's log says why");
}

PageSources PluginList::sources() {
  const std::lock_guard lock(mutex_);
  return facts_ ? facts_->sources : PageSources{};
}

std::optional<bool> PluginList::serves(std::string_view path) {
  const std::lock_guard lock(mutex_);
  if (!facts_) return std::nullopt;
  return std::ranges::any_of(facts_->prefixes, [path](std::string_view prefix) {
    return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
  });
}

}  // namespace leoflow::api
