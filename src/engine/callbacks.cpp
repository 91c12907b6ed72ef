#include "engine/callbacks.hpp"

#include "base/log.hpp"
#include "engine/engine.hpp"

// Callbacks of DAGs for the ends of their runs: an agent runs each, at least once.
namespace leoflow::engine {

void write_callback(store::Session& session, const scheduler::RunCallback& callback, Time now) {
  const scheduler::TaskRef& cause = callback.cause;
  session.execute(
      "INSERT INTO dag_callback (id, dag_id, run_id, task_id, map_index, is_failure, reason, created_at)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      {callback.id, cause.run->dag->dag_id, cause.run->run_id, cause.task().task_id,
       int{cause.ti().map_index}, callback.is_failure, callback.reason, now});
}

void Engine::run_callback(const scheduler::RunCallback& callback) {
  CallbackSpec spec;
  spec.id = callback.id;
  spec.cause = spec_of(callback.cause);
  spec.run_end = callback.cause.run->end_date.value_or(pass_time_);
  spec.is_failure = callback.is_failure;
  spec.reason = callback.reason;
  runner_.run_callback(spec);
}

void Engine::recover_callbacks() {
  const store::Rows rows = session_->query(
      "SELECT id, dag_id, run_id, task_id, map_index, is_failure, reason FROM dag_callback ORDER BY "
      "created_at");
  for (const store::Row row : rows) {
    const auto run = load_run(scheduler_, *session_, versions_, row.text(1), row.text(2), clock_.now());
    const auto* ti = run ? (*run)->find(row.text(3), static_cast<int>(row.integer(4))) : nullptr;
    if (ti == nullptr) continue;
    run_callback({row.uuid(0), (*run)->ref_to(*ti), row.boolean(5), row.text(6)});
  }
}

void Engine::callback_done(const Uuid& id, std::string error) {
  if (!error.empty()) log::error("a DAG's callback failed: {}", error);
  Item item;
  item.record = [id](store::Session& session) {
    session.execute("DELETE FROM dag_callback WHERE id = $1", {id});
  };
  post(std::move(item));
}

}  // namespace leoflow::engine
