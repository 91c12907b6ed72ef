#include "cli/log_text.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/text.hpp"

namespace leoflow::cli {
namespace {

constexpr std::string_view kGroup = "::group::";
constexpr std::string_view kEndGroup = "::endgroup::";

/// Fields that say nothing to a person, or are printed in their own place.
bool is_hidden(std::string_view key) {
  constexpr std::array<std::string_view, 12> kKeys = {
      "timestamp",    "level", "event",          "logger",          "loc", "filename", "lineno", "chan",
      "error_detail", "ti",    "correlation_id", "task_instance_id"};
  return std::ranges::find(kKeys, key) != kKeys.end();
}

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

/// The exceptions of a record, as Python prints them.
std::string traceback_of(const json::value& record) {
  std::string out;
  const json::value* errors = find(record, "error_detail");
  if (errors == nullptr || !errors->is_array()) return out;
  for (const json::value& error : errors->get_array()) {
    if (const json::value* frames = find(error, "frames"); frames != nullptr && frames->is_array()) {
      out += "\nTraceback (most recent call last):";
      for (const json::value& frame : frames->get_array()) {
        out += fmt::format("\n  File \"{}\", line {}, in {}", get_text(frame, "filename"),
                           get_integer(frame, "lineno", 0), get_text(frame, "name"));
      }
    }
    out += fmt::format("\n{}: {}", get_text(error, "exc_type"), get_text(error, "exc_value"));
  }
  return out;
}

}  // namespace

std::optional<std::string> log_line(const json::value& record) {
  if (!record.is_object()) return text_of(record);
  std::string event = get_text(record, "event");
  if (event == kEndGroup) return std::nullopt;
  if (event.starts_with(kGroup)) event.erase(0, kGroup.size());
  std::string line = get_text(record, "timestamp");
  const std::string level = get_text(record, "level");
  if (!level.empty()) line += fmt::format(" [{}]", level);
  if (!line.empty()) line += ' ';
  line += event;
  for (const auto& [key, value] : record.get_object()) {
    if (!is_hidden(key))
      line += fmt::format(" {}={}", std::string_view(key.data(), key.size()), text_of(value));
  }
  return line + traceback_of(record);
}

}  // namespace leoflow::cli
