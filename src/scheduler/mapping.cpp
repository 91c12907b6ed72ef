#include <algorithm>

#include "scheduler/scheduler.hpp"

// Dynamic task mapping: how many instances a task has, and which of another task's belong to one of them.
// Source: Airflow 3.3.2, TaskMap.expand_mapped_task, DagRun._revise_map_indexes_if_mapped.
namespace leoflow::scheduler {
namespace {

using Count = std::optional<std::uint32_t>;

Count length_of_xcom(const Run& run, TaskIndex task) {
  const Family& family = run.families[task];
  if (run.graph->tasks[task].expansion) {
    const bool all_done = family.own.done() == family.own.all;
    return all_done ? Count(family.pushed) : std::nullopt;
  }
  const TaskInstance& ti = run.tasks[task];
  if (ti.map_index >= 0 || ti.map_length == kNotPushed) return std::nullopt;
  return static_cast<std::uint32_t>(ti.map_length);
}

Count length_of(const Run& run, const dag::MapLength& length) {
  using Kind = dag::MapLength::Kind;
  if (length.kind == Kind::literal) return length.count;
  if (length.kind == Kind::xcom) return length_of_xcom(run, length.task);
  std::vector<std::uint32_t> parts;
  for (const dag::MapLength& part : length.parts) {
    const Count count = length_of(run, part);
    if (!count) return std::nullopt;
    parts.push_back(*count);
  }
  if (parts.empty()) return 0;
  if (length.kind == Kind::zip) return std::ranges::min(parts);
  if (length.kind == Kind::zip_longest) return std::ranges::max(parts);
  std::uint32_t sum = 0;
  for (const std::uint32_t part : parts) sum += part;
  return sum;
}

Count count_of(const Run& run, const dag::Expansion& expansion) {
  if (expansion.arguments.empty()) return 0;
  std::uint32_t product = 1;
  for (const dag::MapLength& argument : expansion.arguments) {
    const Count count = length_of(run, argument);
    if (!count) return std::nullopt;
    product *= *count;
  }
  return product;
}

Count count_of_group(const Run& run, std::optional<dag::GroupIndex> group) {
  std::uint32_t product = 1;
  for (; group; group = run.graph->mapped_groups[*group].parent) {
    const Count count = count_of(run, run.graph->mapped_groups[*group].expansion);
    if (!count) return std::nullopt;
    product *= *count;
  }
  return product;
}

/// How many instances a task that needs expansion has; nothing while that cannot be known.
Count map_count(const Run& run, const dag::Task& task) {
  const Count around = count_of_group(run, task.mapped_group);
  if (!around || !task.expansion) return around;
  const Count own = count_of(run, *task.expansion);
  return own ? Count(*around * *own) : std::nullopt;
}

/// Rules that need not wait for all upstream.
bool is_fast(dag::TriggerRule rule) {
  return rule == dag::TriggerRule::one_success || rule == dag::TriggerRule::one_failed ||
         rule == dag::TriggerRule::one_done || rule == dag::TriggerRule::none_failed_min_one_success;
}

}  // namespace

void Scheduler::name_new_instances(Run& run, std::uint32_t first, Time now) {
  for (std::uint32_t i = first; i < run.tasks.size(); ++i) {
    run.tasks[i].id = make_id_(now);
    run.tasks[i].max_tries = static_cast<std::uint16_t>(run.task_of(run.tasks[i]).retries);
    run.tasks[i].dirty = true;  // written as a whole
  }
}

void Scheduler::grow(Run& run, TaskIndex task, std::uint32_t count, Time now) {
  const bool was_unmapped = run.families[task].mapped.empty();
  const std::uint32_t first = run.grow(task, count);
  name_new_instances(run, first, now);
  if (run.is_new) return;
  changes_.expanded.push_back(
      {&run, task, was_unmapped, first, static_cast<std::uint32_t>(run.tasks.size())});
}

void Scheduler::expand_literals(Run& run, Time now) {
  for (TaskIndex i = 0; i < run.graph->tasks.size(); ++i) {
    if (!run.graph->tasks[i].needs_expansion()) continue;
    const Count count = map_count(run, run.graph->tasks[i]);
    if (count && *count > 0) grow(run, i, *count, now);
  }
}

Scheduler::Expanded Scheduler::expand(TaskRef ref, Time now) {
  Run& run = *ref.run;
  const Count count = map_count(run, ref.task());
  // Its rule lets it go, but what it is mapped over never came.
  if (!count) return Expanded::upstream_failed;
  if (*count == 0) return Expanded::skip;
  grow(run, ref.ti().task, *count, now);
  return Expanded::grown;
}

bool Scheduler::revise(TaskRef ref, std::vector<std::uint32_t>& open, Time now) {
  Run& run = *ref.run;
  const TaskIndex task = ref.ti().task;
  const Count count = map_count(run, ref.task());
  if (!count || *count == run.instance_count(task)) return true;
  if (*count > run.instance_count(task)) {
    const auto first = static_cast<std::uint32_t>(run.tasks.size());
    grow(run, task, *count, now);
    for (std::uint32_t i = first; i < run.tasks.size(); ++i) open.push_back(i);
    return true;
  }
  for (std::uint32_t k = *count; k < run.instance_count(task); ++k) {
    const TaskRef extra{&run, run.instance(task, k)};
    if (extra.ti().state == TaskState::removed) continue;
    end_now(extra, TaskState::removed, "there is nothing for its map index any more", now);
    push_below(extra, open);
  }
  return ref.ti().state != TaskState::removed;
}

std::optional<Scheduler::MapRange> Scheduler::partners(TaskRef ref, TaskIndex other) {
  const Run& run = *ref.run;
  const dag::Dag& graph = *run.graph;
  const dag::Task& task = ref.task();
  if (!task.mapped_group) return std::nullopt;
  const std::int64_t map_index = ref.ti().map_index;
  if (map_index < 0 && is_fast(task.trigger_rule)) return std::nullopt;
  const auto group = dag::common_group(graph, ref.ti().task, other);
  if (!group) return std::nullopt;
  const Count count = map_count(run, task);
  if (!count || *count == 0) return std::nullopt;
  const std::int64_t in_group = count_of_group(run, group).value_or(0);
  // Not expanded itself: of what is, nothing belongs to it.
  if (map_index < 0 || in_group == 0) return MapRange{0, 0};
  const std::int64_t at = map_index * in_group / *count;
  const std::int64_t further = dag::is_mapped_inside(graph, other, *group) ? *count / in_group : 1;
  return MapRange{static_cast<std::uint32_t>(at * further), static_cast<std::uint32_t>((at + 1) * further)};
}

StateCounts Scheduler::counts_for(TaskRef ref, const std::vector<TaskIndex>& tasks) {
  const Run& run = *ref.run;
  StateCounts counts;
  for (const TaskIndex other : tasks) {
    const Family& family = run.families[other];
    const auto range = partners(ref, other);
    if (!range || family.mapped.empty()) {
      counts += family.own;
      continue;
    }
    const auto end = std::min<std::size_t>(range->end, family.mapped.size());
    for (std::size_t k = range->begin; k < end; ++k) {
      counts.add(run.tasks[family.mapped[k]].state, run.graph->tasks[other].is_setup);
    }
  }
  return counts;
}

Verdict Scheduler::judge_sources(TaskRef ref) {
  const Run& run = *ref.run;
  const dag::Task& task = ref.task();
  const dag::Expansion* expansion = task.expansion ? &*task.expansion
                                    : task.mapped_group
                                        ? &run.graph->mapped_groups[*task.mapped_group].expansion
                                        : nullptr;
  if (expansion == nullptr) return Verdict::run;
  StateCounts ended;
  for (const TaskIndex source : expansion->sources) {
    // One that was expanded was neither skipped as a whole nor did it fail as a whole.
    if (run.families[source].mapped.empty()) ended += run.families[source].own;
  }
  if (ended.any_failed()) return Verdict::upstream_failed;
  if (ended.skipped > 0) return Verdict::skip;
  return ended.removed > 0 ? Verdict::wait : Verdict::run;
}

void Scheduler::settle_dependents(TaskRef source, Open& open, Time now) {
  Run& run = *source.run;
  for (TaskIndex i = 0; i < run.graph->tasks.size(); ++i) {
    const TaskRef dependent{&run, i};
    if (!run.graph->tasks[i].needs_expansion() || dependent.ti().state != TaskState::none) continue;
    // Airflow's pass goes by task id, as its database gives them: those before the source follow with the
    // next one.
    if (dependent.task().task_id < source.task().task_id) continue;
    const Verdict verdict = judge_sources(dependent);
    if (verdict == Verdict::skip) settle(dependent, TaskState::skipped, open, now);
    if (verdict == Verdict::upstream_failed) settle(dependent, TaskState::upstream_failed, open, now);
  }
}

void Scheduler::leave_out(TaskRef branch, Open& open, Time now) {
  Run& run = *branch.run;
  if (!run.skips.contains(branch.index)) return;
  for (const TaskIndex next : branch.task().downstream) {
    for (std::uint32_t nth = 0; nth < run.instance_count(next); ++nth) {
      const TaskRef below{&run, run.instance(next, nth)};
      const TaskState state = below.ti().state;
      if (state != TaskState::scheduled && state != TaskState::queued) continue;
      if (!is_left_out(below)) continue;
      end_now(below, TaskState::skipped, "a task above it left it out", now);
      push_below(below, open);
    }
  }
}

void Scheduler::note_pushed(const Uuid& attempt, const PushedXcom& pushed) {
  const auto ref = find_attempt(attempt);
  if (!ref) return;
  Run& run = *ref->run;
  if (pushed.skips && ref->task().can_skip_downstream) run.skips[ref->index] = *pushed.skips;
  if (!pushed.map_length || !ref->task().feeds_expansion) return;
  forget_length(*ref);
  ref->ti().map_length = *pushed.map_length;
  ++run.families[ref->ti().task].pushed;
  note(*ref);
}

void Scheduler::forget_length(TaskRef ref) {
  if (ref.ti().map_length == kNotPushed) return;
  ref.ti().map_length = kNotPushed;
  --ref.run->families[ref.ti().task].pushed;
}

}  // namespace leoflow::scheduler
