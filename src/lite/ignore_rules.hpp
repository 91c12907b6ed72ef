#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leoflow::lite {

/// Glob patterns as in .gitignore, the default syntax of Airflow 3. A later "!" pattern takes an earlier one
/// back.
class IgnoreRules {
 public:
  /// Adds one pattern.
  void add(std::string_view pattern);
  /// Adds the lines of an `.airflowignore` file. As in Airflow "#" begins a comment wherever it stands.
  void add_file(std::string_view text);

  /// @param path below the folder that the rules are for.
  bool ignores(const std::string& path, bool is_folder) const;
  /// The same; nothing if no rule is about the path, so that those of a folder above hold.
  std::optional<bool> verdict(const std::string& path, bool is_folder) const;

 private:
  struct Rule {
    std::vector<std::string> parts;  ///< of the whole path; "**" stands for any number of folders
    bool negated = false;
    bool only_folders = false;
  };
  std::vector<Rule> rules_;
};

}  // namespace leoflow::lite
