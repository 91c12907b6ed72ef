#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

/// Settings that are environment variables. What is not set, or to nothing, stays as it is.
/// Errors: invalid, naming the variable and what it is set to.
namespace leoflow {

/// The text of a variable; "" if it is not set.
using Variables = std::function<std::string(const char*)>;

/// Those of this process.
std::string environment_variable(const char* name);

/// Refuses variables that would have no effect, if one is set.
/// @param why  of them all; begins after "NAME is set, but "
Result<void> refuse_variables(const Variables& variables, std::initializer_list<const char*> names,
                              std::string_view why);

/// A truth value, in the words that Airflow takes.
Result<void> read_switch(const Variables& variables, const char* name, bool& out);
Result<void> read_switch(const Variables& variables, const char* name, std::optional<bool>& out);
Result<void> read_whole_number(const Variables& variables, const char* name, std::int64_t least,
                               std::int64_t& out);

}  // namespace leoflow
