#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>
#include <set>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/compiled.hpp"
#include "cli/exit.hpp"
#include "cli/local_python.hpp"
#include "cli/remote.hpp"
#include "lite/image_builder.hpp"

namespace leoflow::cli {
namespace {

struct ImageOptions {
  std::string path = ".";
  std::string builder;
  std::string tag;
  std::string base_image;
  std::string dag_version;
  std::string server_url;
  bool print = false;
  bool trigger = false;
};

/// What the image of a path is made of, from what, and what it is called.
struct PlannedImage {
  lite::ImageRecipe recipe;
  std::string base;
  std::string tag;
  std::string label;  ///< of the version
};

PlannedImage plan(const ImageOptions& options) {
  PlannedImage out;
  const auto root = root_of(options.path);
  std::set<std::string> projects;
  for (const lite::LocalFile& file : value_or_exit(lite::find_dag_files(options.path)))
    projects.insert(file.bundle_path);
  out.recipe = value_or_exit(lite::read_image_recipe(root.string(), {projects.begin(), projects.end()}));
  const lite::ImageRecipe& recipe = out.recipe;
  out.base = options.base_image.empty() ? recipe.base_image : options.base_image;
  if (out.base.empty()) {
    const std::string python =
        recipe.python_version.empty() ? local_python().minor_version : recipe.python_version;
    out.base = fmt::format("leoflow/task:{}-py{}", LEOFLOW_VERSION, python);
  }
  out.label = label_of(options.dag_version, root);
  out.tag = options.tag;
  if (out.tag.empty()) {
    const std::string name =
        recipe.image_name.empty() ? lite::image_name_of(root.filename().string()) : recipe.image_name;
    out.tag = fmt::format("{}{}{}:{}", recipe.registry, recipe.registry.empty() ? "" : "/", name,
                          lite::image_tag_of(out.label));
  }
  return out;
}

void step(const std::string& what) {
  fmt::print(stderr, "== {}\n", what);
}

void tell_line(std::string_view line) {
  fmt::print(stderr, "   {}\n", line);
}

lite::ImageBuilder build_image(const ImageOptions& options, const PlannedImage& planned) {
  lite::ImageBuilder builder = value_or_exit(lite::ImageBuilder::find(options.builder));
  step(fmt::format("{} builds {} from {}", builder.name(), planned.tag, planned.base));
  value_or_exit(builder.build(planned.recipe, planned.base, planned.tag, tell_line));
  return builder;
}

void build(const ImageOptions& options) {
  const PlannedImage planned = plan(options);
  if (options.print) return fmt::print("{}", planned.recipe.dockerfile(planned.base));
  build_image(options, planned);
  fmt::print("{}\n", planned.tag);
}

void trigger_all(Remote& remote, const dag::Artifact& artifact) {
  for (const dag::FrozenDag& dag : artifact.dags) {
    const StartedRun started =
        start_run(remote, dag.dag_id, {{"conf", json::object()}, {"logical_date", nullptr}});
    fmt::print("{} runs as {}\n", dag.dag_id, get_text(started.run, "dag_run_id"));
  }
}

void deploy(const ImageOptions& options) {
  const PlannedImage planned = plan(options);
  if (planned.tag.find('/') == std::string::npos) {
    throw Exit{2, fmt::format("'{}' names no registry: set registry.url in leoflow.yaml, or give --tag "
                              "registry.example/team/name:label",
                              planned.tag)};
  }
  step(fmt::format("checking {}", options.path));
  Checked checked = check_files(options.path);
  tell(checked.problems);
  // Before the image is built: a server that is not there, or does not know us, is soon told.
  Remote remote(options.server_url);
  remote.get("/api/v2/projects?limit=1");
  const lite::ImageBuilder builder = build_image(options, planned);
  step(fmt::format("pushing {}", planned.tag));
  const std::string image = value_or_exit(builder.push(planned.tag, tell_line));
  const dag::Artifact artifact = freeze(std::move(checked), planned.recipe.folder, planned.label, image);
  const std::string text = artifact.text();
  value_or_exit(dag::Artifact::read(text));
  step(fmt::format("registering {} {} at {}", artifact.project, artifact.dag_version, remote.url()));
  const json::value version = remote.post("/api/v2/projects", text);
  fmt::print("{} {} is current: {} DAG(s) in {}\n", artifact.project, get_text(version, "dag_version"),
             artifact.dags.size(), image);
  if (options.trigger) trigger_all(remote, artifact);
}

CLI::App* add(CLI::App& app, const char* name, const char* what, const std::shared_ptr<ImageOptions>& options,
              void (*action)(const ImageOptions&)) {
  CLI::App* command = app.add_subcommand(name, what);
  command->add_option("path", options->path, "A project, or a folder of projects that share an image")
      ->capture_default_str();
  command->add_option("--builder", options->builder,
                      "docker, podman or buildah [the first of them that works]");
  command->add_option("--tag", options->tag,
                      "Name of the image [registry.url, image_name and the label of the version]");
  command
      ->add_option("--base-image", options->base_image,
                   "What it starts from [base_image of leoflow.yaml, else this Leoflow's task image]")
      ->envname(lite::kBaseImage);
  command->add_option("--dag-version", options->dag_version,
                      "Label of this version [what `git describe` says, else dev]");
  command->callback([options, action] { action(*options); });
  return command;
}

}  // namespace

void add_image(CLI::App& app) {
  auto options = std::make_shared<ImageOptions>();
  CLI::App* building = add(app, "build", "Make the image that a project's tasks run in", options, build);
  building->add_flag("--print", options->print, "Print the Dockerfile, and build nothing");
  building->footer(
      "leoflow.yaml says what is in it: base_image, system_packages, dependencies; so does a "
      "requirements.txt.\nExamples:\n  leoflow build dags/hello --tag registry.example/team/hello:v1\n"
      "  leoflow build dags/hello --print > Dockerfile");

  CLI::App* deploying = add(
      app, "deploy", "Check a project, make and push its image, register it at a server", options, deploy);
  add_server_option(*deploying, options->server_url);
  deploying->add_flag("--trigger", options->trigger, "Start a run of each DAG");
  deploying->footer(
      "The version names the image by its digest, so that its tasks run in that image for ever.\nExample:\n"
      "  LEOFLOW_TOKEN=... leoflow deploy dags/hello --server-url https://leoflow.example --trigger");
}

}  // namespace leoflow::cli
