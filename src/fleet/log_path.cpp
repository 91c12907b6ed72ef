#include "fleet/log_path.hpp"

#include <fmt/format.h>

namespace leoflow::fleet {

std::string relative_log_path(const std::string& dag_id, const std::string& run_id,
                              const std::string& task_id, int map_index, int try_number) {
  const std::string mapped = map_index < 0 ? "" : fmt::format("map_index={}/", map_index);
  return fmt::format("dag_id={}/run_id={}/task_id={}/{}attempt={}.log", dag_id, run_id, task_id, mapped,
                     try_number);
}

}  // namespace leoflow::fleet
