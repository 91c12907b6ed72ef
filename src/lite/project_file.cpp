#include "lite/project_file.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <set>
#include <yaml-cpp/yaml.h>

#include "base/text.hpp"
#include "kube/pod_merge.hpp"
#include "lite/pod_settings.hpp"
#include "lite/yaml_line.hpp"

namespace leoflow::lite {
namespace {

constexpr int kMostRetries = 100;
constexpr int kLongestDelay = 30 * 24 * 3600;

/// Reads one document; gathers problems instead of stopping at the first.
class Reader {
 public:
  ReadProjectFile read(std::string_view text) {
    try {
      const YAML::Node root = YAML::Load(std::string(text));
      if (!root.IsNull()) read_map(root, "", top_keys());
    } catch (const YAML::Exception& error) {
      problem(error.mark.line + 1, error.msg);
    }
    std::ranges::stable_sort(out_.problems, {}, &ProjectProblem::line);
    return std::move(out_);
  }

  using Read = std::function<void(const YAML::Node&)>;  ///< null: not supported yet
  using Keys = std::map<std::string, Read>;

  Keys top_keys() {
    ProjectFile& file = out_.file;
    Keys keys = {
        {"schema_version", [this](const YAML::Node& node) { read_schema_version(node); }},
        {"dag_id", text_into(file.dag_id)},
        {"description", text_into(file.description)},
        {"owner", text_into(file.owner)},
        {"tags", [&, this](const YAML::Node& node) { file.tags = read_texts(node, "tags"); }},
        {"python_version", text_into(file.python_version)},
        {"dag_source", [&, this](const YAML::Node& node) { file.dag_source = read_path(node); }},
        {"exclude_paths",
         [&, this](const YAML::Node& node) { file.exclude_paths = read_texts(node, "exclude_paths"); }},
        {"base_image", word_into(file.base_image, "base_image")},
        {"dependencies",
         [&, this](const YAML::Node& node) { file.dependencies = read_texts(node, "dependencies"); }},
        {"system_packages",
         [&, this](const YAML::Node& node) { file.system_packages = read_words(node, "system_packages"); }},
        {"registry", [this](const YAML::Node& node) { read_registry(node); }},
        {"defaults", [&, this](const YAML::Node& node) { read_settings(node, "defaults.", file.defaults); }},
        {"tasks", [this](const YAML::Node& node) { read_tasks(node); }},
        {"variables",
         [&, this](const YAML::Node& node) { read_secrets(node, "variables", secrets().variables); }},
        {"connections",
         [&, this](const YAML::Node& node) { read_secrets(node, "connections", secrets().connections); }},
    };
    for (const char* later : {"include_paths", "build", "staging", "alerts"}) {
      keys.emplace(later, nullptr);
    }
    return keys;
  }

 private:
  void problem(int line, std::string message) { out_.problems.push_back({line, std::move(message)}); }

  /// @param prefix of the keys' full names, "" at the top.
  void read_map(const YAML::Node& map, const std::string& prefix, const Keys& keys) {
    if (!map.IsMap()) {
      const std::string name = prefix.empty() ? "leoflow.yaml" : prefix.substr(0, prefix.size() - 1);
      return problem(line_of(map), fmt::format("'{}' must be keys with values", name));
    }
    std::vector<std::string> names;
    for (const auto& [name, read] : keys) names.push_back(name);
    for_each_key(map, prefix, [&](const std::string& name, int line, const YAML::Node& value) {
      const auto known = keys.find(name);
      if (known == keys.end()) {
        const auto meant = did_you_mean(name, names);
        problem(line, fmt::format("unknown key '{}{}'{}", prefix, name,
                                  meant ? fmt::format("; did you mean '{}'?", *meant) : ""));
      } else if (!known->second) {
        problem(line, fmt::format("'{}{}' is not supported yet", prefix, name));
      } else if (!value.IsNull()) {
        known->second(value);
      }
    });
  }

  /// Calls back for each key; a key that stands twice is a problem.
  void for_each_key(const YAML::Node& map, const std::string& prefix,
                    const std::function<void(const std::string&, int, const YAML::Node&)>& then) {
    std::set<std::string> seen;
    for (const auto& entry : map) {
      const int line = line_of(entry.first);
      if (!entry.first.IsScalar()) {
        problem(line, "a key must be plain text");
        continue;
      }
      const std::string name = entry.first.Scalar();
      if (!seen.insert(name).second) {
        problem(line, fmt::format("'{}{}' stands here twice", prefix, name));
        continue;
      }
      out_.file.lines[prefix + name] = line;
      then(name, line, entry.second);
    }
  }

  std::optional<std::string> read_text(const YAML::Node& node, std::string_view what = "this") {
    if (node.IsScalar()) return node.Scalar();
    problem(line_of(node), fmt::format("{} must be text", what));
    return std::nullopt;
  }

  Read text_into(std::optional<std::string>& field) {
    return [this, &field](const YAML::Node& node) { field = read_text(node); };
  }

  std::vector<std::string> read_texts(const YAML::Node& node, std::string_view name) {
    return read_list(node, name, &Reader::read_text);
  }

  std::vector<std::string> read_list(const YAML::Node& node, std::string_view name,
                                     std::optional<std::string> (Reader::*read_entry)(const YAML::Node&,
                                                                                      std::string_view)) {
    std::vector<std::string> out;
    if (!node.IsSequence()) {
      problem(line_of(node), fmt::format("'{}' must be a list", name));
      return out;
    }
    for (const YAML::Node& item : node) {
      if (auto entry = (this->*read_entry)(item, fmt::format("an entry of '{}'", name)))
        out.push_back(std::move(*entry));
    }
    return out;
  }

  /// Of the whole project, which declares something from now on.
  DeclaredSecrets& secrets() { return out_.file.secrets ? *out_.file.secrets : out_.file.secrets.emplace(); }

  void read_secrets(const YAML::Node& node, const std::string& name, std::vector<std::string>& into) {
    into = read_texts(node, name);
    for (const std::string& entry : into) {
      if (entry.empty() || entry.find('*') < entry.size() - 1)
        problem(line_of(node),
                fmt::format("'{}' has '{}': a name, with a '*' at its end at most", name, entry));
    }
  }

  Read secrets_into(std::vector<std::string>& into, const std::string& name) {
    return [this, &into, name](const YAML::Node& node) {
      secrets();
      read_secrets(node, name, into);
    };
  }

  /// A text that is one word, as names of images and packages are.
  std::optional<std::string> read_word(const YAML::Node& node, std::string_view what) {
    auto text = read_text(node, what);
    // None that a shell or an option's parser would read.
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.:=~_/@";
    if (!text) return text;
    if (!text->empty() && !text->starts_with('-') && text->find_first_not_of(kPlain) == std::string::npos)
      return text;
    problem(line_of(node), fmt::format("{} must be one word, not '{}'", what, *text));
    return std::nullopt;
  }

  Read word_into(std::optional<std::string>& field, const std::string& name) {
    return
        [this, &field, name](const YAML::Node& node) { field = read_word(node, fmt::format("'{}'", name)); };
  }

  std::vector<std::string> read_words(const YAML::Node& node, std::string_view name) {
    return read_list(node, name, &Reader::read_word);
  }

  void read_registry(const YAML::Node& node) {
    read_map(node, "registry.",
             {{"url", word_into(out_.file.registry, "registry.url")},
              {"image_name", word_into(out_.file.image_name, "registry.image_name")},
              {"auth_method", nullptr},  // the builder's own log-in
              {"tag_strategy", nullptr}});
  }

  std::optional<std::string> read_path(const YAML::Node& node) {
    auto path = read_text(node);
    if (!path) return path;
    const std::vector<std::string> parts = split(*path, '/');
    const bool is_inside = !path->starts_with('/') && std::ranges::find(parts, "..") == parts.end();
    if (is_inside && path->ends_with(".py")) return path;
    problem(line_of(node),
            fmt::format("'dag_source' must name a .py file below the project, not '{}'", *path));
    return std::nullopt;
  }

  void read_schema_version(const YAML::Node& node) {
    if (read_text(node) != "1.0") problem(line_of(node), "'schema_version' must be \"1.0\"");
  }

  std::optional<int> read_number(const YAML::Node& node, std::string_view name, int most) {
    int number = 0;
    if (node.IsScalar() && YAML::convert<int>::decode(node, number) && number >= 0 && number <= most) {
      return number;
    }
    problem(line_of(node), fmt::format("'{}' must be a whole number from 0 to {}", name, most));
    return std::nullopt;
  }

  void read_settings(const YAML::Node& node, const std::string& prefix, TaskSettings& settings) {
    const auto retries = [&](const YAML::Node& value) {
      settings.retries = read_number(value, prefix + "retries", kMostRetries);
    };
    const auto delay = [&](const YAML::Node& value) {
      if (const auto seconds = read_number(value, prefix + "retry_delay_seconds", kLongestDelay)) {
        settings.retry_delay = std::chrono::seconds(*seconds);
      }
    };
    Keys keys = {{"retries", retries},
                 {"retry_delay_seconds", delay},
                 {"execution_timeout_seconds", nullptr},  // the task enforces it, from the DAG file
                 {"resources", pod_into(settings.pod, prefix + "resources", read_resources)},
                 {"execution", pod_into(settings.pod, prefix + "execution", read_execution)}};
    if (prefix != "defaults.") {
      keys.emplace("env", nullptr);
      keys.emplace("variables", secrets_into(settings.secrets.variables, prefix + "variables"));
      keys.emplace("connections", secrets_into(settings.secrets.connections, prefix + "connections"));
    }
    read_map(node, prefix, keys);
  }

  /// Adds to what is wanted of a pod.
  Read pod_into(json::value& pod, const std::string& name,
                json::value (*reader)(const YAML::Node&, const std::string&, const OnProblem&)) {
    return [this, &pod, name, reader](const YAML::Node& value) {
      const json::value more =
          reader(value, name, [this](int line, std::string what) { problem(line, std::move(what)); });
      pod = pod.is_null() ? more : kube::merge_pods(pod, more);
    };
  }

  void read_tasks(const YAML::Node& node) {
    if (!node.IsMap()) return problem(line_of(node), "'tasks' must be task ids with settings");
    for_each_key(node, "tasks.", [this](const std::string& id, int, const YAML::Node& settings) {
      TaskSettings& into = out_.file.tasks[id];
      if (!settings.IsNull()) read_settings(settings, fmt::format("tasks.{}.", id), into);
    });
  }

  ReadProjectFile out_;
};

}  // namespace

std::string ProjectProblem::text() const {
  if (line == 0) return fmt::format("{}: {}", kProjectFileName, message);
  return fmt::format("{}, line {}: {}", kProjectFileName, line, message);
}

int ProjectFile::line_of(const std::string& key) const {
  const auto found = lines.find(key);
  return found == lines.end() ? 0 : found->second;
}

bool ProjectFile::wants_pods() const {
  return !defaults.pod.is_null() ||
         std::ranges::any_of(tasks, [](const auto& task) { return !task.second.pod.is_null(); });
}

ReadProjectFile read_project_file(std::string_view text) {
  return Reader().read(text);
}

std::optional<ReadProjectFile> read_project(const std::string& folder) {
  const std::string path = fmt::format("{}/{}", folder, kProjectFileName);
  if (const auto text = read_file(path)) return read_project_file(*text);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  return ReadProjectFile{{}, {{0, "it cannot be read by this user"}}};
}

std::vector<std::string> project_file_keys() {
  std::vector<std::string> out;
  Reader reader;
  for (const auto& [name, read] : reader.top_keys()) out.push_back(name);
  return out;
}

std::string problems_text(const std::vector<ProjectProblem>& problems) {
  std::string out;
  for (const ProjectProblem& problem : problems) out += problem.text() + "\n";
  return out;
}

}  // namespace leoflow::lite
