#include "api/core/stored_log.hpp"

#include <algorithm>

namespace leoflow::api {
namespace {

constexpr std::uint64_t kFirst = 256 * 1024;

}  // namespace

Result<std::unique_ptr<StoredLog>> StoredLog::open(objects::ObjectStore& store, std::string name) {
  auto first = store.get(name, 0, kFirst);
  if (!first) return std::unexpected(first.error());
  return std::unique_ptr<StoredLog>(new StoredLog(store, std::move(name), std::move(*first)));
}

std::string StoredLog::read(std::uintmax_t from, std::uintmax_t size) {
  size = std::min(size, from < size_ ? size_ - from : 0);
  if (size == 0) return "";
  if (from + size <= first_.size()) return first_.substr(from, size);
  // Not kept while a slow reader takes the rest.
  first_.clear();
  auto piece = store_.get(name_, from, size);
  if (!piece) throw LogUnreadable(piece.error().message);
  return std::move(piece->bytes);
}

}  // namespace leoflow::api
