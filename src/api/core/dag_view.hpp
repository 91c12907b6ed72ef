#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "dag/encoded.hpp"

namespace leoflow::api {

using dag::plain;

/// The params of a DAG or task, [[name, {...}], ...], as {name: {value, schema, description, source}}.
json::value plain_params(const json::value& serialized);

/// One task of a serialized DAG, with defaults looked up.
struct TaskView {
  std::string task_id;
  std::string label;  ///< short id, or the display name
  std::string display_name;
  std::string operator_name;
  std::string group_id;  ///< "" in no group
  bool is_mapped = false;
  bool is_setup = false;
  bool is_teardown = false;
  std::vector<std::string> upstream;
  std::vector<std::string> downstream;
  const json::value* fields = nullptr;    ///< into the document
  const json::value* defaults = nullptr;  ///< client defaults; may be null

  /// A field of the task, of its partial() if it is mapped, or of the client
  /// defaults; null if all leave it out (the schema's default holds then).
  const json::value* field(std::string_view name) const;
  /// The links that its operator makes: under which key each of them, by its name, is an XCom.
  std::map<std::string, std::string> extra_links() const;
};

struct GroupView {
  std::string group_id;  ///< "" is the root
  std::string parent_id;
  std::string label;
  std::string tooltip;
  std::optional<std::string> doc_md;
  bool is_mapped = false;
  struct Child {
    std::string id;
    bool is_group;
  };
  std::vector<Child> children;  ///< by id
  std::vector<std::string> upstream_groups, upstream_tasks, downstream_groups, downstream_tasks;

  std::string upstream_join() const { return group_id + ".upstream_join_id"; }
  std::string downstream_join() const { return group_id + ".downstream_join_id"; }
};

using TaskSet = std::set<std::string, std::less<>>;

/// A serialized DAG, parsed once: what grid, graph, task and detail pages read.
/// Immutable after construction, thread safe. Lenient: a document that lacks
/// something gives a smaller view, never an error.
class DagView {
 public:
  /// @param text the JSON of dag_version.serialized. Throws Fatal if it is no JSON.
  explicit DagView(std::string_view text);
  DagView(const DagView&) = delete;
  DagView& operator=(const DagView&) = delete;

  const json::value& dag() const { return *dag_; }
  const std::vector<TaskView>& tasks() const { return tasks_; }
  const TaskView* find_task(std::string_view task_id) const;
  const GroupView* find_group(std::string_view group_id) const;
  const GroupView& root() const { return groups_.at(""); }

  /// The group's children, upstream before downstream, else by name.
  /// Source: Airflow 3.3.2, SerializedTaskGroup.topological_sort.
  std::vector<GroupView::Child> sorted_children(const GroupView& group) const;
  /// Every task in the group and its subgroups.
  TaskSet tasks_in(const GroupView& group) const;
  std::vector<std::string> roots_of(const GroupView& group) const;
  std::vector<std::string> leaves_of(const GroupView& group) const;

  /// Tasks reachable from `task_ids`, without them. @param depth unlimited if absent.
  TaskSet relatives(const TaskSet& task_ids, bool upstream, std::optional<std::int64_t> depth = {}) const;
  /// What is cleared along with `task_ids`: their relatives on the chosen sides, and the setups and teardowns
  /// around all of these. Empty if no side is chosen. Source: Airflow 3.3.2, SerializedDAG.partial_subset.
  TaskSet related(const TaskSet& task_ids, bool upstream, bool downstream) const;

 private:
  /// The setups that a task runs under and their teardowns.
  TaskSet setups_and_teardowns(const std::string& task_id) const;
  void read_tasks();
  /// @param id the group's key among its parent's children: its full name.
  void read_group(const json::value& group, std::string_view id, std::string_view parent_id);

  json::value document_;
  const json::value* dag_;
  std::vector<TaskView> tasks_;
  std::map<std::string, std::size_t, std::less<>> task_index_;
  std::map<std::string, GroupView, std::less<>> groups_;
};

}  // namespace leoflow::api
