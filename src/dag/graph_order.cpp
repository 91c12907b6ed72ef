#include "dag/graph_order.hpp"

#include <algorithm>
#include <limits>

namespace leoflow::dag {

std::vector<TaskIndex> topological_order(const Dag& dag) {
  std::vector<std::size_t> open_upstream(dag.tasks.size());
  std::vector<TaskIndex> order;
  order.reserve(dag.tasks.size());
  for (TaskIndex i = 0; i < dag.tasks.size(); ++i) {
    open_upstream[i] = dag.tasks[i].upstream.size();
    if (open_upstream[i] == 0) order.push_back(i);
  }
  for (std::size_t done = 0; done < order.size(); ++done) {
    for (const TaskIndex next : dag.tasks[order[done]].downstream) {
      if (--open_upstream[next] == 0) order.push_back(next);
    }
  }
  return order;
}

std::vector<std::string> find_cycle(const Dag& dag) {
  const std::vector<TaskIndex> order = topological_order(dag);
  if (order.size() == dag.tasks.size()) return {};

  std::vector<bool> in_order(dag.tasks.size());
  for (const TaskIndex i : order) in_order[i] = true;
  // Every task that is left has an upstream one that is left: walking up must come round.
  TaskIndex at = 0;
  while (in_order[at]) ++at;
  std::vector<TaskIndex> path;
  std::vector<bool> on_path(dag.tasks.size());
  while (!on_path[at]) {
    on_path[at] = true;
    path.push_back(at);
    at = *std::ranges::find_if(dag.tasks[at].upstream, [&](TaskIndex up) { return !in_order[up]; });
  }
  std::vector<std::string> names = {dag.tasks[at].task_id};
  for (auto it = std::ranges::find(path, at) + 1; it != path.end(); ++it)
    names.push_back(dag.tasks[*it].task_id);
  names.push_back(dag.tasks[at].task_id);
  std::ranges::reverse(names);
  return names;
}

namespace {

/// Sums of weights over all relatives on one side, one bit set a task.
class RelativeWeights {
 public:
  RelativeWeights(const Dag& dag, bool upstream)
      : dag_(dag), upstream_(upstream), words_((dag.tasks.size() + 63) / 64) {}

  std::vector<std::int64_t> sums(const std::vector<int>& own) {
    std::vector<TaskIndex> order = topological_order(dag_);
    if (!upstream_) std::ranges::reverse(order);
    std::vector<std::uint64_t> sets(words_ * dag_.tasks.size());
    std::vector<std::int64_t> out(dag_.tasks.size());
    for (const TaskIndex i : order) {
      std::uint64_t* mine = &sets[i * words_];
      for (const TaskIndex next : upstream_ ? dag_.tasks[i].upstream : dag_.tasks[i].downstream) {
        const std::uint64_t* theirs = &sets[next * words_];
        for (std::size_t w = 0; w < words_; ++w) mine[w] |= theirs[w];
        mine[next / 64] |= std::uint64_t{1} << (next % 64);
      }
      out[i] = own[i] + total(mine, own);
    }
    return out;
  }

 private:
  std::int64_t total(const std::uint64_t* set, const std::vector<int>& own) const {
    std::int64_t sum = 0;
    for (std::size_t w = 0; w < words_; ++w) {
      for (std::uint64_t bits = set[w]; bits != 0; bits &= bits - 1) {
        sum += own[w * 64 + static_cast<std::size_t>(__builtin_ctzll(bits))];
      }
    }
    return sum;
  }

  const Dag& dag_;
  bool upstream_;
  std::size_t words_;
};

int clamp_weight(std::int64_t weight) {
  // The column is a 32-bit integer in Airflow; larger sums are cut there too.
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  return static_cast<int>(std::clamp(weight, -kMost - 1, kMost));
}

}  // namespace

void weigh(Dag& dag, const std::vector<WeightRule>& rules) {
  std::vector<int> own;
  for (const Task& task : dag.tasks) own.push_back(task.priority_weight);
  for (const WeightRule rule : {WeightRule::downstream, WeightRule::upstream}) {
    if (std::ranges::find(rules, rule) == rules.end()) continue;
    const auto sums = RelativeWeights(dag, rule == WeightRule::upstream).sums(own);
    for (std::size_t i = 0; i < rules.size(); ++i) {
      if (rules[i] == rule) dag.tasks[i].priority_weight = clamp_weight(sums[i]);
    }
  }
}

}  // namespace leoflow::dag
