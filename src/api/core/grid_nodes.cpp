#include "api/core/grid_nodes.hpp"

#include <algorithm>

namespace leoflow::api {

namespace {

gen::GridNodeResponse grid_node_of(const TaskView& task, bool group_is_mapped) {
  gen::GridNodeResponse node;
  node.id = task.task_id;
  node.label = task.label;
  if (task.is_mapped || group_is_mapped) node.is_mapped = true;
  if (task.is_setup) node.setup_teardown_type = "setup";
  if (task.is_teardown) node.setup_teardown_type = "teardown";
  return node;
}

std::vector<gen::GridNodeResponse> children_of(const DagView& dag, const GroupView& group, bool mapped,
                                               const TaskSet& keep) {
  std::vector<gen::GridNodeResponse> nodes;
  for (const auto& child : dag.sorted_children(group)) {
    if (!child.is_group) {
      const TaskView* task = dag.find_task(child.id);
      if (task != nullptr && (keep.empty() || keep.contains(child.id)))
        nodes.push_back(grid_node_of(*task, mapped));
      continue;
    }
    const GroupView* inner = dag.find_group(child.id);
    if (inner == nullptr) continue;
    auto below = children_of(dag, *inner, mapped || inner->is_mapped, keep);
    if (below.empty() && !keep.empty()) continue;
    gen::GridNodeResponse node;
    node.id = inner->group_id;
    node.label = inner->label;
    if (inner->is_mapped) node.is_mapped = true;
    if (!below.empty()) node.children = std::move(below);
    node.doc_md = inner->doc_md;
    nodes.push_back(std::move(node));
  }
  return nodes;
}

// The state that a group shows: the one that asks for most attention.
std::optional<std::string> state_of(const std::map<std::string, std::int64_t>& states) {
  for (const char* state :
       {"failed", "upstream_failed", "up_for_retry", "up_for_reschedule", "running", "restarting", "deferred",
        "awaiting_input", "queued", "scheduled", "", "success", "skipped", "removed"}) {
    if (!states.contains(state)) continue;
    if (*state == '\0') return std::nullopt;
    return state;
  }
  return std::nullopt;
}

json::value child_states(const NodeSummary& summary) {
  json::object counts;
  for (const auto& [state, count] : summary.states) counts[state.empty() ? "none" : state] = count;
  return counts;
}

class Summarizer {
 public:
  Summarizer(const DagView& dag, const std::map<std::string, NodeSummary, std::less<>>& tasks,
             std::vector<gen::LightGridTaskInstanceSummary>& out)
      : dag_(dag), tasks_(tasks), out_(out) {}

  /// Adds the group's nodes, innermost first. @returns their sum.
  NodeSummary add_group(const GroupView& group) {
    NodeSummary sum;
    for (const auto& child : dag_.sorted_children(group)) {
      if (child.is_group) {
        const GroupView* inner = dag_.find_group(child.id);
        if (inner != nullptr) sum.add(add_group(*inner));
      } else if (const TaskView* task = dag_.find_task(child.id)) {
        sum.add(add_task(*task));
      }
    }
    if (!group.group_id.empty()) {
      add(group.group_id, group.group_id, sum, child_states(sum));
    }
    return sum;
  }

  void add_missing() {
    for (const auto& [task_id, summary] : tasks_) {
      if (dag_.find_task(task_id) == nullptr && dag_.find_group(task_id) == nullptr) {
        add(task_id, task_id, summary, nullptr);
      }
    }
  }

 private:
  NodeSummary add_task(const TaskView& task) {
    NodeSummary summary;
    if (const auto found = tasks_.find(task.task_id); found != tasks_.end()) summary = found->second;
    // A mapped task without instances yet is one square without a state.
    if (task.is_mapped && summary.states.empty()) summary.states[""] = 1;
    add(task.task_id, task.display_name, summary, task.is_mapped ? child_states(summary) : json::value());
    return summary;
  }

  void add(const std::string& id, const std::string& display_name, const NodeSummary& summary,
           json::value states) {
    auto& node = out_.emplace_back();
    node.task_id = id;
    node.task_display_name = display_name;
    node.state = state_of(summary.states);
    node.min_start_date = summary.start;
    node.max_end_date = summary.end;
    node.child_states = std::move(states);
    node.dag_version_number = summary.version_number;
    node.has_note = summary.has_note;
  }

  const DagView& dag_;
  const std::map<std::string, NodeSummary, std::less<>>& tasks_;
  std::vector<gen::LightGridTaskInstanceSummary>& out_;
};

}  // namespace

void NodeSummary::add(const NodeSummary& other) {
  for (const auto& [state, count] : other.states) states[state] += count;
  if (other.start && (!start || *other.start < *start)) start = other.start;
  if (other.end && (!end || *other.end > *end)) end = other.end;
  if (other.version_number) version_number = std::max(version_number.value_or(0), *other.version_number);
  has_note = has_note || other.has_note;
}

std::vector<gen::GridNodeResponse> grid_nodes(const DagView& dag, const TaskSet& keep) {
  return children_of(dag, dag.root(), false, keep);
}

void merge_grid_nodes(std::vector<gen::GridNodeResponse>& nodes,
                      const std::vector<gen::GridNodeResponse>& others) {
  for (const gen::GridNodeResponse& other : others) {
    const auto known =
        std::find_if(nodes.begin(), nodes.end(), [&](const auto& node) { return node.id == other.id; });
    if (known == nodes.end()) {
      nodes.push_back(other);
    } else if (known->children && other.children) {
      merge_grid_nodes(*known->children, *other.children);
    }
  }
}

gen::GridTISummaries summarize(const DagView* dag, std::string_view dag_id, std::string_view run_id,
                               const std::map<std::string, NodeSummary, std::less<>>& tasks) {
  gen::GridTISummaries line;
  line.dag_id = dag_id;
  line.run_id = run_id;
  static const DagView kNothing("{}");
  Summarizer summarizer(dag == nullptr ? kNothing : *dag, tasks, line.task_instances);
  if (dag != nullptr) summarizer.add_group(dag->root());
  summarizer.add_missing();
  return line;
}

TaskSet narrowed(const DagView& dag, const std::optional<std::string>& root, bool upstream, bool downstream,
                 std::optional<std::int64_t> depth) {
  if (!root || root->empty()) return {};
  TaskSet start;
  if (dag.find_task(*root) != nullptr) {
    start.insert(*root);
  } else if (const GroupView* group = dag.find_group(*root)) {
    start = dag.tasks_in(*group);
  }
  TaskSet keep = start;
  if (upstream) keep.merge(dag.relatives(start, true, depth));
  if (downstream) keep.merge(dag.relatives(start, false, depth));
  return keep;
}

}  // namespace leoflow::api
