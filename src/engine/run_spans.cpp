#include "engine/run_spans.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.hpp"
#include "base/time_text.hpp"

namespace leoflow::engine {

namespace {

using scheduler::Run;
using scheduler::TaskRef;

/// Of a run's conf, told to the tasks' own spans.
constexpr std::string_view kDetailLevel = "airflow/task_span_detail_level";

std::string detail_state(const std::string& conf) {
  if (conf.find(kDetailLevel) == std::string::npos) return "";
  const auto parsed = parse_json(conf);
  const json::value* level = parsed ? find(*parsed, kDetailLevel) : nullptr;
  if (level == nullptr || !level->is_int64() || level->get_int64() == 0) return "";
  return fmt::format("{}={}", kDetailLevel, level->get_int64());
}

void add_run(trace::Tracer& tracer, const Run& run, Time now) {
  trace::Span span;
  span.context = context_of(tracer, run);
  if (!span.context.sampled) return;
  span.name = "dag_run." + run.dag->dag_id;
  span.start = run.queued_at;
  span.end = now;
  span.failed = run.state != dag::RunState::success;
  span.attributes = {{"airflow.dag_id", run.dag->dag_id},
                     {"airflow.dag_run.run_id", run.run_id},
                     {"airflow.dag_run.run_type", std::string(to_text(run.type))},
                     {"airflow.dag_run.state", std::string(to_text(run.state))},
                     {"airflow.dag_run.queued_at", to_iso_z(run.queued_at)},
                     {"airflow.dag_run.end_date", to_iso_z(now)}};
  const auto add_time = [&](const char* name, const std::optional<Time>& time) {
    if (time) span.attributes.emplace_back(name, to_iso_z(*time));
  };
  add_time("airflow.dag_run.start_date", run.start_date);
  add_time("airflow.dag_run.logical_date", run.logical_date);
  add_time("airflow.dag_run.partition_date", run.partition_date);
  if (run.partition_key) span.attributes.emplace_back("airflow.dag_run.partition_key", *run.partition_key);
  tracer.add(std::move(span));
}

struct Try {
  TaskRef where;
  Uuid id;
  std::string_view state;
  int number;
  std::optional<Time> queued_at;
  std::optional<Time> start_date;
};

void add_try(trace::Tracer& tracer, const Try& ended, Time now) {
  const Run& run = *ended.where.run;
  const trace::Context parent = context_of(tracer, run);
  if (!parent.sampled) return;
  const int map_index = ended.where.ti().map_index;
  trace::Span span;
  span.context = context_of(tracer, run, ended.id);
  span.parent_id = parent.span_id;
  span.name = "task_run." + ended.where.task().task_id;
  if (map_index >= 0) span.name += fmt::format("[{}]", map_index);
  span.start = std::min({ended.queued_at.value_or(now), ended.start_date.value_or(now), now});
  span.end = now;
  span.failed = ended.state != to_text(dag::TaskState::success);
  span.attributes = {{"airflow.dag_id", run.dag->dag_id},
                     {"airflow.task_id", ended.where.task().task_id},
                     {"airflow.dag_run.run_id", run.run_id},
                     {"airflow.task_instance.try_number", std::int64_t{ended.number}},
                     {"airflow.task_instance.map_index", std::int64_t{map_index}},
                     {"airflow.task_instance.state", std::string(ended.state)},
                     {"airflow.task_instance.id", ended.id.text()}};
  tracer.add(std::move(span));
}

}  // namespace

trace::Context context_of(const trace::Tracer& tracer, const Run& run) {
  // A run that is cleared and starts over begins another trace, as it does in Airflow.
  trace::Context out =
      tracer.root_of(fmt::format("{}\n{}\n{}", run.dag->dag_id, run.run_id, to_micros(run.queued_at)));
  out.state = detail_state(run.conf);
  return out;
}

trace::Context context_of(const trace::Tracer& tracer, const Run& run, const Uuid& id) {
  return tracer.child_of(context_of(tracer, run), id.text());
}

void add_spans(trace::Tracer& tracer, const scheduler::Changes& changes, Time now) {
  // Tries that another one follows, perhaps at once: their task instance tells of that already.
  for (const scheduler::PastTry& past : changes.past_tries) {
    if (past.end_date != now || !past.start_date) continue;
    const bool retried = past.state == dag::TaskState::failed;
    const std::string_view state = to_text(retried ? dag::TaskState::up_for_retry : past.state);
    add_try(tracer, {past.where, past.id, state, past.try_number, past.queued_at, past.start_date}, now);
  }
  for (const TaskRef& ref : changes.tasks) {
    const scheduler::TaskInstance& ti = ref.ti();
    // Those without a process ended without a try.
    if (!is_finished(ti.state) || ti.end_date != now || ti.try_number == 0 || !ti.queued_at) continue;
    add_try(tracer, {ref, ti.id, to_text(ti.state), ti.try_number, ti.queued_at, ti.start_date}, now);
  }
  for (const Run* run : changes.runs) {
    if (is_finished(run->state) && run->end_date == now) add_run(tracer, *run, now);
  }
}

}  // namespace leoflow::engine
