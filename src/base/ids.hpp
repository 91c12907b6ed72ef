#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace leoflow {

/// A UUID in 16 bytes; text only at the rims.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
  bool is_nil() const { return *this == Uuid{}; }

  /// "0190b5c4-...": lower case with dashes.
  std::string text() const;
  static std::optional<Uuid> parse(std::string_view text);
};

struct UuidHash {
  std::size_t operator()(const Uuid& id) const {
    std::uint64_t tail = 0;
    for (std::size_t i = 8; i < 16; ++i) tail = tail << 8 | id.bytes[i];
    return static_cast<std::size_t>(tail);  // the random half
  }
};

/// A version 7 UUID: time-ordered, so that primary keys append to their index.
/// Thread safe.
Uuid new_uuid(Time now);

/// `count` random bytes from the operating system, as lower-case hex.
std::string random_hex(std::size_t count);

/// `count` random bytes from the operating system.
std::string random_bytes(std::size_t count);

}  // namespace leoflow
