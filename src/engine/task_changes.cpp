#include "engine/task_changes.hpp"

#include <set>

namespace leoflow::engine {

void count_task_change(store::Session& session, std::string_view dag_id, std::string_view run_id) {
  session.execute("UPDATE dag_run SET task_changes = task_changes + 1 WHERE dag_id = $1 AND run_id = $2",
                  {dag_id, run_id});
}

void count_task_changes(store::Session& session, const scheduler::Changes& changes) {
  std::set<const scheduler::Run*> finished;
  const auto look_at = [&](const scheduler::Run* run) {
    if (is_finished(run->state)) finished.insert(run);
  };
  for (const scheduler::TaskRef& ref : changes.tasks) look_at(ref.run);
  for (const scheduler::NewInstances& added : changes.expanded) look_at(added.run);
  for (const scheduler::MovedRun& moved : changes.moved) look_at(moved.run);
  for (const scheduler::Run* run : changes.runs) finished.erase(run);
  for (const scheduler::Run* run : finished) count_task_change(session, run->dag->dag_id, run->run_id);
}

void count_new_tasks(store::Session& session, std::string_view dag_id, std::int64_t more) {
  session.execute("UPDATE dag SET task_instance_count = task_instance_count + $2 WHERE dag_id = $1",
                  {dag_id, more});
}

}  // namespace leoflow::engine
