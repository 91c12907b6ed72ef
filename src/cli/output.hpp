#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace CLI {
class App;
}

namespace leoflow::cli {

/// How a command prints what it found: "table" for people, "json" or "yaml" for programs.
struct Output {
  std::string format = "table";
};

/// Adds `-o,--output`.
void add_output_option(CLI::App& command, Output& output);

/// What a listing prints: rows of named columns. Cells of a "state" column are
/// coloured on a terminal, unless NO_COLOR is set.
class Listing {
 public:
  Listing(std::initializer_list<std::string_view> columns) : columns_(columns.begin(), columns.end()) {}
  /// @param row by column; a column that is missing is null.
  void add(json::object row);
  /// To standard output: a table with a header, or an array of objects.
  void print(const Output& output) const;

 private:
  void print_table() const;

  std::vector<std::string> columns_;
  std::vector<json::object> rows_;
};

/// One thing: "key  value" lines, or an object. To standard output.
void print_fields(const Output& output, const json::object& fields);

/// As YAML, with a line break at the end. Strings that YAML would read as
/// something else are quoted.
std::string to_yaml(const json::value& value);

}  // namespace leoflow::cli
