#include "api/core/run_cache.hpp"

namespace leoflow::api {
namespace {

/// What a line takes besides its bytes: three objects, each with its own piece of memory.
constexpr std::size_t kBesides = 256;

template <typename Known>
auto* find(Known& known, const RunStamp& stamp) {
  const auto* found = stamp.is_finished ? known.find(stamp.id) : nullptr;
  return found != nullptr && found->changes == stamp.changes ? &found->value : nullptr;
}

}  // namespace

RunStamp RunStamp::read(store::Row row, std::size_t first) {
  const auto state = dag::parse_run_state(row.text(first + 2));
  return {row.integer(first), row.integer(first + 1), state && dag::is_finished(*state)};
}

RunCache::Line RunCache::find_line(const RunStamp& stamp) {
  const std::lock_guard lock(mutex_);
  const Line* line = find(lines_, stamp);
  return line == nullptr ? nullptr : *line;
}

void RunCache::keep_line(const RunStamp& stamp, Line line) {
  if (!stamp.is_finished) return;
  const std::lock_guard lock(mutex_);
  const std::size_t size = line->deflated.capacity() + kBesides;
  lines_.put(stamp.id, {stamp.changes, std::move(line)}, size);
}

std::optional<TaskCounts> RunCache::find_counts(const RunStamp& stamp) {
  const std::lock_guard lock(mutex_);
  const TaskCounts* counts = find(counts_, stamp);
  return counts == nullptr ? std::nullopt : std::optional(*counts);
}

void RunCache::keep_counts(const RunStamp& stamp, const TaskCounts& counts) {
  if (!stamp.is_finished) return;
  const std::lock_guard lock(mutex_);
  counts_.put(stamp.id, {stamp.changes, counts});
}

}  // namespace leoflow::api
