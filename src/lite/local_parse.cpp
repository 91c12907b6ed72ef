#include "lite/local_parse.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <functional>

#include "base/ids.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "dag/read_serialized.hpp"
#include "lite/discovery.hpp"
#include "lite/project_overlay.hpp"
#include "lite/project_scope.hpp"

namespace leoflow::lite {
namespace {

namespace fs = std::filesystem;

/// A file that goes away with its owner.
class TemporaryFile {
 public:
  TemporaryFile() : path_(fs::temp_directory_path() / fmt::format("leoflow-{}.json", random_hex(8))) {}
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

void take_result(const json::value& result, LocalParse& parse) {
  if (const json::value* dags = find(result, "serialized_dags"); dags != nullptr && dags->is_array()) {
    for (const json::value& dag : dags->get_array()) {
      if (const json::value* data = find(dag, "data")) parse.dags.push_back(*data);
    }
  }
  if (const json::value* errors = find(result, "import_errors"); errors != nullptr && errors->is_object()) {
    for (const auto& [path, trace] : errors->get_object()) {
      parse.problems.push_back(
          fmt::format("{}:\n{}", parse.file, trace.is_string() ? std::string(trace.get_string()) : ""));
    }
  }
}

void check(const LocalFile& file, LocalParse& parse, const std::string& python_version) {
  if (parse.problems.empty()) {
    for (const ProjectProblem& problem :
         overlay_project(file.bundle_path, file.relative_path, parse.dags, python_version).problems) {
      parse.problems.push_back(fmt::format("{}/{}", file.bundle_path, problem.text()));
    }
  }
  for (const json::value& serialized : parse.dags) {
    const auto dag = dag::read_serialized(serialized);
    if (!dag) parse.problems.push_back(fmt::format("{}: {}", parse.file, dag.error().message));
  }
  if (parse.dags.empty() && parse.problems.empty()) {
    parse.problems.push_back(fmt::format("{}: it defines no DAG", parse.file));
  }
}

}  // namespace

std::filesystem::path project_of(const std::filesystem::path& file) {
  fs::path folder = file.parent_path();
  for (int above = 0; above < kDeepest && folder.has_relative_path(); ++above) {
    std::error_code ignored;
    if (fs::exists(folder / kProjectFileName, ignored)) return folder;
    folder = folder.parent_path();
  }
  return file.parent_path();
}

Result<std::vector<LocalFile>> find_dag_files(const std::string& given) {
  const fs::path path = fs::absolute(given).lexically_normal();
  if (!fs::exists(path)) return fail(ErrorCode::not_found, fmt::format("'{}' does not exist", given));
  if (!fs::is_directory(path)) {
    const fs::path folder = project_of(path);
    return std::vector{
        LocalFile{folder.string(), folder.filename().string(), path.lexically_relative(folder).string()}};
  }
  std::vector<LocalFile> files;
  const fs::path folder = path.has_filename() ? path : path.parent_path();
  for (const Bundle& bundle : discover(folder.string())) {
    const auto project = read_project(bundle.path);
    const ProjectScope scope = project ? ProjectScope(*project) : ProjectScope();
    for (const auto& [name, stamp] : bundle.files) {
      if (!name.ends_with(".py")) continue;
      const auto source = read_file(bundle.path + "/" + name);
      // One that cannot be read is told of when it is parsed.
      if (scope.is_dag_file(name, !source || may_define_dags(*source)))
        files.push_back({bundle.path, bundle.name, name});
    }
  }
  if (files.empty()) return fail(ErrorCode::not_found, fmt::format("'{}' holds no DAG file", given));
  return files;
}

std::vector<std::string> project_problems(const std::string& given) {
  std::vector<std::string> out;
  const auto look = [&out](const std::string& folder, const std::function<bool(const std::string&)>& exists) {
    const auto project = read_project(folder);
    if (!project) return;
    for (const ProjectProblem& problem : ProjectScope(*project).problems(exists))
      out.push_back(fmt::format("{}/{}", folder, problem.text()));
  };
  const fs::path path = fs::absolute(given).lexically_normal();
  if (fs::is_directory(path)) {
    for (const Bundle& bundle : discover((path.has_filename() ? path : path.parent_path()).string()))
      look(bundle.path, [&bundle](const std::string& file) { return bundle.files.contains(file); });
  } else if (fs::exists(path)) {
    const fs::path folder = project_of(path);
    look(folder.string(), [&folder](const std::string& file) { return fs::exists(folder / file); });
  }
  return out;
}

Result<LocalParse> parse_locally(const LocalPython& python, const LocalFile& file) {
  LocalParse parse;
  parse.file = file.path();
  const TemporaryFile output;
  const auto ended = run_program({python.python, python.worker_path + "/leoflow_worker/parse_once.py",
                                  parse.file, file.bundle_path, file.bundle_name, output.path()});
  if (!ended) return fail(ErrorCode::unavailable, ended.error().message);
  const auto text = read_file(output.path());
  auto result = text ? parse_json(*text) : Result<json::value>(fail(ErrorCode::invalid, "no result"));
  if (result) {
    take_result(*result, parse);
  } else {
    parse.problems.push_back(fmt::format("{}: parsing it ended Python with exit code {}\n{}", parse.file,
                                         ended->exit_code, ended->output));
    return parse;
  }
  check(file, parse, python.minor_version);
  return parse;
}

}  // namespace leoflow::lite
