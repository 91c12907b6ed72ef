#include "lite/image_recipe.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <set>

#include "base/json.hpp"
#include "base/text.hpp"
#include "lite/project_file.hpp"

namespace leoflow::lite {
namespace {

constexpr std::string_view kRequirements = "requirements.txt";

/// What no image needs, as .dockerignore writes it.
std::vector<std::string> never_included() {
  return {"**/.git", "**/__pycache__", "**/*.pyc", "**/.venv", "**/venv", "**/.env"};
}

/// A pattern of a .gitignore as one of a .dockerignore, where all are told from the top.
/// @param below the project's folder, "" or with a slash at its end
std::string ignore_pattern(std::string pattern, const std::string& below) {
  const bool is_exception = pattern.starts_with('!');
  if (is_exception) pattern.erase(0, 1);
  while (pattern.ends_with('/')) pattern.pop_back();
  const bool is_anchored = pattern.find('/') != std::string::npos;
  if (pattern.starts_with('/')) pattern.erase(0, 1);
  return fmt::format("{}{}{}{}", is_exception ? "!" : "", below, is_anchored ? "" : "**/", pattern);
}

/// An instruction in the form that no shell reads.
std::string run_line(const std::vector<std::string>& arguments) {
  json::array words;
  for (const std::string& argument : arguments) words.emplace_back(argument);
  return fmt::format("RUN {}\n", json::serialize(words));
}

/// Takes what a project says; a second word for the same thing has to be the same.
class Agreement {
 public:
  void take(std::string& into, const std::optional<std::string>& said, std::string_view key,
            const std::string& project) {
    if (!said) return;
    if (!into.empty() && into != *said && problem_.empty()) {
      problem_ =
          fmt::format("'{}' says that its {} is '{}', another project '{}': they cannot share an image",
                      project, key, *said, into);
    }
    into = *said;
  }
  const std::string& problem() const { return problem_; }

 private:
  std::string problem_;
};

}  // namespace

std::string ImageRecipe::dockerfile(const std::string& base) const {
  std::string out = fmt::format("# Made by `leoflow build`.\nFROM {}\n", base);
  const bool installs = !system_packages.empty() || !dependencies.empty() || has_requirements;
  if (installs) out += "USER root\n";
  if (!system_packages.empty()) {
    // Each is one word without anything that a shell would read: see ProjectFile.
    out += fmt::format(
        "RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "
        "--no-install-recommends {} && rm -rf /var/lib/apt/lists/*\n",
        join(system_packages, " "));
  }
  const std::vector<std::string> pip = {
      "pip", "install", "--quiet", "--no-cache-dir", "--constraint", "/opt/leoflow/airflow.pin"};
  if (has_requirements) {
    out += fmt::format("COPY {0} /opt/leoflow/{0}\n", kRequirements);
    std::vector<std::string> words = pip;
    words.insert(words.end(), {"--requirement", fmt::format("/opt/leoflow/{}", kRequirements)});
    out += run_line(words);
  }
  if (!dependencies.empty()) {
    std::vector<std::string> words = pip;
    words.emplace_back("--");
    words.insert(words.end(), dependencies.begin(), dependencies.end());
    out += run_line(words);
  }
  if (installs) out += "USER 65532:65532\n";
  return out + "COPY . /opt/leoflow/dags/\n";
}

std::string ImageRecipe::ignore_file() const {
  return join(excluded, "\n") + "\n";
}

Result<ImageRecipe> read_image_recipe(const std::string& folder, const std::vector<std::string>& projects) {
  ImageRecipe recipe;
  recipe.folder = folder;
  recipe.has_requirements = std::filesystem::exists(fmt::format("{}/{}", folder, kRequirements));
  recipe.excluded = never_included();
  std::set<std::string> packages;
  std::set<std::string> dependencies;
  Agreement agreement;
  for (const std::string& project : projects) {
    const auto read = read_project(project);
    if (!read) continue;
    if (!read->problems.empty()) return fail(ErrorCode::invalid, problems_text(read->problems));
    const ProjectFile& file = read->file;
    agreement.take(recipe.base_image, file.base_image, "base_image", project);
    agreement.take(recipe.python_version, file.python_version, "python_version", project);
    agreement.take(recipe.registry, file.registry, "registry.url", project);
    agreement.take(recipe.image_name, file.image_name, "registry.image_name", project);
    packages.insert(file.system_packages.begin(), file.system_packages.end());
    dependencies.insert(file.dependencies.begin(), file.dependencies.end());
    const std::string place = std::filesystem::path(project).lexically_relative(folder).string();
    for (const std::string& pattern : file.exclude_paths)
      recipe.excluded.push_back(ignore_pattern(pattern, place == "." ? "" : place + "/"));
  }
  if (!agreement.problem().empty()) return fail(ErrorCode::conflict, agreement.problem());
  recipe.system_packages.assign(packages.begin(), packages.end());
  recipe.dependencies.assign(dependencies.begin(), dependencies.end());
  return recipe;
}

}  // namespace leoflow::lite
