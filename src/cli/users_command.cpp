#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fmt/format.h>
#include <functional>

#include "auth/passwords.hpp"
#include "auth/users.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"
#include "cli/commands.hpp"
#include "cli/exit.hpp"
#include "cli/local_database.hpp"
#include "cli/output.hpp"
#include "cli/remote.hpp"
#include "lite/config.hpp"
#include "store/migrator.hpp"

namespace leoflow::cli {
namespace {

struct UsersOptions {
  std::string database_url;
  std::string username;
  std::string role = "viewer";
  std::vector<std::string> groups;
  bool yes = false;
  Output output;
};

/// Works on the users of a database in one transaction.
void with_users(const UsersOptions& options, const std::function<void(store::Session&)>& work) {
  const auto database = open_database(options.database_url);
  const store::SchemaStatus status = store::Migrator(*database).status();
  if (status.condition != store::SchemaCondition::current) throw Exit{4, store::explain(status)};
  const auto session = database->connect();
  store::Transaction transaction(*session);
  work(*session);
  transaction.commit();
}

/// By the clock of the servers of that database, which compare it with that of logins: replicas go by the
/// database's, Lite, which has no leader, by this host's.
Time time_of_servers(store::Session& session) {
  const bool has_replicas = !session.query("SELECT 1 FROM leader WHERE epoch > 0").empty();
  return has_replicas ? session.now() : SystemClock().now();
}

/// Lite makes its admin anew at each start, from its configuration.
void refuse_admin_of_install(const UsersOptions& options, std::string_view instead) {
  const auto config = lite::load_config(lite::Home::from_environment());
  if (config && config->admin_email == options.username) {
    throw Exit{5, fmt::format("'{}' is the admin of this install; {}", options.username, instead)};
  }
}

Exit no_user(const UsersOptions& options) {
  return Exit{3, fmt::format("there is no user '{}'; `leoflow users list` shows all", options.username)};
}

struct Password {
  std::string text;
  bool is_made_up = false;
};

/// From LEOFLOW_USER_PASSWORD, else made up. Never an argument: those are for all to see.
Password choose_password() {
  const char* given = std::getenv("LEOFLOW_USER_PASSWORD");
  if (given != nullptr && *given != '\0') return {given, false};
  return {auth::random_password(), true};
}

void show_password(const UsersOptions& options, const Password& password) {
  json::object fields{{"username", options.username}};
  if (password.is_made_up) fields["password"] = password.text;
  print_fields(options.output, fields);
}

void list_users(const UsersOptions& options) {
  Listing listing = {"username", "role", "groups", "login", "created_at", "updated_at"};
  with_users(options, [&](store::Session& session) {
    for (const auth::ListedUser& user : auth::list_users(session)) {
      listing.add({{"username", user.username},
                   {"role", auth::role_name(user.role)},
                   {"groups", join(user.groups, ", ")},
                   {"login", user.is_from_provider ? "provider" : "password"},
                   {"created_at", to_iso_z(user.created_at)},
                   {"updated_at", to_iso_z(user.updated_at)}});
    }
  });
  listing.print(options.output);
}

void create_user(const UsersOptions& options) {
  if (!auth::is_possible_username(options.username))
    throw Exit{2, fmt::format("'{}' cannot be the name of a user", options.username)};
  const Password password = choose_password();
  const auth::User user{options.username, auth::hash_password(password.text), *auth::parse_role(options.role),
                        options.groups};
  with_users(options, [&](store::Session& session) {
    if (auth::find_user(session, user.username)) {
      throw Exit{4, fmt::format("there is a user '{}' already; nothing was changed", user.username)};
    }
    auth::put_user(session, user, time_of_servers(session));
  });
  show_password(options, password);
}

void delete_user(const UsersOptions& options) {
  refuse_admin_of_install(options, "it cannot be deleted");
  if (!options.yes) confirm(fmt::format("This deletes the user '{}'.", options.username));
  with_users(options, [&](store::Session& session) {
    if (!auth::delete_user(session, options.username)) throw no_user(options);
  });
}

void change_role(const UsersOptions& options) {
  refuse_admin_of_install(options, "its role stays");
  with_users(options, [&](store::Session& session) {
    const auth::Role role = *auth::parse_role(options.role);
    if (!auth::set_role(session, options.username, role, time_of_servers(session))) throw no_user(options);
  });
}

void change_groups(const UsersOptions& options) {
  with_users(options, [&](store::Session& session) {
    if (auth::logs_in_outside(session, options.username)) {
      throw Exit{5, fmt::format("the groups of '{}' are those that the OpenID provider says at each login",
                                options.username)};
    }
    if (!auth::set_groups(session, options.username, options.groups, time_of_servers(session)))
      throw no_user(options);
  });
}

void reset_user_password(const UsersOptions& options) {
  refuse_admin_of_install(options, "`leoflow lite reset-password` is for it");
  const Password password = choose_password();
  const std::string hash = auth::hash_password(password.text);
  with_users(options, [&](store::Session& session) {
    auto user = auth::find_user(session, options.username);
    if (!user) throw no_user(options);
    user->password_hash = hash;
    auth::put_user(session, *user, time_of_servers(session));
  });
  show_password(options, password);
}

}  // namespace

void add_users(CLI::App& app) {
  auto options = std::make_shared<UsersOptions>();
  CLI::App* users = app.add_subcommand("users", "Who may log in, and what they may do");
  users->require_subcommand(1);
  users->footer(
      "Roles, each with what the ones before it may do:\n"
      "  none    sees the DAGs that its groups are given, and nothing else\n"
      "  viewer  reads everything but variables and connections\n"
      "  user    changes DAGs, runs and task instances\n"
      "  op      changes pools, assets, variables and connections, and reads those\n"
      "  admin   everything\n"
      "Groups are given single DAGs by the access_control of these, whatever the role.\n"
      "Passwords are taken from LEOFLOW_USER_PASSWORD if that is set, else made up and shown once.\n"
      "A Lite that runs on PostgreSQL needs --database-url here, too.\n\n"
      "Examples:\n  leoflow users create ann --role op\n  leoflow users create bob --role none --group "
      "team-a\n  leoflow users list -o json\n"
      "  leoflow users set-role ann viewer\n  leoflow users delete ann");
  const auto add = [&](const char* name, const char* what, const char* example,
                       void (*action)(const UsersOptions&)) {
    CLI::App* command = users->add_subcommand(name, what);
    add_database_option(*command, options->database_url);
    command->footer(fmt::format("Example:\n  leoflow users {}", example));
    command->callback([options, action] { action(*options); });
    return command;
  };
  const auto add_for_one = [&](const char* name, const char* what, const char* example,
                               void (*action)(const UsersOptions&)) {
    CLI::App* command = add(name, what, example, action);
    command->add_option("username", options->username, "The name to log in with")->required();
    return command;
  };
  const auto roles = CLI::IsMember({"none", "viewer", "user", "op", "admin"}, CLI::ignore_case);
  add_output_option(*add("list", "List the users", "list", list_users), options->output);
  CLI::App* create = add_for_one("create", "Add a user", "create ann --role op", create_user);
  create->add_option("--role", options->role, "none, viewer, user, op or admin")
      ->check(roles)
      ->capture_default_str();
  create->add_option("--group", options->groups, "A group that the user is in; can be repeated");
  add_output_option(*create, options->output);
  add_for_one("delete", "Remove a user; who is logged in is out at once", "delete ann", delete_user)
      ->add_flag("--yes", options->yes, "Do not ask");
  add_for_one("set-role", "Give a user another role, at once", "set-role ann viewer", change_role)
      ->add_option("role", options->role, "none, viewer, user, op or admin")
      ->required()
      ->check(roles);
  add_for_one("set-groups", "Put a user into these groups and no others, at once",
              "set-groups bob team-a team-b", change_groups)
      ->add_option("groups", options->groups, "Names of groups (default: none)");
  add_output_option(
      *add_for_one("reset-password", "Give a user a new password; who is logged in has to do so again",
                   "reset-password ann", reset_user_password),
      options->output);
}

}  // namespace leoflow::cli
