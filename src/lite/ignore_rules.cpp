#include "lite/ignore_rules.hpp"

#include <fnmatch.h>

#include "base/text.hpp"

namespace leoflow::lite {

void IgnoreRules::add(std::string_view text) {
  for (const std::string& line : split(text, '\n')) {
    std::string_view pattern = trim(line);
    if (pattern.empty() || pattern.front() == '#') continue;
    Rule rule;
    if (pattern.front() == '!') {
      rule.negated = true;
      pattern.remove_prefix(1);
    }
    if (pattern.ends_with('/')) {
      rule.only_folders = true;
      pattern.remove_suffix(1);
    }
    if (pattern.starts_with('/')) {
      rule.anchored = true;
      pattern.remove_prefix(1);
    }
    rule.anchored = rule.anchored || pattern.find('/') != std::string_view::npos;
    if (pattern.starts_with("**/")) {
      rule.anchored = false;
      pattern.remove_prefix(3);
    }
    rule.pattern = pattern;
    rules_.push_back(std::move(rule));
  }
}

bool IgnoreRules::ignores(const std::string& path, bool is_folder) const {
  return verdict(path, is_folder).value_or(false);
}

std::optional<bool> IgnoreRules::verdict(const std::string& path, bool is_folder) const {
  const auto slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  std::optional<bool> ignored;
  for (const Rule& rule : rules_) {
    if (rule.only_folders && !is_folder) continue;
    const std::string& subject = rule.anchored ? path : name;
    if (::fnmatch(rule.pattern.c_str(), subject.c_str(), rule.anchored ? FNM_PATHNAME : 0) == 0) {
      ignored = !rule.negated;
    }
  }
  return ignored;
}

}  // namespace leoflow::lite
