#include "cli/output.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

namespace leoflow::cli {
namespace {

bool wants_colour() {
  return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
}

std::string_view colour_of(std::string_view state) {
  if (state == "success" || state == "ok") return "\033[32m";
  if (state == "failed" || state == "upstream_failed" || state == "problem") return "\033[31m";
  if (state == "running" || state == "queued") return "\033[36m";
  if (state == "up_for_retry" || state == "note") return "\033[33m";
  return "";
}

std::string cell_text(const json::object& row, std::string_view column) {
  const json::value* value = row.if_contains(column);
  if (value == nullptr || value->is_null()) return "";
  if (value->is_string()) return std::string(value->get_string());
  return json::serialize(*value);
}

/// Width on a terminal, counting code points.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t own = width_of(text);
  if (own < width) text.append(width - own, ' ');
  return text;
}

/// Whether YAML would read the plain text as a number, a truth value or null.
bool reads_as_something_else(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kWords = {
      "", "~", "null", "Null", "true", "True", "false", "False", "yes", "no", "on", "off"};
  if (std::ranges::find(kWords, text) != kWords.end()) return true;
  return std::string_view("0123456789.+-").find(text.front()) != std::string_view::npos;
}

void emit(YAML::Emitter& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::object:
      out << YAML::BeginMap;
      for (const auto& [key, item] : value.get_object()) {
        out << YAML::Key << std::string(key) << YAML::Value;
        emit(out, item);
      }
      out << YAML::EndMap;
      return;
    case json::kind::array:
      if (value.get_array().empty()) out << YAML::Flow;
      out << YAML::BeginSeq;
      for (const json::value& item : value.get_array()) emit(out, item);
      out << YAML::EndSeq;
      return;
    case json::kind::string: {
      const std::string text(value.get_string());
      if (reads_as_something_else(text)) out << YAML::DoubleQuoted;
      out << text;
      return;
    }
    case json::kind::null:
      out << YAML::Null;
      return;
    default:
      out << json::serialize(value);  // numbers and truth values read the same in both
  }
}

/// @returns whether the format was one for programs.
bool print_for_programs(const Output& output, const json::value& value) {
  if (output.format == "json") fmt::print("{}\n", json::serialize(value));
  if (output.format == "yaml") fmt::print("{}", to_yaml(value));
  return output.format != "table";
}

}  // namespace

void add_output_option(CLI::App& command, Output& output) {
  command.add_option("-o,--output", output.format, "How to print it: table, json or yaml")
      ->check(CLI::IsMember({"table", "json", "yaml"}))
      ->capture_default_str();
}

std::string to_yaml(const json::value& value) {
  YAML::Emitter out;
  emit(out, value);
  return std::string(out.c_str()) + "\n";
}

void Listing::add(json::object row) {
  json::object complete;
  for (const std::string& column : columns_) {
    const json::value* value = row.if_contains(column);
    complete[column] = value == nullptr ? json::value(nullptr) : *value;
  }
  rows_.push_back(std::move(complete));
}

void Listing::print(const Output& output) const {
  if (output.format == "table") return print_table();
  print_for_programs(output, json::value(json::array(rows_.begin(), rows_.end())));
}

void Listing::print_table() const {
  std::vector<std::size_t> widths;
  for (const std::string& column : columns_) {
    std::size_t width = column.size();
    for (const json::object& row : rows_) width = std::max(width, width_of(cell_text(row, column)));
    widths.push_back(width);
  }
  const auto print_line = [&](auto cell) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool is_last = i + 1 == columns_.size();
      line += is_last ? cell(columns_[i], 0) : cell(columns_[i], widths[i]) + "  ";
    }
    fmt::print("{}\n", line);
  };
  print_line([](const std::string& column, std::size_t width) { return padded(column, width); });
  const bool coloured = wants_colour();
  for (const json::object& row : rows_) {
    print_line([&](const std::string& column, std::size_t width) {
      const std::string text = cell_text(row, column);
      const std::string_view colour = coloured && column == "state" ? colour_of(text) : "";
      return colour.empty() ? padded(text, width) : fmt::format("{}{}\033[0m", colour, padded(text, width));
    });
  }
}

void print_fields(const Output& output, const json::object& fields) {
  if (print_for_programs(output, fields)) return;
  std::size_t width = 0;
  for (const auto& field : fields) width = std::max(width, field.key().size());
  for (const auto& field : fields) {
    const std::string key(field.key());
    fmt::print("{}  {}\n", padded(key, width), cell_text(fields, key));
  }
}

}  // namespace leoflow::cli
