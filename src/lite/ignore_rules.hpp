#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leoflow::lite {

/// The lines of one `.airflowignore` file: glob patterns as in .gitignore, the
/// default syntax of Airflow 3. A later "!" pattern takes an earlier one back.
class IgnoreRules {
 public:
  void add(std::string_view text);
  /// @param path below the folder that the rules are for.
  bool ignores(const std::string& path, bool is_folder) const;
  /// The same; nothing if no rule is about the path, so that those of a folder above hold.
  std::optional<bool> verdict(const std::string& path, bool is_folder) const;

 private:
  struct Rule {
    std::string pattern;
    bool negated = false;
    bool only_folders = false;
    bool anchored = false;  ///< matches the whole path, not any name in it
  };
  std::vector<Rule> rules_;
};

}  // namespace leoflow::lite
