#include "tasks/log_path.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace leoflow::tasks {
namespace {

/// Bytes that file systems take in a name.
constexpr std::size_t kLongestName = 255;
constexpr std::size_t kDigest = 16;

std::string folder_name(std::string_view kind, const std::string& id) {
  std::string name = fmt::format("{}={}", kind, id);
  if (name.size() <= kLongestName) return name;
  std::size_t kept = kLongestName - kDigest - 1;
  while ((static_cast<unsigned char>(name[kept]) & 0xc0) == 0x80) --kept;  // no half of a character
  return fmt::format("{}~{}", std::string_view(name).substr(0, kept), sha256_hex(id).substr(0, kDigest));
}

}  // namespace

std::string relative_log_path(const std::string& dag_id, const std::string& run_id,
                              const std::string& task_id, int map_index, int try_number) {
  const std::string mapped = map_index < 0 ? "" : fmt::format("map_index={}/", map_index);
  return fmt::format("{}/{}/{}/{}attempt={}.log", folder_name("dag_id", dag_id),
                     folder_name("run_id", run_id), folder_name("task_id", task_id), mapped, try_number);
}

}  // namespace leoflow::tasks
