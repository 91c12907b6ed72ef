#include "k3d/plan.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "base/process.hpp"
#include "base/text.hpp"

namespace leoflow::k3d {
namespace {

namespace fs = std::filesystem;

Step installation(const Requirement& wanted) {
  std::vector<std::string> command = {"apt-get", "install", "-y", "--no-install-recommends"};
  command.insert(command.end(), wanted.packages.begin(), wanted.packages.end());
  return {fmt::format("install {} with apt-get", join(wanted.packages, " ")),
          [command](const Lines& on_line) -> Result<void> {
            if (auto updated = have_run({"apt-get", "update", "-qq"}, on_line); !updated) return updated;
            return have_run(command, on_line);
          }};
}

bool has_image(const std::string& image) {
  const auto told = run_program({"docker", "image", "inspect", "--format", "{{.Id}}", image});
  return told && told->exit_code == 0;
}

/// The script that builds our images, where this program was built from source; "" elsewhere.
std::string build_script() {
  const fs::path root = fs::path(executable_path()).parent_path().parent_path().parent_path().parent_path();
  const fs::path script = root / "deploy/images/build";
  return fs::exists(script) ? script.string() : "";
}

Step task_image_step(const std::string& image) {
  const std::string script = build_script();
  if (script.empty())
    return {fmt::format("pull the image {}", image),
            [image](const Lines& on_line) { return have_run({"docker", "pull", image}, on_line); }};
  const std::string python = image.substr(image.rfind("-py") + 3);
  return {fmt::format("build the image {}", image), [script, python](const Lines& on_line) {
            return have_run({"env", "BUILDER=docker", script, "task", python}, on_line);
          }};
}

}  // namespace

std::string task_image_of(const std::string& python) {
  return fmt::format("leoflow/task:{}-py{}", LEOFLOW_VERSION, python);
}

Plan plan_cluster(const Cluster& cluster, const std::string& task_image) {
  Plan plan;
  plan.requirements = look_for_requirements();
  const auto is_there = [&](std::string_view name) {
    return std::ranges::find(plan.requirements, name, &Requirement::name)->is_there;
  };
  for (const Requirement& wanted : plan.requirements) {
    if (wanted.is_there || wanted.is_optional) continue;
    if (!wanted.packages.empty() && can_install_packages()) {
      plan.steps.push_back(installation(wanted));
      continue;
    }
    std::string sentence = fmt::format("{}: {}. {}", wanted.name, wanted.problem, wanted.advice);
    if (!wanted.packages.empty())
      sentence += fmt::format("; on Debian: apt-get install {}", join(wanted.packages, " "));
    plan.obstacles.push_back(std::move(sentence));
  }
  const auto exists = is_there("k3d") && is_there("docker") ? cluster.exists() : Result<bool>(false);
  if (!exists) plan.obstacles.push_back(exists.error().message);
  if (!exists.value_or(false)) {
    plan.steps.push_back({fmt::format("make the cluster '{}' with k3d", cluster.name()),
                          [cluster](const Lines& on_line) { return cluster.create(on_line); }});
  }
  if (!is_there("docker") || !has_image(task_image)) plan.steps.push_back(task_image_step(task_image));
  return plan;
}

Result<void> take(const std::vector<Step>& steps, const Lines& on_step, const Lines& on_line) {
  for (const Step& step : steps) {
    on_step(step.what);
    if (auto taken = step.take(on_line); !taken) {
      return fail(taken.error().code, fmt::format("could not {}: {}", step.what, taken.error().message));
    }
  }
  return {};
}

}  // namespace leoflow::k3d
