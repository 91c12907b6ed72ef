#include "cli/consent.hpp"

#include <cstdio>
#include <fmt/format.h>
#include <iostream>
#include <string>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/exit.hpp"

namespace leoflow::cli {
namespace {

void print(const k3d::Plan& plan) {
  for (const k3d::Requirement& wanted : plan.requirements) {
    const std::string what = wanted.is_there      ? wanted.version
                             : wanted.is_optional ? fmt::format("{} ({})", wanted.problem, wanted.advice)
                                                  : wanted.problem;
    fmt::print("  {:<8} {}\n", wanted.name, what);
  }
  if (plan.steps.empty()) return fmt::print("Everything is there.\n");
  fmt::print("To be done:\n");
  for (std::size_t i = 0; i < plan.steps.size(); ++i) fmt::print("  {}. {}\n", i + 1, plan.steps[i].what);
}

void ask() {
  if (::isatty(STDIN_FILENO) != 1)
    throw Exit{2, "nobody is here to ask: say --yes to have it done, --dry-run to see it"};
  fmt::print("Go on? [y/N] ");
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  answer = to_lower(trim(answer));
  if (answer != "y" && answer != "yes") throw Exit{1, "nothing was done"};
}

}  // namespace

void carry_out(const k3d::Plan& plan, const Consent& consent) {
  print(plan);
  if (!plan.obstacles.empty()) throw Exit{6, join(plan.obstacles, "\n")};
  if (plan.steps.empty() || consent.dry_run) return;
  if (!consent.yes) ask();
  std::fflush(stdout);
  value_or_exit(k3d::take(
      plan.steps, [](std::string_view step) { fmt::print(stderr, "== {}\n", step); },
      [](std::string_view line) { fmt::print(stderr, "   {}\n", line); }));
}

}  // namespace leoflow::cli
