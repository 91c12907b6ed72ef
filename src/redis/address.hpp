#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/variables.hpp"

namespace leoflow::redis {

/// Where a Redis is, and who asks it.
struct Address {
  std::string host;
  int port = 6379;
  std::string user;
  std::string password;
  int database = 0;
  bool is_tls = false;
  std::string ca_file;  ///< PEM: who signs its certificate; "" for the system's

  /// Without user and password.
  std::string text() const;
};

/// Reads it from LEOFLOW_REDIS_URL and LEOFLOW_REDIS_CA_FILE. Nothing if there is none.
/// Errors: invalid, naming the variable. Not what it is set to: that may hold a password.
Result<std::optional<Address>> read_address(const Variables& variables);

}  // namespace leoflow::redis
