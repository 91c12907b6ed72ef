#include "lite/bundle_config.hpp"

#include <fmt/format.h>
#include <set>

#include "base/json.hpp"

namespace leoflow::lite {
namespace {

std::unexpected<Error> wrong(const std::string& name, std::string_view why) {
  return fail(ErrorCode::invalid, fmt::format("dag_bundle_config_list: bundle '{}': {}", name, why));
}

Result<void> check_arguments(const std::string& name, const json::value& kwargs,
                             const std::set<std::string>& known) {
  if (!kwargs.is_object()) return wrong(name, "kwargs must be an object");
  for (const auto& [key, value] : kwargs.get_object()) {
    if (!known.contains(std::string(key))) {
      return fail(ErrorCode::unsupported,
                  fmt::format("dag_bundle_config_list: bundle '{}': the argument '{}' is not supported yet",
                              name, std::string_view(key)));
    }
  }
  return {};
}

Result<BundleConfig> read_one(const json::value& entry) {
  BundleConfig out;
  out.name = get_text(entry, "name");
  if (out.name.empty() || out.name.find_first_of("/\\") != std::string::npos || out.name.starts_with('.')) {
    return wrong(out.name, "it needs a name without slashes");
  }
  const std::string classpath = get_text(entry, "classpath");
  const json::value* found = find(entry, "kwargs");
  const json::value kwargs = found == nullptr ? json::value(json::object()) : *found;
  if (classpath.ends_with(".LocalDagBundle")) {
    if (auto fine = check_arguments(out.name, kwargs, {"path", "refresh_interval"}); !fine) {
      return std::unexpected(fine.error());
    }
    out.path = get_text(kwargs, "path");
    if (!out.path.starts_with('/'))
      return wrong(out.name, fmt::format("path '{}' is not absolute", out.path));
    return out;
  }
  if (!classpath.ends_with(".GitDagBundle")) {
    return fail(
        ErrorCode::unsupported,
        fmt::format("dag_bundle_config_list: bundle '{}': '{}' is not supported, only LocalDagBundle and "
                    "GitDagBundle",
                    out.name, classpath));
  }
  if (auto fine =
          check_arguments(out.name, kwargs, {"repo_url", "tracking_ref", "subdir", "refresh_interval"});
      !fine) {
    return std::unexpected(fine.error());
  }
  out.repo_url = get_text(kwargs, "repo_url");
  out.tracking_ref = get_text(kwargs, "tracking_ref");
  out.subdir = get_text(kwargs, "subdir");
  out.refresh_interval = std::chrono::seconds{get_integer(kwargs, "refresh_interval", 300)};
  if (out.repo_url.empty() || out.repo_url.starts_with('-')) return wrong(out.name, "it needs a repo_url");
  if (out.tracking_ref.empty() || out.tracking_ref.starts_with('-')) {
    return wrong(out.name, "it needs a tracking_ref: a branch, tag or commit");
  }
  if (out.subdir.starts_with('/') || out.subdir.find("..") != std::string::npos) {
    return wrong(out.name, fmt::format("subdir '{}' must be a folder inside the repository", out.subdir));
  }
  if (out.refresh_interval.count() < 1) return wrong(out.name, "refresh_interval must be at least 1");
  return out;
}

}  // namespace

Result<std::vector<BundleConfig>> read_bundle_configs(std::string_view text) {
  std::vector<BundleConfig> out;
  if (text.empty()) return out;
  const auto parsed = parse_json(text);
  if (!parsed) {
    return fail(ErrorCode::invalid, fmt::format("dag_bundle_config_list: {}", parsed.error().message));
  }
  if (!parsed->is_array()) return fail(ErrorCode::invalid, "dag_bundle_config_list must be a list");
  std::set<std::string> names;
  for (const json::value& entry : parsed->get_array()) {
    auto config = read_one(entry);
    if (!config) return std::unexpected(config.error());
    if (!names.insert(config->name).second) return wrong(config->name, "there are two of that name");
    out.push_back(std::move(*config));
  }
  return out;
}

}  // namespace leoflow::lite
