#include "lite/ignore_rules.hpp"

#include <fnmatch.h>
#include <span>

#include "base/text.hpp"

namespace leoflow::lite {
namespace {

constexpr std::string_view kAnyFolders = "**";

bool matches(std::span<const std::string> pattern, std::span<const std::string> path) {
  if (pattern.empty()) return path.empty();
  if (pattern.front() == kAnyFolders) {
    // At the end it is what is inside, not the folder itself.
    if (pattern.size() == 1) return !path.empty();
    for (std::size_t skipped = 0; skipped < path.size(); ++skipped) {
      if (matches(pattern.subspan(1), path.subspan(skipped))) return true;
    }
    return false;
  }
  return !path.empty() && ::fnmatch(pattern.front().c_str(), path.front().c_str(), 0) == 0 &&
         matches(pattern.subspan(1), path.subspan(1));
}

}  // namespace

void IgnoreRules::add_file(std::string_view text) {
  for (const std::string& line : split(text, '\n')) add(std::string_view(line).substr(0, line.find('#')));
}

void IgnoreRules::add(std::string_view pattern) {
  pattern = trim(pattern);
  if (pattern.empty() || pattern.front() == '#') return;
  Rule rule;
  if (pattern.front() == '!') {
    rule.negated = true;
    pattern.remove_prefix(1);
  }
  if (pattern.ends_with('/')) {
    rule.only_folders = true;
    pattern.remove_suffix(1);
  }
  // A name alone may be anywhere.
  if (pattern.find('/') == std::string_view::npos) rule.parts.emplace_back(kAnyFolders);
  if (pattern.starts_with('/')) pattern.remove_prefix(1);
  for (std::string& part : split(pattern, '/')) rule.parts.push_back(std::move(part));
  rules_.push_back(std::move(rule));
}

bool IgnoreRules::ignores(const std::string& path, bool is_folder) const {
  return verdict(path, is_folder).value_or(false);
}

std::optional<bool> IgnoreRules::verdict(const std::string& path, bool is_folder) const {
  if (rules_.empty()) return std::nullopt;
  const std::vector<std::string> parts = split(path, '/');
  std::optional<bool> ignored;
  for (const Rule& rule : rules_) {
    if (rule.only_folders && !is_folder) continue;
    if (matches(rule.parts, parts)) ignored = !rule.negated;
  }
  return ignored;
}

}  // namespace leoflow::lite
