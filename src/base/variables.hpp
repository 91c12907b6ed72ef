#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"

/// Settings that are environment variables. What is not set, or to nothing, stays as it is.
/// Errors: invalid, naming the variable and what it is set to.
namespace leoflow {

/// The text of a variable; "" if it is not set.
using Variables = std::function<std::string(const char*)>;

/// Those of this process.
std::string environment_variable(const char* name);

/// A truth value, in the words that Airflow takes.
Result<void> read_switch(const Variables& variables, const char* name, bool& out);
Result<void> read_switch(const Variables& variables, const char* name, std::optional<bool>& out);
Result<void> read_whole_number(const Variables& variables, const char* name, std::int64_t least,
                               std::int64_t& out);

}  // namespace leoflow
