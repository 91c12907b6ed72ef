#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace leoflow::objects {

/// A part of an object.
struct Piece {
  std::string bytes;
  std::uint64_t total = 0;  ///< bytes of the whole object
};

/// Objects by key, below one prefix of one bucket. Thread safe; blocks.
/// Errors name the object and say what the store said: not_found (there is no such object), forbidden (the
/// credentials are not enough), invalid (the store refuses it), unavailable (it does not answer, or asks for
/// patience; that was tried a few times). They have nothing of the credentials.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// "s3://bucket/prefix/key"
  virtual std::string url(const std::string& key) const = 0;
  /// Puts a whole object in the place of the one that was there.
  virtual Result<void> put(const std::string& key, std::string_view bytes) = 0;
  /// @param size  bytes, at least 1. @returns less where the object ends before
  virtual Result<Piece> get(const std::string& key, std::uint64_t from, std::uint64_t size) = 0;

  /// Bytes of an object.
  Result<std::uint64_t> size(const std::string& key) {
    const auto piece = get(key, 0, 1);
    if (!piece) return std::unexpected(piece.error());
    return piece->total;
  }
};

}  // namespace leoflow::objects
