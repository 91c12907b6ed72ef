#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/core/call.hpp"
#include "api/core/task_definitions.hpp"
#include "gen/types.hpp"

/// Which task instances a clear, mark or delete means.
namespace leoflow::api {

struct TaskScope {
  std::string dag_id;
  std::optional<std::string> run_id;  ///< else every run within the dates
  std::optional<Time> first_logical_date;
  std::optional<Time> last_logical_date;
  std::optional<std::vector<std::string>> task_ids;          ///< with all map indexes; absent: all tasks
  std::vector<std::pair<std::string, std::int64_t>> mapped;  ///< single ones, besides task_ids
  std::vector<std::string> states;                           ///< empty: any
  std::string other_than_state;                              ///< "": any
};

std::vector<gen::TaskInstanceResponse> select_tasks(store::Session& session, const TaskScope& scope);

/// The same task instances as they are now; their ids may have changed.
std::vector<gen::TaskInstanceResponse> read_again(store::Session& session,
                                                  const std::vector<gen::TaskInstanceResponse>& tasks);

std::vector<engine::TaskKey> keys_of(const std::vector<gen::TaskInstanceResponse>& tasks);

gen::TaskInstanceCollectionResponse collection_of(Call& call, std::vector<gen::TaskInstanceResponse> tasks);

/// Adds one entity's outcome to a bulk answer. @param skip_missing not_found is no error.
void report(gen::BulkActionResponse& result, std::string key, const Result<void>& done, bool skip_missing);

}  // namespace leoflow::api
