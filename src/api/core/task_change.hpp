#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/call.hpp"
#include "api/core/dag_cache.hpp"
#include "base/result.hpp"
#include "gen/types.hpp"

/// Marking task instances and writing notes on them, for one request and for bulk actions.
namespace leoflow::api {

/// One task of one run that a request wants changed, with how far it reaches.
struct Target {
  std::string dag_id;
  std::string run_id;
  std::vector<std::string> task_ids;      ///< one, or a group's
  std::optional<std::int64_t> map_index;  ///< absent: all
  bool upstream = false;
  bool downstream = false;
  bool future = false;
  bool past = false;
};

struct Change {
  std::optional<std::string> state;
  std::optional<std::optional<std::string>> note;
};

/// A note of null is none to be written, unless the mask names it.
template <typename Body>
Change change_from(const Body& body, const std::optional<std::vector<std::string>>& mask) {
  const bool masked = mask && !mask->empty();
  const auto wanted = [&](std::string_view field) {
    return body.has(field) && (!masked || std::find(mask->begin(), mask->end(), field) != mask->end());
  };
  Change change;
  if (wanted("new_state")) change.state = body.new_state;
  if (wanted("note") && (masked || body.note)) change.note = body.note;
  return change;
}

template <typename Body>
void reach_from(const Body& body, Target& target) {
  target.upstream = body.include_upstream;
  target.downstream = body.include_downstream;
  target.future = body.include_future;
  target.past = body.include_past;
}

/// 404 in Airflow's words. @param map_index absent: any.
std::unexpected<Error> no_task_instance(std::string_view dag_id, std::string_view run_id,
                                        std::string_view task_id, std::optional<std::int64_t> map_index);

bool is_task_instance(Call& call, std::string_view dag_id, std::string_view run_id, std::string_view task_id,
                      std::int64_t map_index);

/// The target's own instances, whatever their state.
std::vector<gen::TaskInstanceResponse> own_tasks(Call& call, const Target& target);

/// What marking would change: the target and its relatives, in its run and, if asked
/// for, in earlier and later ones, except what has the state already.
Result<std::vector<gen::TaskInstanceResponse>> affected_tasks(Call& call, const DagView& dag,
                                                              const Target& target, const std::string& state);

Result<std::vector<gen::TaskInstanceResponse>> apply_change(Call& call, const DagView& dag,
                                                            const Target& target, const Change& change);

/// The DAG's newest version, provided that it has the task and the run an instance of it.
Result<DagCache::View> check_target(Call& call, const Target& target);

/// Errors: not_found in Airflow's words.
Result<void> remove_task(Call& call, const std::string& dag_id, const std::string& run_id,
                         const std::string& task_id, std::int64_t map_index);

}  // namespace leoflow::api
