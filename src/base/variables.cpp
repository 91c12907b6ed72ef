#include "base/variables.hpp"

#include <charconv>
#include <cstdlib>
#include <fmt/format.h>

#include "base/text.hpp"

namespace leoflow {

std::string environment_variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? "" : text;
}

Result<void> refuse_variables(const Variables& variables, std::initializer_list<const char*> names,
                              std::string_view why) {
  for (const char* name : names) {
    if (!variables(name).empty())
      return fail(ErrorCode::invalid, fmt::format("{} is set, but {}", name, why));
  }
  return {};
}

Result<void> read_switch(const Variables& variables, const char* name, std::optional<bool>& out) {
  const std::string text = variables(name);
  if (text.empty()) return {};
  const std::string word = to_lower(trim(text));
  const bool is_on = word == "t" || word == "true" || word == "1";
  if (!is_on && word != "f" && word != "false" && word != "0") {
    return fail(ErrorCode::invalid, fmt::format("{}={} is neither True nor False", name, text));
  }
  out = is_on;
  return {};
}

Result<void> read_switch(const Variables& variables, const char* name, bool& out) {
  std::optional<bool> told;
  auto read = read_switch(variables, name, told);
  out = told.value_or(out);
  return read;
}

Result<void> read_whole_number(const Variables& variables, const char* name, std::int64_t least,
                               std::int64_t& out) {
  const std::string text = variables(name);
  if (text.empty()) return {};
  std::int64_t value = 0;
  const std::string_view digits = trim(text);
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || stop != digits.data() + digits.size() || value < least) {
    return fail(ErrorCode::invalid,
                fmt::format("{}={} is not a whole number of at least {}", name, text, least));
  }
  out = value;
  return {};
}

}  // namespace leoflow
