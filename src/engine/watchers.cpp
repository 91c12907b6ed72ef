#include "engine/watchers.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "engine/engine.hpp"

// Source: Airflow 3.3.2, AssetModelOperation.add_asset_trigger_references, Trigger.submit_event.
namespace leoflow::engine {
namespace {

/// The same for the same trigger, also after a restart: agents go on with those that they run.
Uuid id_of(const dag::AssetWatcher& watcher) {
  const std::string hash = sha256_hex(watcher.classpath + "\n" + watcher.kwargs);
  Uuid id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    std::from_chars(hash.data() + 2 * i, hash.data() + 2 * i + 2, id.bytes[i], 16);
  }
  return id;
}

}  // namespace

Watchers::Difference Watchers::refresh(const scheduler::Scheduler& scheduler,
                                       const std::function<std::string(const std::string&)>& bundle_path_of) {
  std::map<Uuid, Watched> wanted;
  for (const auto& [dag_id, dag] : scheduler.dags()) {
    if (!dag->may_run() || !dag->graph->asset_condition) continue;
    for (const dag::AssetLeaf* leaf : leaves_of(*dag->graph->asset_condition)) {
      for (const dag::AssetWatcher& watcher : leaf->watchers) {
        Watched& watched = wanted[id_of(watcher)];
        watched.spec = {id_of(watcher), watcher.classpath, watcher.kwargs, bundle_path_of(dag_id)};
        watched.assets.insert(leaf->key);
      }
    }
  }
  Difference out;
  for (const auto& [id, watched] : watched_) {
    if (!wanted.contains(id)) out.stop.push_back(id);
  }
  for (const auto& [id, watched] : wanted) {
    if (!watched_.contains(id)) out.start.push_back(watched.spec);
  }
  watched_ = std::move(wanted);
  return out;
}

std::set<dag::AssetKey> Watchers::assets_of(const Uuid& id, const std::string& event_id) {
  constexpr std::size_t kRemembered = 10'000;
  const auto found = watched_.find(id);
  if (found == watched_.end() || std::ranges::find(seen_, event_id) != seen_.end()) return {};
  seen_.push_back(event_id);
  if (seen_.size() > kRemembered) seen_.pop_front();
  return found->second.assets;
}

void Engine::refresh_watchers() {
  const auto changed = watchers_.refresh(
      scheduler_, [this](const std::string& dag_id) { return dag_files_.place_of(dag_id).bundle_path; });
  for (const Uuid& id : changed.stop) runner_.stop_trigger(id);
  for (const WatcherSpec& spec : changed.start) runner_.start_watcher(spec);
}

void Engine::watcher_fired(const Uuid& id, std::string event_id, std::string payload,
                           std::function<void()> done) {
  const auto events = std::make_shared<std::vector<AssetEvent>>();
  Item item;
  item.decide = [this, id, event_id = std::move(event_id), payload = std::move(payload),
                 events](Deciding& d) {
    const json::object extra{{"from_trigger", true}, {"payload", parse_json(payload).value_or(nullptr)}};
    for (const dag::AssetKey& asset : watchers_.assets_of(id, event_id)) {
      events->emplace_back().asset = asset;
      events->back().extra = json::serialize(extra);
    }
    announce(d.scheduler, *events, d.now);
  };
  item.record = [this, events](store::Session& session) { write_asset_events(session, *events, pass_time_); };
  item.done = std::move(done);
  post(std::move(item));
}

}  // namespace leoflow::engine
