#include "api/core/dag_view.hpp"

#include <algorithm>

namespace leoflow::api {

namespace {

const json::value kNull;

const json::value& at(const json::value& object, std::string_view name) {
  const json::value* value = find(object, name);
  return value == nullptr ? kNull : *value;
}

std::vector<std::string> texts(const json::value& list) {
  std::vector<std::string> out;
  if (!list.is_array()) return out;
  for (const json::value& item : list.get_array()) {
    if (item.is_string()) out.emplace_back(item.get_string());
  }
  return out;
}

// The name without the group's prefix.
std::string short_name(std::string_view id, std::string_view group_id) {
  if (!group_id.empty() && id.size() > group_id.size() && id.starts_with(group_id) &&
      id[group_id.size()] == '.') {
    return std::string(id.substr(group_id.size() + 1));
  }
  return std::string(id);
}

}  // namespace

json::value plain_params(const json::value& serialized) {
  json::object out;
  if (!serialized.is_array()) return out;
  for (const json::value& pair : serialized.get_array()) {
    if (!pair.is_array() || pair.get_array().size() != 2 || !pair.get_array()[0].is_string()) continue;
    const json::value& param = pair.get_array()[1];
    json::object dumped;
    dumped["value"] = plain(at(param, "default"));
    const json::value schema = plain(at(param, "schema"));
    dumped["schema"] = schema.is_null() ? json::value(json::object()) : schema;
    dumped["description"] = at(param, "description");
    dumped["source"] = at(param, "source");
    out[pair.get_array()[0].get_string()] = std::move(dumped);
  }
  return out;
}

const json::value* TaskView::field(std::string_view name) const {
  if (const json::value* own = find(*fields, name)) return own;
  if (is_mapped) {
    if (const json::value* partial = find(*fields, "partial_kwargs")) {
      if (const json::value* value = find(*partial, name)) return value;
    }
  }
  return defaults == nullptr ? nullptr : find(*defaults, name);
}

std::map<std::string, std::string> TaskView::extra_links() const {
  std::map<std::string, std::string> out;
  const json::value* encoded = field("_operator_extra_links");
  const json::value links = encoded == nullptr ? json::value() : plain(*encoded);
  if (!links.is_object()) return out;
  for (const auto& [name, key] : links.get_object()) {
    if (key.is_string()) out.emplace(name, key.get_string());
  }
  return out;
}

DagView::DagView(std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed) throw Fatal("a serialized DAG is not JSON: " + parsed.error().message);
  document_ = std::move(*parsed);
  const json::value* dag = find(document_, "dag");
  dag_ = dag == nullptr ? &document_ : dag;
  groups_[""];
  read_tasks();
  read_group(at(*dag_, "task_group"), "", "");
  for (TaskView& task : tasks_) {
    const std::string display = task.display_name;
    task.label = display != task.task_id ? display : short_name(task.task_id, task.group_id);
  }
}

void DagView::read_tasks() {
  const json::value& list = at(*dag_, "tasks");
  if (!list.is_array()) return;
  const json::value* defaults = find(at(document_, "client_defaults"), "tasks");
  for (const json::value& item : list.get_array()) {
    const json::value* fields = find(item, "__var");
    if (fields == nullptr) fields = &item;
    TaskView task;
    task.fields = fields;
    task.defaults = defaults;
    task.is_mapped = get_bool(*fields, "_is_mapped", false);
    task.task_id = get_text(*fields, "task_id");
    const auto text_of = [&](std::string_view name, const std::string& fallback) {
      const json::value* value = task.field(name);
      return value != nullptr && value->is_string() ? std::string(value->get_string()) : fallback;
    };
    task.display_name = text_of("_task_display_name", text_of("task_display_name", task.task_id));
    task.operator_name = text_of("_operator_name", text_of("task_type", "BaseOperator"));
    const auto flag_of = [&](std::string_view name) {
      const json::value* value = task.field(name);
      return value != nullptr && value->is_bool() && value->get_bool();
    };
    task.is_setup = flag_of("is_setup");
    task.is_teardown = flag_of("is_teardown");
    task.downstream = texts(at(*fields, "downstream_task_ids"));
    task_index_[task.task_id] = tasks_.size();
    tasks_.push_back(std::move(task));
  }
  for (const TaskView& task : tasks_) {
    for (const std::string& below : task.downstream) {
      if (const auto found = task_index_.find(below); found != task_index_.end()) {
        tasks_[found->second].upstream.push_back(task.task_id);
      }
    }
  }
}

void DagView::read_group(const json::value& group, std::string_view id, std::string_view parent_id) {
  if (!group.is_object()) return;
  GroupView view;
  view.group_id = id;
  view.parent_id = parent_id;
  view.label = get_text(group, "group_display_name");
  if (view.label.empty()) view.label = get_text(group, "_group_id");
  view.tooltip = get_text(group, "tooltip");
  view.doc_md = find_text(group, "doc_md");
  view.is_mapped = get_bool(group, "is_mapped", false);
  view.upstream_groups = texts(at(group, "upstream_group_ids"));
  view.upstream_tasks = texts(at(group, "upstream_task_ids"));
  view.downstream_groups = texts(at(group, "downstream_group_ids"));
  view.downstream_tasks = texts(at(group, "downstream_task_ids"));
  const json::value& children = at(group, "children");
  if (children.is_object()) {
    for (const auto& [key, pair] : children.get_object()) {
      if (!pair.is_array() || pair.get_array().size() != 2) continue;
      const bool is_group = pair.get_array()[0] == "taskgroup";
      view.children.push_back({std::string(key), is_group});
      if (is_group) {
        read_group(pair.get_array()[1], std::string_view(key), id);
      } else if (const auto task = task_index_.find(std::string_view(key)); task != task_index_.end()) {
        tasks_[task->second].group_id = id;
      }
    }
    std::ranges::sort(view.children, {}, &GroupView::Child::id);
  }
  groups_[std::string(id)] = std::move(view);
}

const TaskView* DagView::find_task(std::string_view task_id) const {
  const auto found = task_index_.find(task_id);
  return found == task_index_.end() ? nullptr : &tasks_[found->second];
}

const GroupView* DagView::find_group(std::string_view group_id) const {
  const auto found = groups_.find(group_id);
  return found == groups_.end() ? nullptr : &found->second;
}

TaskSet DagView::tasks_in(const GroupView& group) const {
  TaskSet ids;
  for (const auto& child : group.children) {
    if (!child.is_group) {
      ids.insert(child.id);
    } else if (const GroupView* inner = find_group(child.id)) {
      ids.merge(tasks_in(*inner));
    }
  }
  return ids;
}

std::vector<std::string> DagView::roots_of(const GroupView& group) const {
  const TaskSet ids = tasks_in(group);
  std::vector<std::string> roots;
  for (const std::string& id : ids) {
    const TaskView* task = find_task(id);
    if (task != nullptr && std::none_of(task->upstream.begin(), task->upstream.end(),
                                        [&](const auto& above) { return ids.contains(above); })) {
      roots.push_back(id);
    }
  }
  return roots;
}

std::vector<std::string> DagView::leaves_of(const GroupView& group) const {
  const TaskSet ids = tasks_in(group);
  std::vector<std::string> leaves;
  for (const std::string& id : ids) {
    const TaskView* task = find_task(id);
    // Teardowns do not count: what is above them is the end of the work.
    if (task == nullptr || task->is_teardown) continue;
    const bool goes_on =
        std::any_of(task->downstream.begin(), task->downstream.end(), [&](const auto& below) {
          const TaskView* next = find_task(below);
          return ids.contains(below) && next != nullptr && !next->is_teardown;
        });
    if (!goes_on) leaves.push_back(id);
  }
  return leaves;
}

TaskSet DagView::relatives(const TaskSet& task_ids, bool upstream, std::optional<std::int64_t> depth) const {
  TaskSet found;
  std::vector<std::string> edge(task_ids.begin(), task_ids.end());
  for (std::int64_t step = 0; !edge.empty() && (!depth || step < *depth); ++step) {
    std::vector<std::string> next;
    for (const std::string& id : edge) {
      const TaskView* task = find_task(id);
      if (task == nullptr) continue;
      for (const std::string& other : upstream ? task->upstream : task->downstream) {
        if (!task_ids.contains(other) && found.insert(other).second) next.push_back(other);
      }
    }
    edge = std::move(next);
  }
  return found;
}

TaskSet DagView::setups_and_teardowns(const std::string& task_id) const {
  const TaskSet below = relatives({task_id}, false);
  TaskSet found;
  for (const std::string& above : relatives({task_id}, true)) {
    const TaskView* setup = find_task(above);
    if (setup == nullptr || !setup->is_setup) continue;
    TaskSet teardowns;
    for (const std::string& next : setup->downstream) {
      if (const TaskView* task = find_task(next); task != nullptr && task->is_teardown)
        teardowns.insert(next);
    }
    const bool has_one_below =
        std::any_of(teardowns.begin(), teardowns.end(), [&](const auto& id) { return below.contains(id); });
    if (!teardowns.empty() && !has_one_below) continue;
    found.insert(above);
    teardowns.erase(task_id);
    found.merge(teardowns);
  }
  return found;
}

TaskSet DagView::related(const TaskSet& task_ids, bool upstream, bool downstream) const {
  TaskSet found;
  if (!upstream && !downstream) return found;
  if (upstream) found.merge(relatives(task_ids, true));
  if (downstream) found.merge(relatives(task_ids, false));
  const bool has_setups =
      std::any_of(tasks_.begin(), tasks_.end(), [](const TaskView& task) { return task.is_setup; });
  if (!has_setups) return found;
  TaskSet around;
  const auto add_around = [&](const std::string& id) {
    const TaskView* task = find_task(id);
    if (task != nullptr && !task->is_setup && !task->is_teardown) around.merge(setups_and_teardowns(id));
  };
  if (downstream) std::for_each(found.begin(), found.end(), add_around);
  std::for_each(task_ids.begin(), task_ids.end(), add_around);
  found.merge(around);
  return found;
}

}  // namespace leoflow::api
