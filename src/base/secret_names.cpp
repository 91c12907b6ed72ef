#include "base/secret_names.hpp"

#include <algorithm>
#include <cctype>

#include "base/text.hpp"
#include "base/variables.hpp"

namespace leoflow {
namespace {

/// Source: Airflow 3.3.2, DEFAULT_SENSITIVE_FIELDS; what another one contains is left out.
constexpr std::string_view kSensitiveParts[] = {
    "access_key",     "access_token", "api_key", "apikey",      "auth_header",
    "authorization",  "bearer",       "dsn",     "passphrase",  "passwd",
    "password",       "private_key",  "proxy",   "proxies",     "secret",
    "service_key",    "keyfile_dict", "token",   "webhook_url", "connection_string",
    "service_account"};

// Lower case, with "_" for whatever stands between words.
std::string normalized(std::string_view name) {
  std::string out;
  for (const char c : to_lower(trim(name))) {
    const bool is_word =
        std::isalnum(static_cast<unsigned char>(c)) || c == '_' || static_cast<signed char>(c) < 0;
    if (is_word) {
      out.push_back(c);
    } else if (out.empty() || out.back() != '_') {
      out.push_back('_');
    }
  }
  return out;
}

}  // namespace

SecretNames::SecretNames(std::string_view more) {
  for (const std::string& part : split(more, ',')) {
    if (std::string name = normalized(part); !name.empty()) more_.push_back(std::move(name));
  }
}

bool SecretNames::contain(std::string_view name) const {
  const std::string normal = normalized(name);
  const auto is_part = [&](std::string_view part) { return normal.find(part) != std::string::npos; };
  return std::ranges::any_of(kSensitiveParts, is_part) || std::ranges::any_of(more_, is_part);
}

bool is_sensitive_name(std::string_view name) {
  static const SecretNames kNames(environment_variable("AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES"));
  return kNames.contain(name);
}

}  // namespace leoflow
