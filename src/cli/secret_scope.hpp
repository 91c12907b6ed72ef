#pragma once

#include <string>

#include "tasks/secret_rights.hpp"

namespace CLI {
class App;
}

namespace leoflow::cli {

constexpr const char* kSecretScope = "LEOFLOW_SECRETS_SCOPE";

/// Adds `--secrets`, also `kSecretScope`, to a command; `scope` has its default, and must outlive it.
void add_secrets_option(CLI::App& command, std::string& scope);

tasks::SecretScope secret_scope_of(const std::string& scope);

}  // namespace leoflow::cli
