#include "api/core/xcom_value.hpp"

#include <fmt/format.h>

namespace leoflow::api {
namespace {

// In the order of the alphabet, in which they are told.
constexpr std::string_view kReserved[] = {"__cache__", "__classname__", "__data__", "__id__",
                                          "__source",  "__type",        "__var",    "__version__"};

std::string problem_of(const json::value& value, const std::string& path);

std::string problem_of(const json::object& object, const std::string& path) {
  std::string found;
  for (const std::string_view key : kReserved) {
    if (object.contains(key)) found += fmt::format("{}{}", found.empty() ? "" : ", ", key);
  }
  if (!found.empty()) {
    return fmt::format(
        "XCom {} contains reserved serialization keys: {}. These keys are reserved for internal use.", path,
        found);
  }
  for (const auto& [key, member] : object) {
    if (auto problem = problem_of(member, fmt::format("{}.{}", path, std::string_view(key)));
        !problem.empty())
      return problem;
  }
  return {};
}

std::string problem_of(const json::array& items, const std::string& path) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (auto problem = problem_of(items[i], fmt::format("{}[{}]", path, i)); !problem.empty()) return problem;
  }
  return {};
}

std::string problem_of(const json::value& value, const std::string& path) {
  if (const json::object* object = value.if_object()) return problem_of(*object, path);
  if (const json::array* items = value.if_array()) return problem_of(*items, path);
  const json::string* text = value.if_string();
  if (text == nullptr) return {};
  // Whoever reads it may take a text that holds JSON for what it holds.
  const auto held = parse_json(*text);
  return held && held->is_structured() ? problem_of(*held, path) : std::string();
}

}  // namespace

std::optional<Answer> check_xcom_value(const json::value& value) {
  const std::string problem = problem_of(value, "value");
  if (problem.empty()) return std::nullopt;
  wire::Problems problems;
  problems.add(wire::Location(wire::Location("body"), "value"), "value_error", "Value error, " + problem,
               value, {{"error", json::object()}});
  return unprocessable(problems);
}

}  // namespace leoflow::api
