#include "api/core/stored_log.hpp"

#include <algorithm>

#include "base/turn.hpp"

namespace leoflow::api {
namespace {

constexpr std::uint64_t kFirst = 256 * 1024;

/// Of those who ask the store at once: while it hangs there are threads for everybody else.
std::counting_semaphore<4> store_places(4);
/// While it answers, one is free sooner.
constexpr std::chrono::seconds kPatience{1};

Result<objects::Piece> get(objects::ObjectStore& store, const std::string& name, std::uint64_t from,
                           std::uint64_t size) {
  const Turn turn(store_places, kPatience);
  if (turn.is_taken()) return store.get(name, from, size);
  return fail(ErrorCode::unavailable, "the store of logs is asked for too many at once: try again");
}

}  // namespace

Result<std::unique_ptr<StoredLog>> StoredLog::open(objects::ObjectStore& store, std::string name) {
  auto first = get(store, name, 0, kFirst);
  if (!first) return std::unexpected(first.error());
  return std::unique_ptr<StoredLog>(new StoredLog(store, std::move(name), std::move(*first)));
}

std::string StoredLog::read(std::uintmax_t from, std::uintmax_t size) {
  size = std::min(size, from < size_ ? size_ - from : 0);
  if (size == 0) return "";
  if (from + size <= first_.size()) return first_.substr(from, size);
  // Not kept while a slow reader takes the rest.
  first_.clear();
  auto piece = get(store_, name_, from, size);
  if (!piece) throw LogUnreadable(piece.error().message);
  return std::move(piece->bytes);
}

}  // namespace leoflow::api
