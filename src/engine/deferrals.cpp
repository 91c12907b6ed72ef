#include "engine/deferrals.hpp"

#include <algorithm>
#include <array>

#include "engine/task_key.hpp"

namespace leoflow::engine {
namespace {

using scheduler::TaskRef;

constexpr std::string_view kPut =
    "INSERT INTO deferral (dag_id, run_id, task_id, map_index, classpath, kwargs, next_method, next_kwargs,"
    " fires_at, ends_task, deadline, created_at)"
    " SELECT t.dag_id, t.run_id, t.task_id, t.map_index, CAST($2 AS TEXT), CAST($3 AS TEXT),"
    " CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS BIGINT), CAST($7 AS BIGINT), CAST($8 AS BIGINT),"
    " CAST($9 AS BIGINT) FROM task_instance t WHERE t.id = $1"
    " ON CONFLICT (dag_id, run_id, task_id, map_index) DO UPDATE SET classpath = excluded.classpath,"
    " kwargs = excluded.kwargs, next_method = excluded.next_method, next_kwargs = excluded.next_kwargs,"
    " fires_at = excluded.fires_at, ends_task = excluded.ends_task, deadline = excluded.deadline,"
    " created_at = excluded.created_at";

constexpr std::string_view kOfTask = " WHERE dag_id = $1 AND run_id = $2 AND task_id = $3 AND map_index = $4";

void put(store::Session& session, const Uuid& id, const dag::TriggerCall& call,
         const std::string& next_kwargs, const scheduler::Deferral& deferral, Time now) {
  session.execute(kPut, {id, call.classpath, call.kwargs, call.next_method, next_kwargs, deferral.fires_at,
                         deferral.ends_task, deferral.deadline, now});
}

}  // namespace

void write_deferral(store::Session& session, const Uuid& attempt, const DeferredCall& deferred, Time now) {
  put(session, attempt, deferred.call, deferred.call.next_kwargs, deferred.deferral, now);
}

void write_start_deferral(store::Session& session, const TaskRef& ref, Time now) {
  const dag::TriggerCall& call = *ref.task().start_trigger;
  const auto time = as_time_trigger(call);
  put(session, ref.ti().id, call, time ? time->next_kwargs : call.next_kwargs,
      scheduler::deferral_of(call, now), now);
}

void write_next_step(store::Session& session, const TaskRef& ref, std::string_view next_method,
                     std::string_view next_kwargs) {
  session.execute(
      "UPDATE deferral SET next_method = COALESCE(NULLIF($5, ''), next_method), next_kwargs = $6" +
          std::string(kOfTask),
      key_and(ref, next_method, next_kwargs));
}

void write_trigger_timeout(store::Session& session, const TaskRef& ref) {
  write_next_step(session, ref, "__fail__", R"({"error":"Trigger timeout"})");
}

void restore_deferrals(scheduler::Scheduler& scheduler, store::Session& session, scheduler::Run& run) {
  for (const store::Row row :
       session.query("SELECT task_id, map_index, fires_at, ends_task, deadline, classpath FROM "
                     "deferral WHERE dag_id = $1 AND run_id "
                     "= $2",
                     {run.dag->dag_id, run.run_id})) {
    scheduler::Deferral deferral;
    deferral.fires_at = row.find_time(2);
    deferral.ends_task = row.boolean(3);
    deferral.deadline = row.find_time(4);
    deferral.for_input = row.text(5).empty();
    scheduler.restore_deferral(run, row.text(0), static_cast<int>(row.integer(1)), deferral);
  }
}

NextStep read_next_step(store::Session& session, const TaskRef& ref) {
  const store::Rows rows =
      session.query("SELECT next_method, next_kwargs FROM deferral" + std::string(kOfTask), key_of(ref));
  if (rows.empty()) return {};
  return {rows[0].text(0), rows[0].text(1)};
}

bool has_templates(std::string_view kwargs) {
  // JSON has none of these outside of its strings.
  return std::ranges::any_of(std::array{"{{", "{%", "{#"}, [&](const char* opening) {
    return kwargs.find(opening) != std::string_view::npos;
  });
}

std::string read_serialized_dag(store::Session& session, const TaskRef& ref) {
  const store::Rows rows =
      session.query("SELECT serialized FROM dag_version WHERE id = $1", {ref.run->version_id});
  return rows.empty() ? "{}" : rows[0].text(0);
}

std::optional<TriggerSpec> read_trigger(store::Session& session, const TaskRef& ref) {
  if (ref.ti().state != dag::TaskState::deferred) return std::nullopt;
  const store::Rows rows = session.query(
      "SELECT classpath, kwargs, next_kwargs, deadline FROM deferral" + std::string(kOfTask), key_of(ref));
  if (rows.empty()) return std::nullopt;
  TriggerSpec spec;
  spec.id = ref.ti().id;
  spec.dag_id = ref.run->dag->dag_id;
  spec.run_id = ref.run->run_id;
  spec.task_id = ref.task().task_id;
  spec.map_index = ref.ti().map_index;
  spec.try_number = ref.ti().try_number;
  spec.dag_version_id = ref.run->version_id;
  spec.classpath = rows[0].text(0);
  spec.kwargs = rows[0].text(1);
  spec.next_kwargs = rows[0].text(2);
  spec.deadline = rows[0].find_time(3);
  return spec;
}

}  // namespace leoflow::engine
