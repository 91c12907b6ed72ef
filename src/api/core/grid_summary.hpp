#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/core/dag_view.hpp"
#include "base/clock.hpp"
#include "dag/states.hpp"

/// What the grid says of the task instances of a run: one square for each task and for each group.
namespace leoflow::api {

/// The squares of a DAG from left to right; a group stands after all that is in it.
struct GridOrder {
  struct Node {
    std::string id;
    std::string opening;  ///< how the JSON of each of its squares begins: the same names in every run
    bool is_group;
    bool is_mapped;
    std::size_t first;  ///< the first node that is in the group
  };

  explicit GridOrder(const DagView& dag);
  GridOrder(const GridOrder&) = delete;  // the ids are in the nodes
  GridOrder& operator=(const GridOrder&) = delete;

  std::vector<Node> nodes;
  std::unordered_map<std::string_view, std::size_t> places;  ///< by id

 private:
  void add_group(const DagView& dag, const GroupView& group);
};

/// What task instances add up to.
struct NodeSummary {
  std::array<std::int32_t, dag::kTaskStateCount> counts{};  ///< by state
  std::optional<Time> start;                                ///< the earliest
  std::optional<Time> end;                                  ///< the latest
  std::optional<std::int64_t> version_number;               ///< the newest
  bool has_note = false;

  void add(const NodeSummary& other);
};

/// Sums up one run.
class RunSummary {
 public:
  /// @param order must outlive it.
  explicit RunSummary(const GridOrder& order) : order_(order), sums_(order.nodes.size()) {}

  void add(const std::string& task_id, const NodeSummary& instance);
  /// Appends a line of JSON; nothing for a run without task instances.
  void write(std::string_view dag_id, std::string_view run_id, std::string& out);

 private:
  const GridOrder& order_;
  std::vector<NodeSummary> sums_;                        ///< by node
  std::map<std::string, NodeSummary, std::less<>> odd_;  ///< tasks that this version of the DAG does not have
  bool is_empty_ = true;
};

}  // namespace leoflow::api
