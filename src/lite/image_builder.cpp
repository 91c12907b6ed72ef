#include "lite/image_builder.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <stdlib.h>

#include "base/json.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

namespace leoflow::lite {
namespace {

constexpr std::array<std::string_view, 3> kBuilders = {"docker", "podman", "buildah"};
constexpr std::size_t kLongestTag = 128;

/// A folder that is gone with this object.
class ScratchFolder {
 public:
  ScratchFolder() : path_((std::filesystem::temp_directory_path() / "leoflow-build.XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw Fatal(fmt::format("cannot make a folder like {}", path_));
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string file(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

 private:
  std::string path_;
};

/// Whether it is there, and has what it works with.
bool works(const std::string& name) {
  const auto told = run_program({name, name == "docker" ? "version" : "--version"});
  return told && told->exit_code == 0;
}

/// What docker calls an image in the registry that it was pushed to.
Result<std::string> digest_of_docker(const std::string& tag) {
  const auto told = run_program({"docker", "image", "inspect", "--format", "{{json .RepoDigests}}", tag});
  if (!told) return std::unexpected(told.error());
  const auto pinned = parse_json(told->output);
  // It leaves the name of its own registry out.
  const std::string repository = repository_of(tag);
  constexpr std::string_view kHub = "docker.io/";
  const std::string beginning =
      (repository.starts_with(kHub) ? repository.substr(kHub.size()) : repository) + "@";
  if (pinned && pinned->is_array()) {
    for (const json::value& one : pinned->get_array()) {
      if (one.is_string() && one.get_string().starts_with(beginning))
        return std::string(one.get_string()).substr(beginning.size());
    }
  }
  return fail(ErrorCode::unavailable, fmt::format("docker does not tell the digest of '{}'", tag));
}

}  // namespace

Result<ImageBuilder> ImageBuilder::find(const std::string& name) {
  if (!name.empty()) {
    if (std::ranges::find(kBuilders, name) == kBuilders.end())
      return fail(ErrorCode::invalid, fmt::format("'{}' is not docker, podman or buildah", name));
    if (works(name)) return ImageBuilder(name);
    return fail(ErrorCode::not_found, fmt::format("{} is not there{}", name,
                                                  name == "docker" ? ", or its daemon does not run" : ""));
  }
  for (const std::string_view builder : kBuilders) {
    if (works(std::string(builder))) return ImageBuilder(std::string(builder));
  }
  return fail(ErrorCode::not_found,
              "there is nothing to make images with: docker, podman and buildah are not there, or docker's "
              "daemon does not run. Install one of them; buildah needs no daemon and no root");
}

Result<void> ImageBuilder::build(const ImageRecipe& recipe, const std::string& base, const std::string& tag,
                                 const Lines& on_line) const {
  const ScratchFolder scratch;
  const std::string file = scratch.file("Dockerfile");
  // Docker finds it by this name, the others are told.
  const std::string ignore_file = scratch.file("Dockerfile.dockerignore");
  // Docker's older builder would read no ignore file: secrets of the folder would be in the image.
  if (name_ == "docker") ::setenv("DOCKER_BUILDKIT", "1", 1);
  write_file_atomically(file, recipe.dockerfile(base));
  write_file_atomically(ignore_file, recipe.ignore_file());
  std::vector<std::string> command = {name_, "build", "--tag", tag, "--file", file};
  if (name_ != "docker") command.insert(command.end(), {"--ignorefile", ignore_file});
  // As the others do by themselves: what did not change is not made again, and has the same digest.
  if (name_ == "buildah") command.emplace_back("--layers");
  command.push_back(recipe.folder);
  return have_run(command, on_line);
}

Result<std::string> ImageBuilder::push(const std::string& tag, const Lines& on_line) const {
  const ScratchFolder scratch;
  const std::string digest_file = scratch.file("digest");
  std::vector<std::string> command = {name_, "push"};
  if (name_ != "docker") command.insert(command.end(), {"--digestfile", digest_file});
  command.push_back(tag);
  if (auto done = have_run(command, on_line); !done) return std::unexpected(done.error());
  std::string digest;
  if (name_ == "docker") {
    auto told = digest_of_docker(tag);
    if (!told) return told;
    digest = *told;
  } else {
    digest = trim(read_file(digest_file).value_or(""));
  }
  if (!digest.starts_with("sha256:"))
    return fail(ErrorCode::unavailable, fmt::format("{} does not tell the digest of '{}'", name_, tag));
  return fmt::format("{}@{}", repository_of(tag), digest);
}

std::string image_name_of(std::string_view project) {
  std::string out;
  for (const char c : to_lower(project)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
      out += c;
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  while (out.ends_with('-')) out.pop_back();
  return out.empty() ? "project" : out;
}

std::string image_tag_of(std::string_view label) {
  std::string out;
  for (const char c : label.substr(0, kLongestTag)) {
    const bool is_word =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    out += is_word || (!out.empty() && (c == '.' || c == '-')) ? c : '_';
  }
  return out;
}

std::string repository_of(const std::string& tag) {
  const auto slash = tag.rfind('/');
  const auto colon = tag.find(':', slash == std::string::npos ? 0 : slash);
  return tag.substr(0, colon);
}

}  // namespace leoflow::lite
