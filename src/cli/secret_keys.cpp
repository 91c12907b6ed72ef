#include "cli/secret_keys.hpp"

#include <fmt/format.h>

#include "auth/sealer.hpp"
#include "base/text.hpp"
#include "base/variables.hpp"
#include "cli/exit.hpp"

namespace leoflow::cli {
namespace {

std::string key_of(const std::string& hex, std::string_view name) {
  std::string key = key_from_hex(hex, name);
  if (key.size() != auth::Sealer::kKeyBytes)
    throw Exit{2, fmt::format("{} has {} bytes; it must have {} ({} hexadecimal digits)", name, key.size(),
                              auth::Sealer::kKeyBytes, 2 * auth::Sealer::kKeyBytes)};
  return key;
}

}  // namespace

std::string key_from_hex(const std::string& hex, std::string_view name) {
  std::string out;
  bool is_hex = hex.size() % 2 == 0;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]);
    const int low = hex_digit(hex[i + 1]);
    is_hex = is_hex && high >= 0 && low >= 0;
    out += static_cast<char>(high << 4 | low);
  }
  if (!is_hex) throw Exit{2, fmt::format("{} is not hexadecimal", name)};
  return out;
}

std::vector<std::string> secret_keys() {
  constexpr const char* kNewest = "LEOFLOW_SECRET_KEY";
  constexpr const char* kOlder = "LEOFLOW_SECRET_KEY_OLD";
  const std::string newest = environment_variable(kNewest);
  if (newest.empty())
    throw Exit{2, fmt::format("the environment variable {} is not set: it seals connections and variables; "
                              "`openssl rand -hex 32` makes one",
                              kNewest)};
  std::vector<std::string> out = {key_of(newest, kNewest)};
  const std::string older = environment_variable(kOlder);
  if (older.empty()) return out;
  for (const std::string& one : split(older, ',')) out.push_back(key_of(std::string(trim(one)), kOlder));
  return out;
}

}  // namespace leoflow::cli
