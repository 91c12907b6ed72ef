#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/consent.hpp"
#include "cli/exit.hpp"
#include "cli/outside_cluster.hpp"
#include "lite/setup.hpp"
#include "store/migrator.hpp"

namespace leoflow::cli {
namespace {

k3d::Step set_up_step(const lite::Home& home, const std::vector<std::string>& what) {
  return {join(what, ", "), [home](const k3d::Lines& on_line) -> Result<void> {
            const auto done = lite::set_up(home, {}, on_line);
            if (!done) return std::unexpected(done.error());
            if (done->new_password)
              on_line(fmt::format("the password of {} is {} (shown once)", done->config.admin_email,
                                  *done->new_password));
            return {};
          }};
}

k3d::Step database_step(const lite::Home& home) {
  const std::string file = home.database_file().string();
  return {fmt::format("make the database {}", file), [file](const k3d::Lines&) -> Result<void> {
            std::filesystem::create_directories(std::filesystem::path(file).parent_path());
            auto database = store::Database::open("sqlite:///" + file);
            if (!database) return std::unexpected(database.error());
            if (auto made = store::Migrator(**database).migrate(); !made)
              return std::unexpected(made.error());
            return {};
          }};
}

void provision(const Consent& consent) {
  const lite::Home home = lite::Home::from_environment();
  k3d::Plan plan = k3d::plan_cluster(k3d::Cluster(kLiteCluster), task_image_of(home));
  const auto lacking = value_or_exit(lite::plan_setup(home, {}));
  if (!lacking.empty()) plan.steps.push_back(set_up_step(home, lacking));
  if (!std::filesystem::exists(home.database_file())) plan.steps.push_back(database_step(home));
  carry_out(plan, consent);
  if (!consent.dry_run) fmt::print("Next: leoflow lite --executor=k3d\n");
}

}  // namespace

void add_provision(CLI::App& lite) {
  auto consent = std::make_shared<Consent>();
  CLI::App* command = lite.add_subcommand(
      "provision", "Get what --executor=k3d takes: Docker, k3d, a cluster, the task image, the database");
  command->add_flag("--yes", consent->yes, "Do not ask");
  command->add_flag("--dry-run", consent->dry_run, "Say what would be done, change nothing");
  command->footer(
      "It says what is there and what it would do, and asks. Running it again changes nothing.\n"
      "Example:\n  leoflow lite provision && leoflow lite --executor=k3d dags/hello");
  command->callback([consent] { provision(*consent); });
}

}  // namespace leoflow::cli
