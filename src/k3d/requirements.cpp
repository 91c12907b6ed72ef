#include "k3d/requirements.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

#include "base/process.hpp"
#include "base/text.hpp"

namespace leoflow::k3d {
namespace {

Requirement look_for(Requirement wanted, const std::vector<std::string>& question) {
  const auto told = run_program(question);
  if (!told) {
    wanted.problem = "it is not installed";
  } else if (told->exit_code != 0) {
    wanted.problem = fmt::format("`{}` failed: {}", join(question, " "), trim(told->output));
  } else {
    wanted.is_there = true;
    wanted.version = std::string(trim(told->output).substr(0, trim(told->output).find('\n')));
  }
  return wanted;
}

}  // namespace

std::vector<Requirement> look_for_requirements() {
  // Asks the daemon: a docker without one makes nothing.
  Requirement docker = look_for(
      {.name = "docker",
       .packages = {"docker.io"},
       .advice = "start its daemon, or let this user reach it: https://docs.docker.com/engine/install"},
      {"docker", "version", "--format", "{{.Server.Version}}"});
  // Installing it again would not start it.
  if (!docker.is_there && docker.problem != "it is not installed") docker.packages.clear();
  return {std::move(docker),
          look_for({.name = "k3d", .advice = "https://k3d.io says how to install it"}, {"k3d", "version"}),
          look_for({.name = "python3", .packages = {"python3", "python3-venv"}, .advice = "3.10 or newer"},
                   {"python3", "--version"}),
          look_for({.name = "kubectl",
                    .advice = "only to look at pods yourself: https://kubernetes.io/docs/tasks/tools",
                    .is_optional = true},
                   {"kubectl", "version", "--client"})};
}

bool can_install_packages() {
  return ::geteuid() == 0 && std::filesystem::exists("/usr/bin/apt-get");
}

}  // namespace leoflow::k3d
