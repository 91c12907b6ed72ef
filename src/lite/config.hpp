#pragma once

#include <string>
#include <vector>

#include "auth/jwt.hpp"
#include "base/result.hpp"
#include "lite/home.hpp"

namespace leoflow::lite {

/// What `leoflow setup` decides once; `config.yaml`, readable by its owner only.
struct Config {
  std::string admin_email = "admin@leoflow.local";
  std::string admin_password_hash;         ///< argon2id
  std::string jwt_secret;                  ///< 64 random bytes as hex: signs tokens
  std::vector<auth::JwtKey> jwt_previous;  ///< what signed before, newest first
  std::string secret_key;                  ///< 32 random bytes as hex: seals connections and variables
  std::string agent_token;                 ///< that the agent presents
  std::string python;                      ///< interpreter of the Python environment
  std::string workspace;
  std::string lite_executor = "auto";
  int lite_port = 8088;
};

/// Errors: not_found (no file yet), invalid (naming file and key).
Result<Config> load_config(const Home& home);
/// Throws Fatal if the file cannot be written.
void save_config(const Home& home, const Config& config);

}  // namespace leoflow::lite
