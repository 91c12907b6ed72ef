#include "engine/engine.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <future>

#include "base/log.hpp"
#include "engine/human_input.hpp"
#include "engine/recorder.hpp"
#include "engine/run_spans.hpp"
#include "engine/try_write.hpp"

namespace leoflow::engine {
namespace {

void record_alone(Item& item, store::Session& session) {
  const auto written = try_write(session, [&](store::Session& own) -> Result<void> {
    item.record(own);
    return {};
  });
  item.was_refused = !written;
  if (!written) log::error("what was decided could not be written: {}", written.error().message);
}

/// A standby that lacks the last commits has taken over, or a backup was restored.
class WentBack : public Fatal {
 public:
  WentBack() : Fatal("the database has lost what was stored: what it has is read anew") {}
};

}  // namespace

Engine::Engine(store::Database& database, const Clock& clock, AttemptRunner& runner,
               std::function<void(const std::string&, const std::string&)> on_reparse)
    : database_(database), clock_(clock), runner_(runner), on_reparse_(std::move(on_reparse)) {}

Engine::~Engine() {
  stop();
}

void Engine::start() {
  session_ = connect_();
  stored_mark_ = session_->query("SELECT mark FROM commit_mark")[0].text(0);
  {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
  }
  scheduler_.set_past(&past_runs_);
  recover(scheduler_, *session_, versions_, clock_.now());
  dag_files_.load(*session_);
  projects_.load(*session_);
  watchers_.load(*session_);
  // Before the first pass: an event of a watcher that nobody knows is nobody's.
  refresh_watchers();
  recover_callbacks();
  ask_unmapped();
  for (const MissedDeadline& missed : unfinished_deadlines(*session_)) run_deadline_callback(missed);
  next_deadline_ = next_deadline(*session_);
  for (auto& [dag_id, task] : answered_inputs(*session_)) go_on_if_answered(dag_id, task);
  thread_ = std::thread([this] { run(); });
  wake();
}

void Engine::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_open_ = false;
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  session_.reset();
}

bool Engine::post(Item item) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_open_) return false;
    queue_.push_back(std::move(item));
  }
  changed_.notify_one();
  return true;
}

void Engine::come_round(std::function<void(Deciding&)> decide) {
  constexpr std::chrono::milliseconds kPatience{300};
  const auto came_round = std::make_shared<std::promise<void>>();
  Item item;
  item.decide = std::move(decide);
  item.done = [came_round] { came_round->set_value(); };
  if (post(std::move(item))) came_round->get_future().wait_for(kPatience);
}

Time Engine::heartbeat() {
  come_round({});
  return heartbeat_;
}

LoopState Engine::state() {
  come_round([this](Deciding& d) {
    LoopState now;
    for (const auto& [dag_id, dag] : d.scheduler.dags()) {
      now.queued_runs += dag->queued.size() + (dag->backfill ? dag->backfill->queued.size() : 0);
      now.running_runs += dag->running + (dag->backfill ? dag->backfill->running : 0);
    }
    for (const auto& [name, pool] : d.scheduler.pools()) {
      now.pools.push_back({name, pool.slots, pool.occupied, pool.ready.size()});
    }
    now.active_attempts = d.scheduler.active_count();
    now.parked = d.scheduler.parked_count();
    const std::lock_guard lock(mutex_);
    last_state_ = std::move(now);
  });
  const std::lock_guard lock(mutex_);
  LoopState out = last_state_;
  out.queued_items = queue_.size();
  return out;
}

void Engine::run() {
  try {
    while (wait_for_work()) {
      std::vector<Item> batch;
      {
        const std::lock_guard lock(mutex_);
        batch.swap(queue_);
      }
      pass(std::move(batch));
    }
  } catch (const std::exception& error) {
    // What is in memory cannot be stored: memory and store would part. A fresh
    // start reads what is true.
    log::error("the engine stops the process: {}", error.what());
    std::_Exit(70);
  }
}

bool Engine::wait_for_work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!queue_.empty()) return true;
    if (stopping_) return false;
    auto due = scheduler_.next_due();
    if (next_deadline_ && (!due || *next_deadline_ < *due)) due = next_deadline_;
    if (!due) {
      changed_.wait(lock);
      continue;
    }
    const Time now = clock_.now();
    if (*due <= now) return true;
    // Not the whole way: a clock that was set forward must be noticed.
    changed_.wait_for(lock, std::min<Duration>(*due - now, std::chrono::seconds{10}));
  }
}

void Engine::pass(std::vector<Item> batch) {
  const metrics::Stopwatch stopwatch(metrics_.passes);
  metrics_.items.add(batch.size());
  const Time now = pass_time_ = clock_.now();
  add_missed_deadlines(batch, now);
  Deciding deciding{scheduler_, reading_, now};
  for (Item& item : batch) {
    if (item.decide) item.decide(deciding);
  }
  scheduler_.tick(now);
  scheduler_.set_free_slots(runner_.free_slots());
  scheduler_.dispatch(now);
  retract_taken_runs();
  commit(batch, now);
  act(now);
  heartbeat_ = now;
  for (Item& item : batch) {
    const auto& tell = item.was_refused && item.refused ? item.refused : item.done;
    if (tell) tell();
  }
}

void Engine::retract_taken_runs() {
  // A scheduled run whose id or date somebody took by hand: that one stands for it.
  std::vector<scheduler::Run*> taken;
  for (scheduler::Run* run : scheduler_.changes().created) {
    if (run->type != dag::RunType::scheduled) continue;
    // It may have been made just now, and not be stored.
    const auto same =
        run->logical_date ? run->dag->by_date.find(*run->logical_date) : run->dag->by_date.end();
    const bool is_made = same != run->dag->by_date.end() && same->second != run;
    if (is_made ||
        !reading_
             .query("SELECT 1 FROM dag_run WHERE dag_id = $1 AND (run_id = $2 OR logical_date = $3)",
                    {run->dag->dag_id, run->run_id, run->logical_date})
             .empty())
      taken.push_back(run);
  }
  for (scheduler::Run* run : taken) scheduler_.retract(*run);
}

void Engine::commit(std::vector<Item>& batch, Time now) {
  const bool nothing = scheduler_.changes().nothing_to_store() &&
                       std::ranges::none_of(batch, [](const Item& item) { return item.record != nullptr; });
  if (nothing) return;
  const metrics::Stopwatch stopwatch(metrics_.commits);
  // Savepoints cost round trips: they are made only once something was refused.
  bool one_by_one = false;
  const std::string mark = random_hex(16);
  for (;;) {
    try {
      store::Transaction transaction(*session_);
      if (session_->execute("UPDATE commit_mark SET mark = $1 WHERE mark = $2", {mark, stored_mark_}) == 0) {
        check_is_stored(mark);
        return;
      }
      for (Item& item : batch) {
        if (!item.record) continue;
        one_by_one ? record_alone(item, *session_) : item.record(*session_);
      }
      record(*session_, scheduler_.changes(), now);
      if (write_deadlines(*session_, scheduler_.changes(), variables_, now)) {
        next_deadline_ = next_deadline(*session_);
      }
      transaction.commit();
      stored_mark_ = mark;
      return;
    } catch (const store::Unavailable& error) {
      log::error("{}; trying again", error.what());
    } catch (const WentBack&) {
      throw;
    } catch (const std::exception& error) {
      if (std::exchange(one_by_one, true)) throw;
      log::error("{}; writing one by one", error.what());
      continue;
    }
    metrics_.failed_commits.add();
    reconnect();
  }
}

void Engine::check_is_stored(const std::string& mark) {
  // Else only the answer was lost.
  if (session_->query("SELECT mark FROM commit_mark")[0].text(0) != mark) throw WentBack();
  stored_mark_ = mark;
}

void Engine::read(const PatientSession::Work& work) {
  for (;;) {
    try {
      return work(*session_);
    } catch (const store::Unavailable& error) {
      log::error("{}; trying again", error.what());
    }
    reconnect();
  }
}

void Engine::reconnect() {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds{500});
    if (stopping_) throw Fatal("stopped while the database was away; what was not stored will be done again");
    lock.unlock();
    // First: what it holds must not stand in the way of the new one.
    session_.reset();
    try {
      session_ = connect_();
      return;
    } catch (const store::Unavailable& error) {
      log::error("{}; trying again", error.what());
    }
  }
}

void Engine::act(Time now) {
  metrics_.observe(scheduler_.changes(), now);
  for (std::size_t i = 0; i < dag::kTaskStateCount; ++i) metrics_.entered[i].set(scheduler_.entered()[i]);
  if (tracer_ != nullptr) add_spans(*tracer_, scheduler_.changes(), now);
  scheduler::Changes changes = std::move(scheduler_.changes());
  scheduler_.changes() = {};
  changes.clear_marks();
  for (const scheduler::DagEntry* dag : changes.plans) ask_next_run(*dag);
  if (changes.watchers_may_differ) refresh_watchers();
  for (const scheduler::Callback& callback : changes.callbacks) run_callback(callback);
  for (const Uuid& id : changes.stop_triggers) {
    if (!awaited_states_.remove(id)) runner_.stop_trigger(id);
  }
  for (const Uuid& id : awaited_states_.concerned(changes)) fire_if_reached(id);
  start_triggers(changes.start_triggers);
  for (const scheduler::StopOrder& order : changes.stop) runner_.stop(order.attempt_id, order.reason);
  for (const scheduler::TaskRef& ref : changes.start) {
    // It may have been marked or cleared in the same pass.
    if (ref.ti().state != dag::TaskState::queued) continue;
    runner_.start(start_of(ref));
  }
  scheduler_.sweep();
}

void Engine::start_triggers(const std::vector<scheduler::TaskRef>& waiting) {
  for (const scheduler::TaskRef& ref : waiting) {
    std::optional<TriggerSpec> spec;
    read([&](store::Session& session) { spec = read_trigger(session, ref); });
    if (!spec) continue;
    dag::TriggerCall call;
    call.classpath = spec->classpath;
    call.kwargs = spec->kwargs;
    if (auto states = as_state_trigger(call)) {
      await_states(*spec, std::move(*states));
      continue;
    }
    spec->home = projects_.home_of(dag_files_.place_of(spec->dag_id, ref.run->bundle_version));
    if (has_templates(spec->kwargs)) {
      spec->run = spec_of(ref);
      read([&](store::Session& session) { spec->serialized_dag = read_serialized_dag(session, ref); });
    }
    runner_.start_trigger(*spec);
  }
}

AttemptSpec Engine::start_of(const scheduler::TaskRef& ref) {
  AttemptSpec spec = spec_of(ref);
  if (ref.ti().resumes) {
    const NextStep next = read_next_step(reading_, ref);
    spec.next_method = next.method;
    spec.next_kwargs = next.kwargs;
    spec.first_start = ref.ti().first_start;
  }
  if (ref.run->type == dag::RunType::asset_triggered) {
    spec.consumed_asset_events = consumed_events(reading_, spec.dag_id, spec.run_id);
  }
  return spec;
}

AttemptSpec Engine::spec_of(const scheduler::TaskRef& ref) const {
  const scheduler::Run& run = *ref.run;
  const scheduler::TaskInstance& ti = ref.ti();
  const dag::Task& task = ref.task();
  AttemptSpec spec;
  spec.id = ti.id;
  spec.dag_id = run.dag->dag_id;
  spec.run_id = run.run_id;
  spec.task_id = task.task_id;
  spec.map_index = ti.map_index;
  spec.try_number = ti.try_number;
  spec.max_tries = ti.max_tries;
  spec.reschedule_count = ti.reschedules;
  spec.should_retry = task.retries > 0 && ti.try_number <= ti.max_tries;
  spec.dag_version_id = run.version_id;
  spec.queue = task.queue;
  spec.pool_slots = task.pool_slots;
  spec.priority_weight = weight_of(task, ti);
  const DagFiles::Place place = dag_files_.place_of(spec.dag_id, run.bundle_version);
  const PythonHome home = projects_.home_of(place);
  spec.bundle_name = home.bundle_name;
  spec.bundle_path = home.bundle_path;
  spec.bundle_version = home.bundle_version;
  spec.image = home.image;
  // In another version of the bundle the DAG may have been in another file.
  spec.relative_fileloc =
      run.graph->relative_fileloc.empty() ? place.relative_fileloc : run.graph->relative_fileloc;
  spec.pod_override = task.pod_override;
  spec.pod_template_file = task.pod_template_file;
  spec.logical_date = run.logical_date;
  spec.interval = run.interval;
  spec.run_after = run.run_after;
  spec.run_start_date = run.start_date;
  spec.run_type = to_text(run.type);
  spec.run_conf = run.conf;
  spec.triggering_user = run.user;
  spec.note = run.note;
  spec.partition_key = run.partition_key;
  spec.partition_date = run.partition_date;
  spec.clear_number = run.clear_number;
  if (tracer_ != nullptr) spec.span = context_of(*tracer_, run, ti.id);
  return spec;
}

}  // namespace leoflow::engine
