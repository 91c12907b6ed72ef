#include "lite/python_environment.hpp"

#include <fmt/format.h>

#include "base/process.hpp"
#include "base/text.hpp"

namespace leoflow::lite {
namespace {

/// Prints the folder of Airflow and name==version of what is asked for, without
/// importing any of it.
constexpr const char* kInspect =
    "import sys, importlib.metadata as m, importlib.util as u\n"
    "if sys.version_info < (3, 10): sys.exit(3)\n"
    "spec = u.find_spec('airflow')\n"
    "print(spec.submodule_search_locations[0] if spec else '')\n"
    "for name in sys.argv[1:]:\n"
    "    try: print(name + '==' + m.version(name))\n"
    "    except m.PackageNotFoundError: print(name + '==(missing)')\n";

std::string last_lines(std::string_view output, std::size_t count) {
  const auto lines = split(trim(output), '\n');
  const std::size_t first = lines.size() > count ? lines.size() - count : 0;
  return join(std::span(lines).subspan(first), "\n");
}

Result<std::string> find_python() {
  for (const char* name : {"python3.12", "python3.11", "python3.13", "python3.10", "python3"}) {
    const auto found =
        run_program({name, "-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"});
    if (found && found->exit_code == 0) return std::string(name);
  }
  return fail(
      ErrorCode::not_found,
      "no Python 3.10 or later with venv was found; install one, for example: apt-get install python3-venv");
}

}  // namespace

std::vector<std::string> pinned_packages() {
  return split(LEOFLOW_AIRFLOW_PIN, ' ');
}

Result<PythonEnvironment> inspect_python(const std::string& python) {
  const std::vector<std::string> pins = pinned_packages();
  std::vector<std::string> command = {python, "-c", kInspect};
  for (const std::string& pin : pins) command.push_back(pin.substr(0, pin.find('=')));
  const auto inspected = run_program(command);
  if (!inspected) return std::unexpected(inspected.error());
  const auto lines = split(trim(inspected->output), '\n');
  if (inspected->exit_code != 0 || lines.size() != pins.size() + 1) {
    return fail(ErrorCode::not_found, fmt::format("'{}' is not a Python 3.10 or later", python));
  }
  std::vector<std::string> wrong;
  for (std::size_t i = 0; i < pins.size(); ++i) {
    if (lines[i + 1] != pins[i]) wrong.push_back(fmt::format("{} (found {})", pins[i], lines[i + 1]));
  }
  if (!wrong.empty()) {
    return fail(ErrorCode::conflict,
                fmt::format("'{}' lacks {}; run `leoflow setup`", python, join(wrong, ", ")));
  }
  return PythonEnvironment{python, lines[0]};
}

std::string minor_version_of(const std::string& python) {
  const auto told = run_program({python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"});
  return told && told->exit_code == 0 ? std::string(trim(told->output)) : "";
}

Result<PythonEnvironment> make_python_environment(const std::filesystem::path& folder,
                                                  const std::optional<std::string>& wheelhouse,
                                                  const std::function<void(std::string_view)>& progress) {
  const auto base = find_python();
  if (!base) return std::unexpected(base.error());
  progress(fmt::format("making a Python environment in {}", folder.string()));
  const auto made = run_program({*base, "-m", "venv", "--clear", folder.string()});
  if (!made) return std::unexpected(made.error());
  if (made->exit_code != 0) {
    return fail(ErrorCode::unavailable, fmt::format("venv failed:\n{}", last_lines(made->output, 10)));
  }
  const std::string python = (folder / "bin/python").string();
  std::vector<std::string> command = {
      python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"};
  if (wheelhouse) {
    command.insert(command.end(), {"--no-index", "--find-links", *wheelhouse});
  }
  for (const std::string& pin : pinned_packages()) command.push_back(pin);
  progress(fmt::format("installing {}", join(pinned_packages(), " ")));
  int collected = 0;
  const auto installed = run_program(command, [&](std::string_view line) {
    if (line.starts_with("Collecting ") && ++collected % 25 == 0)
      progress(fmt::format("{} packages so far", collected));
    if (line.starts_with("Installing collected")) progress("unpacking");
  });
  if (!installed) return std::unexpected(installed.error());
  if (installed->exit_code != 0) {
    return fail(ErrorCode::unavailable, fmt::format("pip failed:\n{}", last_lines(installed->output, 10)));
  }
  return inspect_python(python);
}

}  // namespace leoflow::lite
