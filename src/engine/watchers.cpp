#include "engine/watchers.hpp"

#include "base/named_uuid.hpp"
#include "engine/engine.hpp"

// Source: Airflow 3.3.2, AssetModelOperation.add_asset_trigger_references, Trigger.submit_event.
namespace leoflow::engine {
namespace {

/// More than agents have to say again at once.
constexpr std::int64_t kRemembered = 10'000;

/// The same for the same trigger, also after a restart: agents go on with those that they run.
Uuid id_of(const dag::AssetWatcher& watcher) {
  return named_uuid(watcher.classpath + "\n" + watcher.kwargs);
}

}  // namespace

Watchers::Difference Watchers::refresh(const scheduler::Scheduler& scheduler,
                                       const std::function<PythonHome(const std::string&)>& home_of) {
  std::map<Uuid, Watched> wanted;
  for (const auto& [dag_id, dag] : scheduler.dags()) {
    if (!dag->may_run() || !dag->graph->asset_condition) continue;
    for (const dag::AssetLeaf* leaf : leaves_of(*dag->graph->asset_condition)) {
      for (const dag::AssetWatcher& watcher : leaf->watchers) {
        Watched& watched = wanted[id_of(watcher)];
        // Of several DAGs that watch so, always the same one stands for it.
        if (watched.spec.dag_id.empty() || dag_id < watched.spec.dag_id)
          watched.spec = {id_of(watcher), watcher.classpath, watcher.kwargs, dag_id, home_of(dag_id)};
        watched.assets.insert(leaf->key);
      }
    }
  }
  Difference out;
  for (const auto& [id, watched] : watched_) {
    const auto still = wanted.find(id);
    if (still == wanted.end() || still->second.spec.home != watched.spec.home) out.stop.push_back(id);
  }
  for (const auto& [id, watched] : wanted) {
    const auto before = watched_.find(id);
    if (before == watched_.end() || before->second.spec.home != watched.spec.home)
      out.start.push_back(watched.spec);
  }
  watched_ = std::move(wanted);
  return out;
}

std::set<dag::AssetKey> Watchers::assets_of(const Uuid& id, const std::string& event_id) {
  const auto found = watched_.find(id);
  if (found == watched_.end() || !remember(event_id)) return {};
  return found->second.assets;
}

bool Watchers::remember(const std::string& event_id) {
  if (!is_seen_.insert(event_id).second) return false;
  seen_.push_back(event_id);
  if (seen_.size() > std::size_t{kRemembered}) {
    is_seen_.erase(seen_.front());
    seen_.pop_front();
  }
  return true;
}

void Watchers::load(store::Session& session) {
  const store::Rows newest = session.query(
      "SELECT watcher_event FROM asset_event WHERE watcher_event IS NOT NULL ORDER BY id DESC LIMIT $1",
      {kRemembered});
  for (std::size_t i = newest.size(); i > 0; --i) remember(newest[i - 1].text(0));
}

void Engine::refresh_watchers() {
  const auto changed = watchers_.refresh(scheduler_, [this](const std::string& dag_id) {
    return projects_.home_of(dag_files_.place_of(dag_id));
  });
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
      events->back().watcher_event = event_id;
    }
    announce(d.scheduler, *events, d.now);
  };
  item.record = [this, events](store::Session& session) { write_asset_events(session, *events, pass_time_); };
  item.done = std::move(done);
  post(std::move(item));
}

}  // namespace leoflow::engine
