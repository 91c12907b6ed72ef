#include "auth/passwords.hpp"

#include <argon2.h>
#include <array>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace leoflow::auth {

namespace {

constexpr std::uint32_t kPasses = 2;
constexpr std::uint32_t kMemoryKib = 19 * 1024;  // OWASP's recommendation for argon2id
constexpr std::uint32_t kLanes = 1;
constexpr std::size_t kSaltSize = 16;
constexpr std::size_t kHashSize = 32;

}  // namespace

std::string hash_password(std::string_view password) {
  const std::string salt = random_bytes(kSaltSize);
  std::array<char, 256> text{};
  const int outcome = argon2id_hash_encoded(kPasses, kMemoryKib, kLanes, password.data(), password.size(),
                                            salt.data(), salt.size(), kHashSize, text.data(), text.size());
  if (outcome != ARGON2_OK) throw Fatal(std::string("argon2: ") + argon2_error_message(outcome));
  return text.data();
}

bool password_matches(std::string_view password, const std::string& hash) {
  return argon2id_verify(hash.c_str(), password.data(), password.size()) == ARGON2_OK;
}

bool is_password_hash(const std::string& text) {
  // What it says of one that it can read.
  const int outcome = argon2id_verify(text.c_str(), "", 0);
  return outcome == ARGON2_OK || outcome == ARGON2_VERIFY_MISMATCH;
}

std::string random_password() {
  static constexpr std::string_view kLetters = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789";
  constexpr std::size_t kLength = 20;
  std::string password;
  while (password.size() < kLength) {
    for (const char c : random_bytes(32)) {
      const auto value = static_cast<unsigned char>(c);
      // Values past the last whole round would make the first letters likelier.
      if (value < 256 / kLetters.size() * kLetters.size() && password.size() < kLength) {
        password += kLetters[value % kLetters.size()];
      }
    }
  }
  return password;
}

}  // namespace leoflow::auth
