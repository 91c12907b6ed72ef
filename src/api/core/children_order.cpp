#include <algorithm>
#include <unordered_map>

#include "api/core/dag_view.hpp"

// The order in which a page shows what is in a group.
namespace leoflow::api {
namespace {

using Children = std::vector<GroupView::Child>;

/// Which children stand for what, and what is above each.
class Siblings {
 public:
  Siblings(const DagView& dag, const Children& children) : dag_(dag) {
    for (std::size_t i = 0; i < children.size(); ++i) index_.emplace(children[i].id, i);
    above_.resize(children.size());
    for (std::size_t i = 0; i < children.size(); ++i) add_above(children[i], i);
  }

  const std::vector<std::size_t>& above(std::size_t child) const { return above_[child]; }

 private:
  void add_above(const GroupView::Child& child, std::size_t at) {
    const auto add = [&](const std::vector<std::string>& ids) {
      for (const std::string& id : ids) {
        const auto sibling = sibling_of(id);
        if (sibling && *sibling != at) above_[at].push_back(*sibling);
      }
    };
    if (const TaskView* task = child.is_group ? nullptr : dag_.find_task(child.id)) add(task->upstream);
    if (const GroupView* group = child.is_group ? dag_.find_group(child.id) : nullptr) {
      add(group->upstream_groups);
      add(group->upstream_tasks);
    }
    std::ranges::sort(above_[at]);
    above_[at].erase(std::ranges::unique(above_[at]).begin(), above_[at].end());
  }

  /// The child that has this id, or is a group around what has it.
  std::optional<std::size_t> sibling_of(const std::string& id) const {
    if (const auto found = index_.find(id); found != index_.end()) return found->second;
    const TaskView* task = dag_.find_task(id);
    const GroupView* group = task == nullptr ? dag_.find_group(id) : nullptr;
    std::string outer = task != nullptr ? task->group_id : group != nullptr ? group->parent_id : "";
    while (!outer.empty()) {
      if (const auto found = index_.find(outer); found != index_.end()) return found->second;
      const GroupView* next = dag_.find_group(outer);
      outer = next == nullptr ? "" : next->parent_id;
    }
    return std::nullopt;
  }

  const DagView& dag_;
  std::unordered_map<std::string_view, std::size_t> index_;
  std::vector<std::vector<std::size_t>> above_;
};

/// Airflow goes over the children again and again and takes those of which nothing above is left. In which of
/// these rounds a child is taken follows from what is above it: in the same one if that comes earlier in the
/// list.
std::vector<std::size_t> rounds_of(const Siblings& siblings, std::size_t count) {
  std::vector<std::size_t> left(count);
  std::vector<std::vector<std::size_t>> below(count);
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < count; ++i) {
    left[i] = siblings.above(i).size();
    for (const std::size_t above : siblings.above(i)) below[above].push_back(i);
    if (left[i] == 0) ready.push_back(i);
  }
  // A cycle cannot be stored; what is on one would come last.
  std::vector<std::size_t> rounds(count, count);
  for (std::size_t done = 0; done < ready.size(); ++done) {
    const std::size_t at = ready[done];
    rounds[at] = 0;
    for (const std::size_t above : siblings.above(at))
      rounds[at] = std::max(rounds[at], rounds[above] + (above > at ? 1 : 0));
    for (const std::size_t next : below[at]) {
      if (--left[next] == 0) ready.push_back(next);
    }
  }
  return rounds;
}

}  // namespace

Children DagView::sorted_children(const GroupView& group) const {
  const Siblings siblings(*this, group.children);
  const std::vector<std::size_t> rounds = rounds_of(siblings, group.children.size());
  std::vector<std::size_t> order(group.children.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return rounds[i]; });
  Children out;
  for (const std::size_t i : order) out.push_back(group.children[i]);
  return out;
}

}  // namespace leoflow::api
