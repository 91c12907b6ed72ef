#include "api/core/rerun_version.hpp"

#include "api/core/dag_cache.hpp"

namespace leoflow::api {

bool reruns_on_latest(Call& call, const std::string& dag_id, const std::optional<bool>& asked,
                      bool otherwise) {
  if (asked) return *asked;
  const bool of_all = call.api.config.settings.rerun_with_latest_version.value_or(otherwise);
  const auto dag = call.api.dags.current(call.db(), dag_id);
  return dag ? get_bool(dag->dag(), "rerun_with_latest_version", of_all) : of_all;
}

}  // namespace leoflow::api
