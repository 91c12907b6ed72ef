#pragma once

#include <string>
#include <string_view>
#include <vector>

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

/// Whether what has this name is a secret; more are as this process's [core] sensitive_var_conn_names says.
bool is_sensitive_name(std::string_view name);

}  // namespace leoflow
