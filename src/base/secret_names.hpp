#pragma once

#include <string_view>

namespace leoflow {

/// Whether what has this name is a secret (password, token, ...), as Airflow decides by default.
bool is_sensitive_name(std::string_view name);

}  // namespace leoflow
