#include <algorithm>

#include "engine/engine.hpp"

// What agents say about attempts.
namespace leoflow::engine {
namespace {

constexpr std::string_view kStarted =
    "UPDATE task_instance SET hostname = $2, unixname = $3, pid = $4, last_heartbeat_at = $5 WHERE id = $1";

/// The row of an attempt is the task instance's, or already in the history.
void update_attempt(store::Session& session, const Uuid& attempt, std::string_view assignments,
                    std::initializer_list<store::Param> values) {
  store::Params params = {attempt};
  params.insert(params.end(), values);
  for (const std::string_view table : {"task_instance", "task_instance_history"}) {
    const std::string sql =
        "UPDATE " + std::string(table) + " SET " + std::string(assignments) + " WHERE id = $1";
    if (session.execute(sql, params) > 0) return;
  }
}

/// When an attempt started, by the clock of the machine that runs it. That may be minutes wrong: it was after
/// the attempt was queued, and is over.
Time start_by_our_clock(const std::optional<scheduler::TaskRef>& ref, Time told, Time now) {
  const Time earliest = ref && ref->ti().queued_at ? *ref->ti().queued_at : told;
  return std::min(std::max(told, earliest), std::max(now, earliest));
}

}  // namespace

void Engine::attempt_started(AttemptStart told) {
  const auto start = std::make_shared<AttemptStart>(std::move(told));
  Item item;
  item.decide = [this, start](Deciding& d) {
    const auto ref = d.scheduler.find_attempt(start->attempt);
    start->at = start_by_our_clock(ref, start->at, d.now);
    if (ref && ref->ti().queued_at) metrics_.start.observe(start->at - *ref->ti().queued_at);
    d.scheduler.attempt_started(start->attempt, start->at);
  };
  item.record = [start](store::Session& session) {
    session.execute(kStarted, {start->attempt, start->hostname, start->unixname, start->pid, start->at});
  };
  post(std::move(item));
}

void Engine::begin_attempt(AttemptStart told, std::function<void(AttemptPermit)> done) {
  const auto start = std::make_shared<AttemptStart>(std::move(told));
  const auto permit = std::make_shared<AttemptPermit>();
  Item item;
  item.decide = [this, start, permit](Deciding& d) {
    const auto ref = d.scheduler.find_attempt(start->attempt);
    if (!ref) return;
    permit->spec = start_of(*ref);
    permit->is_begun = ref->ti().state == dag::TaskState::queued;
    start->at = start_by_our_clock(ref, start->at, d.now);
    d.scheduler.attempt_started(start->attempt, start->at);
  };
  item.record = [start, permit](store::Session& session) {
    if (!permit->is_begun) return;
    session.execute(kStarted, {start->attempt, start->hostname, start->unixname, start->pid, start->at});
  };
  item.done = [permit, done = std::move(done)] { done(std::move(*permit)); };
  post(std::move(item));
}

void Engine::attempt_reported(const Uuid& attempt, scheduler::Outcome outcome, std::function<void(bool)> done,
                              std::optional<Duration> retry_delay) {
  const auto accepted = std::make_shared<bool>(false);
  Item item;
  item.decide = [attempt, outcome, retry_delay, accepted](Deciding& d) {
    *accepted = d.scheduler.attempt_reported(attempt, outcome, d.now, retry_delay);
  };
  item.done = [accepted, done = std::move(done)] { done(*accepted); };
  post(std::move(item));
}

void Engine::attempt_succeeded(const Uuid& attempt, OutletReport outlets, std::function<void(bool)> done) {
  struct State {
    bool accepted = false;
    std::vector<AssetEvent> events;
    Time now;
  };
  const auto state = std::make_shared<State>();
  Item item;
  item.decide = [attempt, outlets = std::move(outlets), state](Deciding& d) {
    const auto source = d.scheduler.find_attempt(attempt);
    if (source) state->events = events_of(d.scheduler.assets(), *source, outlets);
    state->now = d.now;
    state->accepted = d.scheduler.attempt_reported(attempt, scheduler::Outcome::success, d.now);
    if (!state->accepted) state->events.clear();
    announce(d.scheduler, state->events, d.now);
  };
  item.record = [state](store::Session& session) { write_asset_events(session, state->events, state->now); };
  item.done = [this, state, done = std::move(done)] {
    done(state->accepted);
    map_with_python(state->events);
  };
  post(std::move(item));
}

void Engine::attempt_rescheduled(const Uuid& attempt, Time at, std::function<void(bool)> done) {
  const auto accepted = std::make_shared<bool>(false);
  Item item;
  item.decide = [attempt, at, accepted](Deciding& d) {
    *accepted = d.scheduler.attempt_rescheduled(attempt, at, d.now);
  };
  item.done = [accepted, done = std::move(done)] { done(*accepted); };
  post(std::move(item));
}

void Engine::attempt_finished(AttemptEnd end, std::function<void()> done) {
  Item item;
  // Only an attempt that reported nothing is decided upon here.
  const auto lost = std::make_shared<bool>(false);
  item.decide = [attempt = end.attempt, reason = end.reason, lost](Deciding& d) {
    *lost = d.scheduler.attempt_lost(attempt, reason, d.now);
  };
  item.record = [end = std::move(end), lost](store::Session& session) {
    const auto reason = *lost && !end.reason.empty() ? std::optional(end.reason) : std::nullopt;
    update_attempt(session, end.attempt,
                   "exit_code = $2, failure_reason = $3, peak_memory_bytes = $4, cpu_microseconds = $5",
                   {end.exit_code, reason, end.peak_memory_bytes, end.cpu_microseconds});
  };
  item.done = std::move(done);
  post(std::move(item));
}

void Engine::attempts_lost(std::vector<Uuid> attempts, std::string reason) {
  const auto lost = std::make_shared<std::vector<Uuid>>();
  Item item;
  item.decide = [attempts = std::move(attempts), reason, lost](Deciding& d) {
    for (const Uuid& attempt : attempts) {
      if (d.scheduler.attempt_lost(attempt, reason, d.now)) lost->push_back(attempt);
    }
  };
  item.record = [lost, reason = std::move(reason)](store::Session& session) {
    for (const Uuid& attempt : *lost) update_attempt(session, attempt, "failure_reason = $2", {reason});
  };
  post(std::move(item));
}

void Engine::attempt_dropped(const Uuid& attempt, std::string reason, std::function<void(bool)> done) {
  const auto is_known = std::make_shared<bool>(false);
  Item item;
  item.decide = [attempt, reason, is_known](Deciding& d) {
    *is_known = d.scheduler.attempt_dropped(attempt, reason, d.now);
  };
  item.record = [attempt, is_known, reason = std::move(reason)](store::Session& session) {
    // Before it is renamed; of one that is tried again nobody asks for it.
    if (*is_known) update_attempt(session, attempt, "failure_reason = $2", {reason});
  };
  item.done = [is_known, done = std::move(done)] { done(*is_known); };
  post(std::move(item));
}

void Engine::attempts_missing(std::vector<Uuid> attempts, std::string reason) {
  for (const Uuid& attempt : attempts) attempt_refused(attempt);
  attempts_lost(std::move(attempts), std::move(reason));
}

void Engine::attempt_refused(const Uuid& attempt) {
  Item item;
  item.decide = [attempt](Deciding& d) { d.scheduler.attempt_refused(attempt, d.now); };
  post(std::move(item));
}

void Engine::attempts_alive(std::vector<Uuid> attempts) {
  Item item;
  item.record = [attempts = std::move(attempts), at = clock_.now()](store::Session& session) {
    std::vector<store::Params> rows;
    for (const Uuid& attempt : attempts) rows.push_back({attempt, at});
    session.execute_many("UPDATE task_instance SET last_heartbeat_at = $2 WHERE id = $1", rows);
  };
  post(std::move(item));
}

void Engine::skip_downstream(const Uuid& attempt, std::vector<std::pair<std::string, int>> tasks,
                             std::function<void(Result<void>)> done) {
  const auto answer = std::make_shared<Result<void>>();
  Item item;
  item.decide = [attempt, tasks = std::move(tasks), answer](Deciding& d) {
    *answer = d.scheduler.skip_downstream(attempt, tasks, d.now);
  };
  item.done = [answer, done = std::move(done)] { done(*answer); };
  post(std::move(item));
}

void Engine::standing_of(const Uuid& attempt, std::function<void(AttemptStanding)> tell) {
  const auto standing = std::make_shared<AttemptStanding>();
  Item item;
  item.decide = [this, attempt, standing](Deciding& d) {
    const auto ref = d.scheduler.find_attempt(attempt);
    standing->is_over = !ref;
    if (ref && ref->ti().state == dag::TaskState::queued) standing->queued = start_of(*ref);
  };
  item.done = [standing, tell = std::move(tell)] { tell(std::move(*standing)); };
  post(std::move(item));
}

void Engine::active_attempts(std::function<void(ActiveAttempts)> tell) {
  Item item;
  item.decide = [tell = std::move(tell)](Deciding& d) { tell(d.scheduler.active_attempts()); };
  post(std::move(item));
}

}  // namespace leoflow::engine
