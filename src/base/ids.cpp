#include "base/ids.hpp"

#include <atomic>
#include <openssl/rand.h>

#include "base/result.hpp"
#include "base/text.hpp"

namespace leoflow {

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    throw Fatal("the operating system gave no random bytes");
  }
  return bytes;
}

std::string random_hex(std::size_t count) {
  return to_hex(random_bytes(count));
}

namespace {

/// Milliseconds and a count of 12 bits that goes on within a millisecond, so that ids are in the order in
/// which they were made. More than 4096 in a millisecond borrow from the next ones.
std::uint64_t next_count(Time now) {
  static std::atomic<std::uint64_t> last{0};
  constexpr std::uint64_t kMostBorrowed = std::uint64_t{1000} << 12;
  const auto first = static_cast<std::uint64_t>(
                         std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count())
                     << 12;
  std::uint64_t before = last.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    next = before >= first && before - first < kMostBorrowed ? before + 1 : first;
  } while (!last.compare_exchange_weak(before, next, std::memory_order_relaxed));
  return next;
}

}  // namespace

Uuid new_uuid(Time now) {
  Uuid id;
  const std::string random = random_bytes(8);
  const std::uint64_t count = next_count(now);
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(count >> (52 - 8 * i));
  id.bytes[6] = static_cast<std::uint8_t>(((count >> 8) & 0x0F) | 0x70);
  id.bytes[7] = static_cast<std::uint8_t>(count);
  for (std::size_t i = 0; i < 8; ++i) id.bytes[8 + i] = static_cast<std::uint8_t>(random[i]);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  return id;
}

std::string Uuid::text() const {
  std::string out = to_hex(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  for (const std::size_t dash : {8, 13, 18, 23}) out.insert(dash, 1, '-');
  return out;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  Uuid id;
  std::size_t digit = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '-' && text.size() == 36 && (i == 8 || i == 13 || i == 18 || i == 23)) continue;
    const int value = hex_digit(c);
    if (value < 0 || digit >= 32) return std::nullopt;
    auto& byte = id.bytes[digit / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | value);
    ++digit;
  }
  if (digit != 32) return std::nullopt;
  return id;
}

}  // namespace leoflow
