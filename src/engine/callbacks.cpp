#include "engine/callbacks.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "engine/engine.hpp"

// Callbacks for the ends of runs, and of tries whose process is gone: an agent runs each, at least once.
namespace leoflow::engine {
namespace {

using scheduler::CallbackKind;

constexpr std::pair<CallbackKind, std::string_view> kNames[] = {
    {CallbackKind::dag_success, "dag_success"}, {CallbackKind::dag_failure, "dag_failure"},
    {CallbackKind::task_retry, "task_retry"},   {CallbackKind::task_failure, "task_failure"},
    {CallbackKind::retry_email, "retry_email"}, {CallbackKind::failure_email, "failure_email"}};

std::string_view to_text(CallbackKind kind) {
  return std::ranges::find(kNames, kind, &std::pair<CallbackKind, std::string_view>::first)->second;
}

CallbackKind read_kind(std::string_view text) {
  const auto* found = std::ranges::find(kNames, text, &std::pair<CallbackKind, std::string_view>::second);
  return found == std::end(kNames) ? CallbackKind::dag_failure : found->first;
}

}  // namespace

void write_callback(store::Session& session, const scheduler::Callback& callback, Time now) {
  const scheduler::TaskRef& cause = callback.cause;
  session.execute(
      "INSERT INTO callback (id, kind, dag_id, run_id, task_id, map_index, attempt_id, try_number, reason,"
      " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      {callback.id, to_text(callback.kind), cause.run->dag->dag_id, cause.run->run_id, cause.task().task_id,
       int{cause.ti().map_index}, callback.attempt, callback.try_number, callback.reason, now});
}

void Engine::run_callback(const scheduler::Callback& callback) {
  CallbackSpec spec;
  spec.id = callback.id;
  spec.kind = callback.kind;
  spec.cause = spec_of(callback.cause);
  spec.cause.id = callback.attempt;
  spec.cause.try_number = callback.try_number;
  spec.run_end = callback.cause.run->end_date.value_or(pass_time_);
  spec.reason = callback.reason;
  runner_.run_callback(spec);
}

void Engine::recover_callbacks() {
  const store::Rows rows = session_->query(
      "SELECT id, kind, dag_id, run_id, task_id, map_index, attempt_id, try_number, reason FROM callback"
      " ORDER BY created_at");
  for (const store::Row row : rows) {
    const auto run = load_run(scheduler_, *session_, versions_, row.text(2), row.text(3), clock_.now());
    const auto* ti = run ? (*run)->find(row.text(4), static_cast<int>(row.integer(5))) : nullptr;
    if (ti == nullptr) continue;
    run_callback({row.uuid(0), read_kind(row.text(1)), (*run)->ref_to(*ti), row.uuid(6),
                  static_cast<int>(row.integer(7)), row.text(8)});
  }
}

void Engine::callback_done(const Uuid& id, std::string error) {
  if (!error.empty()) log::error("a callback failed: {}", error);
  Item item;
  item.record = [id](store::Session& session) {
    session.execute("DELETE FROM callback WHERE id = $1", {id});
  };
  post(std::move(item));
}

}  // namespace leoflow::engine
