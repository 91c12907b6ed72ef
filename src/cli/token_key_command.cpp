#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>

#include "base/clock.hpp"
#include "cli/commands.hpp"
#include "cli/exit.hpp"
#include "cli/remote.hpp"
#include "lite/token_keys.hpp"

namespace leoflow::cli {
namespace {

struct RotateOptions {
  bool ends_logins = false;
  bool yes = false;
};

void rotate_token_key(const RotateOptions& options) {
  if (options.ends_logins && !options.yes) confirm("This ends all logins.");
  value_or_exit(lite::rotate_token_key(lite::Home::from_environment(),
                                       options.ends_logins ? lite::OldTokens::end : lite::OldTokens::hold,
                                       SystemClock().now()));
  fmt::print("Tokens are signed with a new key, by a running `leoflow lite`, too. {}\n",
             options.ends_logins ? "Older ones have ended."
                                 : "Older ones hold until they expire, for 24 hours at most.");
}

}  // namespace

void add_rotate_token_key(CLI::App& lite) {
  auto options = std::make_shared<RotateOptions>();
  CLI::App* rotate =
      lite.add_subcommand("rotate-token-key", "Sign tokens with a new key; nobody has to log in again");
  rotate->add_flag("--end-logins", options->ends_logins,
                   "End all older tokens now: everybody logs in again, and workers of --executor=stock lose"
                   " the tasks that they run");
  rotate->add_flag("--yes", options->yes, "Do not ask");
  rotate->footer(
      "Somebody else may have the key? --end-logins.\nExamples:\n  leoflow lite rotate-token-key\n"
      "  leoflow lite rotate-token-key --end-logins --yes");
  rotate->callback([options] { rotate_token_key(*options); });
}

}  // namespace leoflow::cli
