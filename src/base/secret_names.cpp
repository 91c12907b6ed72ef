#include "base/secret_names.hpp"

#include <algorithm>
#include <cctype>
#include <string>

#include "base/text.hpp"

namespace leoflow {
namespace {

/// Source: Airflow 3.3.2, DEFAULT_SENSITIVE_FIELDS; what another one contains is left out.
constexpr std::string_view kSensitiveParts[] = {
    "access_key",     "access_token", "api_key", "apikey",      "auth_header",
    "authorization",  "bearer",       "dsn",     "passphrase",  "passwd",
    "password",       "private_key",  "proxy",   "proxies",     "secret",
    "service_key",    "keyfile_dict", "token",   "webhook_url", "connection_string",
    "service_account"};

}  // namespace

bool is_sensitive_name(std::string_view name) {
  std::string normal;
  for (const char c : to_lower(trim(name))) {
    const bool is_word =
        std::isalnum(static_cast<unsigned char>(c)) || c == '_' || static_cast<signed char>(c) < 0;
    if (is_word) {
      normal.push_back(c);
    } else if (normal.empty() || normal.back() != '_') {
      normal.push_back('_');
    }
  }
  return std::ranges::any_of(kSensitiveParts,
                             [&](std::string_view part) { return normal.find(part) != std::string::npos; });
}

}  // namespace leoflow
