#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/remote.hpp"

namespace leoflow::cli {
namespace {

constexpr const char* kTokensPath = "/api/v2/serviceTokens";

struct TokensOptions {
  std::string server_url;
  std::string name;
  std::string role = "viewer";
  std::vector<std::string> groups;
  int days = 0;
  bool yes = false;
  Output output;
};

/// A token with its groups in one text.
json::object shown(const json::value& token) {
  json::object out = token.as_object();
  std::vector<std::string> groups;
  for (const json::value& group : out.at("groups").as_array()) groups.emplace_back(group.as_string());
  out["groups"] = join(groups, ", ");
  return out;
}

void list_tokens(const TokensOptions& options) {
  Listing listing = {"name", "role", "groups", "created_at", "created_by", "expires_at"};
  const json::value answer = Remote(options.server_url).get(kTokensPath);
  for (const json::value& token : answer.at("service_tokens").as_array()) listing.add(shown(token));
  listing.print(options.output);
}

void create_token_of_service(const TokensOptions& options) {
  json::object body{{"name", options.name},
                    {"role", options.role},
                    {"groups", json::array(options.groups.begin(), options.groups.end())}};
  if (options.days > 0) body["expires_at"] = to_iso_z(SystemClock().now() + std::chrono::days(options.days));
  const json::value made = Remote(options.server_url).post(kTokensPath, body);
  json::object fields = shown(made.at("service_token"));
  fields["token"] = made.at("token");
  print_fields(options.output, fields);
}

void revoke_token_of_service(const TokensOptions& options) {
  if (!options.yes) confirm(fmt::format("This ends all access of the service '{}'.", options.name));
  Remote(options.server_url).remove(fmt::format("{}/{}", kTokensPath, url_encode(options.name)));
}

}  // namespace

void add_tokens(CLI::App& app) {
  auto options = std::make_shared<TokensOptions>();
  CLI::App* tokens = app.add_subcommand("tokens", "Tokens of programs that use the API, such as CI");
  tokens->require_subcommand(1);
  tokens->footer(
      "A token is shown once. A program sends it as `Authorization: Bearer …`, `leoflow` takes it from\n"
      "LEOFLOW_TOKEN. What it does is in the audit log as that of service:NAME. Only admins manage "
      "tokens.\n\n"
      "Examples:\n  leoflow tokens create ci --role op --days 90\n  leoflow tokens list\n"
      "  leoflow tokens revoke ci");
  const auto add = [&](const char* name, const char* what, const char* example,
                       void (*action)(const TokensOptions&)) {
    CLI::App* command = tokens->add_subcommand(name, what);
    add_server_option(*command, options->server_url);
    command->footer(fmt::format("Example:\n  leoflow tokens {}", example));
    command->callback([options, action] { action(*options); });
    return command;
  };
  add_output_option(*add("list", "List the tokens", "list", list_tokens), options->output);
  CLI::App* create =
      add("create", "Make a token and show it", "create ci --role op --days 90", create_token_of_service);
  create->add_option("name", options->name, "Name of the program")->required();
  create->add_option("--role", options->role, "none, viewer, user, op or admin")
      ->check(CLI::IsMember({"none", "viewer", "user", "op", "admin"}, CLI::ignore_case))
      ->capture_default_str();
  create->add_option("--group", options->groups, "A group that it is in, as users are; can be repeated");
  create->add_option("--days", options->days, "How long it holds (default: until it is revoked)")
      ->check(CLI::Range(1, 36500));
  add_output_option(*create, options->output);
  CLI::App* revoke = add("revoke", "End a token, at once", "revoke ci --yes", revoke_token_of_service);
  revoke->add_option("name", options->name, "Name of the program")->required();
  revoke->add_flag("--yes", options->yes, "Do not ask");
}

}  // namespace leoflow::cli
