#include "cli/server_variables.hpp"

#include <CLI/CLI.hpp>
#include <set>
#include <string>

#include "base/variables.hpp"
#include "cli/exit.hpp"
#include "cli/outside_cluster.hpp"
#include "cli/pod_options.hpp"
#include "cli/secret_scope.hpp"

namespace leoflow::cli {

void refuse_server_variables(const CLI::App& program) {
  // Those that are no options, for they hold secrets or come in a group.
  std::set<std::string> names = {"LEOFLOW_AUTH_JWT_SECRET",    "LEOFLOW_SECRET_KEY",
                                 "LEOFLOW_SECRET_KEY_OLD",     "LEOFLOW_BOOTSTRAP_EMAIL",
                                 "LEOFLOW_BOOTSTRAP_PASSWORD", "LEOFLOW_BOOTSTRAP_PASSWORD_HASH",
                                 "LEOFLOW_REDIS_URL",          "LEOFLOW_REDIS_CA_FILE"};
  for (const CLI::Option* option : program.get_subcommand("server")->get_options()) {
    const std::string name = option->get_envname();
    if (name.starts_with("LEOFLOW_")) names.insert(name);
  }
  for (const char* shared : {"LEOFLOW_DATABASE_URL", kSecretScope, kPodTemplates, kControlPlane}) {
    names.erase(shared);
  }
  for (const std::string& name : names) {
    value_or_exit(
        refuse_variables(environment_variable, {name.c_str()}, "it is for `leoflow server`: unset it"));
  }
}

}  // namespace leoflow::cli
