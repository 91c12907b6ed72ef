#include "engine/engine.hpp"
#include "engine/xcom_rows.hpp"

// What attempts wait for, and what their triggers say.
namespace leoflow::engine {

void Engine::attempt_deferred(const Uuid& attempt, DeferredCall deferred, std::function<void(bool)> done) {
  struct State {
    DeferredCall deferred;
    bool accepted = false;
    std::string dag_id;
    TaskKey task;
  };
  const auto state = std::make_shared<State>(State{std::move(deferred), false, "", {}});
  Item item;
  item.decide = [attempt, state](Deciding& d) {
    if (const auto ref = d.scheduler.find_attempt(attempt)) {
      state->dag_id = ref->run->dag->dag_id;
      state->task = {ref->run->run_id, ref->task().task_id, ref->ti().map_index};
    }
    const auto& timeout = state->deferred.call.timeout;
    if (timeout) state->deferred.deferral.deadline = d.now + *timeout;
    state->accepted = d.scheduler.attempt_deferred(attempt, state->deferred.deferral, d.now);
  };
  item.record = [this, attempt, state](store::Session& session) {
    if (state->accepted) write_deferral(session, attempt, state->deferred, pass_time_);
  };
  item.done = [this, state, done = std::move(done)] {
    done(state->accepted);
    // Somebody may have answered before it waited.
    if (state->accepted && state->deferred.deferral.for_input) go_on_if_answered(state->dag_id, state->task);
  };
  post(std::move(item));
}

void Engine::trigger_fired(const Uuid& id, TriggerResult result, std::function<void()> done) {
  struct State {
    TriggerResult result;
    std::optional<scheduler::TaskRef> where;
  };
  const auto state = std::make_shared<State>(State{std::move(result), {}});
  Item item;
  item.decide = [id, state](Deciding& d) {
    state->where = d.scheduler.find_parked(id);
    if (!state->where) return;
    if (state->result.end_state) {
      d.scheduler.trigger_ended(id, *state->result.end_state, d.now);
    } else {
      d.scheduler.trigger_fired(id, d.now);
    }
  };
  item.record = [this, state](store::Session& session) {
    if (!state->where) return;
    const scheduler::TaskRef& ref = *state->where;
    if (!state->result.end_state) {
      write_next_step(session, ref, state->result.next_method, state->result.next_kwargs);
    }
    for (const auto& [key, value] : state->result.xcoms) {
      session.execute(kPutXcom, {ref.run->dag->dag_id, ref.run->run_id, ref.task().task_id,
                                 int{ref.ti().map_index}, key, value, pass_time_});
    }
  };
  item.done = std::move(done);
  post(std::move(item));
}

}  // namespace leoflow::engine
