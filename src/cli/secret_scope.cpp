#include "cli/secret_scope.hpp"

#include <CLI/CLI.hpp>

namespace leoflow::cli {

void add_secrets_option(CLI::App& command, std::string& scope) {
  command
      .add_option(
          "--secrets", scope,
          "Variables and connections that tasks may use. declared: those in leoflow.yaml, each use is in "
          "the audit log; permissive: all, if leoflow.yaml declares none")
      ->envname(kSecretScope)
      ->check(CLI::IsMember({"declared", "permissive"}))
      ->capture_default_str();
}

tasks::SecretScope secret_scope_of(const std::string& scope) {
  return scope == "permissive" ? tasks::SecretScope::permissive : tasks::SecretScope::declared;
}

}  // namespace leoflow::cli
