#pragma once

#include <string>
#include <vector>

namespace leoflow::cli {

/// The bytes of a hexadecimal text. Ends the command, naming `name`, if it is none.
std::string key_from_hex(const std::string& hex, std::string_view name);

/// What seals secrets, from LEOFLOW_SECRET_KEY, and then what did earlier, from LEOFLOW_SECRET_KEY_OLD
/// (several with commas). Ends the command if one is missing or wrong.
std::vector<std::string> secret_keys();

}  // namespace leoflow::cli
