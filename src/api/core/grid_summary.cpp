#include "api/core/grid_summary.hpp"

#include <algorithm>

#include "api/wire/json_writer.hpp"

namespace leoflow::api {
namespace {

using dag::TaskState;

/// Which state a square shows: the one that asks for most attention. Source: Airflow 3.3.2, state_priority.
constexpr TaskState kByUrgency[] = {
    TaskState::failed,  TaskState::upstream_failed, TaskState::up_for_retry, TaskState::up_for_reschedule,
    TaskState::running, TaskState::restarting,      TaskState::deferred,     TaskState::awaiting_input,
    TaskState::queued,  TaskState::scheduled,       TaskState::none,         TaskState::success,
    TaskState::skipped, TaskState::removed};

std::int32_t count_of(const NodeSummary& summary, TaskState state) {
  return summary.counts[static_cast<std::size_t>(state)];
}

std::optional<std::string_view> shown_state(const NodeSummary& summary) {
  for (const TaskState state : kByUrgency) {
    if (count_of(summary, state) == 0) continue;
    if (state == TaskState::none) return std::nullopt;
    return to_text(state);
  }
  return std::nullopt;
}

json::value child_states(const NodeSummary& summary) {
  std::map<std::string_view, std::int32_t> by_name;
  for (std::size_t i = 0; i < summary.counts.size(); ++i) {
    const auto state = static_cast<TaskState>(i);
    if (summary.counts[i] > 0)
      by_name[state == TaskState::none ? "none" : to_text(state)] = summary.counts[i];
  }
  json::object counts;
  for (const auto& [name, count] : by_name) counts[name] = count;
  return counts;
}

bool is_empty(const NodeSummary& summary) {
  return std::ranges::all_of(summary.counts, [](std::int32_t count) { return count == 0; });
}

std::string opening_of(std::string_view task_id, std::string_view display_name) {
  std::string text;
  wire::JsonWriter json(text);
  json.begin_object();
  json.field("task_id", task_id);
  json.field("task_display_name", display_name);
  return text;
}

template <typename T>
void append(std::string& out, std::string_view name, const std::optional<T>& value) {
  out += name;
  wire::JsonWriter(out).value(value);
}

/// The fields are those of LightGridTaskInstanceSummary.
void write_square(std::string_view opening, const NodeSummary& summary, bool with_children,
                  std::string& out) {
  if (out.back() == '}') out += ',';
  out += opening;
  append(out, R"(,"state":)", shown_state(summary));
  append(out, R"(,"child_states":)", with_children ? std::optional(child_states(summary)) : std::nullopt);
  append(out, R"(,"min_start_date":)", summary.start);
  append(out, R"(,"max_end_date":)", summary.end);
  append(out, R"(,"dag_version_number":)", summary.version_number);
  out += summary.has_note ? R"(,"has_note":true})" : R"(,"has_note":false})";
}

}  // namespace

GridOrder::GridOrder(const DagView& dag) {
  add_group(dag, dag.root());
  for (std::size_t i = 0; i < nodes.size(); ++i) places.emplace(nodes[i].id, i);
}

void GridOrder::add_group(const DagView& dag, const GroupView& group) {
  const std::size_t first = nodes.size();
  for (const auto& child : dag.sorted_children(group)) {
    if (child.is_group) {
      if (const GroupView* inner = dag.find_group(child.id)) add_group(dag, *inner);
    } else if (const TaskView* task = dag.find_task(child.id)) {
      nodes.push_back({task->task_id, opening_of(task->task_id, task->display_name), false, task->is_mapped,
                       nodes.size()});
    }
  }
  if (!group.group_id.empty())
    nodes.push_back({group.group_id, opening_of(group.group_id, group.group_id), true, false, first});
}

void NodeSummary::add(const NodeSummary& other) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  if (other.start && (!start || *other.start < *start)) start = other.start;
  if (other.end && (!end || *other.end > *end)) end = other.end;
  version_number = std::max(version_number, other.version_number);
  has_note = has_note || other.has_note;
}

void RunSummary::add(const std::string& task_id, const NodeSummary& instance) {
  is_empty_ = false;
  const auto place = order_.places.find(task_id);
  (place == order_.places.end() ? odd_[task_id] : sums_[place->second]).add(instance);
}

void RunSummary::write(std::string_view dag_id, std::string_view run_id, std::string& out) {
  if (is_empty_) return;
  wire::JsonWriter json(out);
  json.begin_object();
  json.field("run_id", run_id);
  json.field("dag_id", dag_id);
  json.key("task_instances");
  json.begin_array();
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    const GridOrder::Node& node = order_.nodes[i];
    if (node.is_group) {
      for (std::size_t inside = node.first; inside < i; ++inside)
        if (!order_.nodes[inside].is_group) sums_[i].add(sums_[inside]);
    } else if (node.is_mapped && is_empty(sums_[i])) {
      // A mapped task without instances yet is one square without a state.
      sums_[i].counts[static_cast<std::size_t>(TaskState::none)] = 1;
    }
    write_square(node.opening, sums_[i], node.is_group || node.is_mapped, out);
  }
  for (const auto& [task_id, summary] : odd_) write_square(opening_of(task_id, task_id), summary, false, out);
  json.end_array();
  json.end_object();
  out += '\n';
}

}  // namespace leoflow::api
