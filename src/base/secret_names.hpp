#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/variables.hpp"

namespace leoflow {

/// Which names are those of secrets (password, token, ...), as Airflow decides.
class SecretNames {
 public:
  /// @param more  parts of names besides Airflow's own, with commas between them
  explicit SecretNames(std::string_view more = {});

  bool contain(std::string_view name) const;

 private:
  std::vector<std::string> more_;
};

/// As set by [core] sensitive_var_conn_names.
/// Errors: invalid, if [core] hide_sensitive_var_conn_fields is not true: nothing here shows secrets.
Result<SecretNames> read_secret_names(const Variables& variables);

/// Whether what has this name is a secret, by the settings that this process began with.
bool is_sensitive_name(std::string_view name);

}  // namespace leoflow
