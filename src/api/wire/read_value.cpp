#include "api/wire/read_value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/ranges.h>
#include <limits>
#include <regex>

#include "base/text.hpp"
#include "base/time_text.hpp"

namespace leoflow::api::wire {

namespace {

// Characters, not bytes: what len() of the Python text would be.
std::size_t length_of(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

std::string_view plural(std::size_t count) {
  return count == 1 ? "" : "s";
}

// A bound is a number of the kind that it bounds.
json::value bound_as(const Integer&, std::int64_t bound) {
  return bound;
}
json::value bound_as(const Number&, std::int64_t bound) {
  return static_cast<double>(bound);
}

template <typename Rule>
void check_bounds(double number, const Rule& rule, const json::value& in, const Location& where,
                  Problems& problems) {
  if (rule.minimum != kNoBound && number < static_cast<double>(rule.minimum)) {
    problems.add(where, "greater_than_equal",
                 fmt::format("Input should be greater than or equal to {}", rule.minimum), in,
                 {{"ge", rule.minimum}});
  } else if (rule.above != kNoBound && number <= static_cast<double>(rule.above)) {
    problems.add(where, "greater_than", fmt::format("Input should be greater than {}", rule.above), in,
                 {{"gt", bound_as(rule, rule.above)}});
  }
}

/// In the place of one that is larger: Python's integers have no end; nothing here is so large that it would
/// matter.
std::int64_t most(bool negative) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return negative ? -kMost : kMost;
}

std::optional<std::int64_t> integer_from(std::string_view text) {
  text = trim(text);
  if (const auto dot = text.find('.');
      dot != std::string_view::npos && text.find_first_not_of('0', dot + 1) == std::string_view::npos) {
    text = text.substr(0, dot);  // "5.0" is an integer
  }
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return most(text.starts_with('-'));
  if (error != std::errc{}) return std::nullopt;
  return number;
}

std::optional<bool> flag_from(std::string_view text) {
  const std::string word = to_lower(text);
  for (const std::string_view yes : {"true", "1", "t", "yes", "y", "on"}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"false", "0", "f", "no", "n", "off"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

/// These two are read on the clock of a timetable, so Airflow wants no zone of them. The OpenAPI files do not
/// tell.
bool may_lack_zone(const Location& where) {
  return where.name == "partition_date_start" || where.name == "partition_date_end";
}

bool looks_like_a_date(std::string_view text) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return false;
  for (const std::size_t i : {0, 1, 2, 3, 5, 6, 8, 9}) {
    if (text[i] < '0' || text[i] > '9') return false;
  }
  return true;
}

std::string expected_text(const OneOf& rule) {
  std::string text;
  std::size_t index = 0;
  for (const std::string_view word : rule.allowed) {
    if (index > 0) text += index + 1 == rule.allowed.size() ? " or " : ", ";
    text += fmt::format("'{}'", word);
    ++index;
  }
  return text;
}

}  // namespace

void read_value(const json::value& in, std::string& out, const Text& rule, const Location& where,
                Problems& problems) {
  if (!in.is_string()) return problems.add(where, "string_type", "Input should be a valid string", in);
  const std::string_view text = in.get_string();
  const std::size_t length = length_of(text);
  if (length > rule.max_length) {
    problems.add(
        where, "string_too_long",
        fmt::format("String should have at most {} character{}", rule.max_length, plural(rule.max_length)),
        in, {{"max_length", rule.max_length}});
  } else if (length < rule.min_length) {
    problems.add(
        where, "string_too_short",
        fmt::format("String should have at least {} character{}", rule.min_length, plural(rule.min_length)),
        in, {{"min_length", rule.min_length}});
  } else if (rule.pattern != nullptr &&
             !std::regex_search(text.begin(), text.end(), std::regex(rule.pattern, std::regex::ECMAScript))) {
    problems.add(where, "string_pattern_mismatch",
                 fmt::format("String should match pattern '{}'", rule.pattern), in,
                 {{"pattern", rule.pattern}});
  }
  out = text;
}

void read_value(const json::value& in, std::string& out, const OneOf& rule, const Location& where,
                Problems& problems) {
  if (in.is_string()) {
    const std::string_view text = in.get_string();
    for (const std::string_view word : rule.allowed) {
      if (text == word) {
        out = text;
        return;
      }
    }
  }
  const std::string expected = expected_text(rule);
  problems.add(where, rule.literal ? "literal_error" : "enum", "Input should be " + expected, in,
               {{"expected", expected}});
}

void read_value(const json::value& in, std::optional<std::string>& out, const ChoiceOf& rule,
                const Location& where, Problems& problems) {
  const auto refuse = [&](const std::string& why) {
    problems.add(where, "value_error", "Value error, " + why, in, {{"error", json::object()}});
  };
  if (in.is_null()) return refuse(fmt::format("'{}' should not be empty", where.name));
  // Airflow fails over what is no text.
  const std::string word = to_lower(in.is_string() ? std::string(in.get_string()) : json::serialize(in));
  if (std::ranges::find(rule.allowed, word) == rule.allowed.end()) {
    return refuse(fmt::format("'{}' is not one of ['{}']", word, fmt::join(rule.allowed, "', '")));
  }
  out = word;
}

void read_value(const json::value& in, std::string& out, const Date&, const Location& where,
                Problems& problems) {
  if (!in.is_string()) return problems.add(where, "date_type", "Input should be a valid date", in);
  const std::string_view text = in.get_string();
  if (text.size() < 10) {
    return problems.add(where, "date_from_datetime_parsing",
                        "Input should be a valid date or datetime, input is too short", in,
                        {{"error", "input is too short"}});
  }
  if (!looks_like_a_date(text) || !parse_iso(std::string(text.substr(0, 10)) + "T00:00:00Z")) {
    return problems.add(where, "date_from_datetime_parsing",
                        "Input should be a valid date or datetime, invalid character in year", in,
                        {{"error", "invalid character in year"}});
  }
  out = text.substr(0, 10);
}

void read_value(const json::value& in, std::int64_t& out, const Integer& rule, const Location& where,
                Problems& problems) {
  if (in.is_int64()) {
    out = in.get_int64();
  } else if (in.is_bool()) {
    out = in.get_bool() ? 1 : 0;
  } else if (in.is_double()) {
    const double number = in.get_double();
    if (std::trunc(number) != number) {
      return problems.add(where, "int_from_float",
                          "Input should be a valid integer, got a number with a fractional part", in);
    }
    out = std::abs(number) < 9e18 ? static_cast<std::int64_t>(number) : most(number < 0);
  } else if (in.is_uint64()) {
    out = most(false);
  } else if (in.is_string()) {
    const auto number = integer_from(in.get_string());
    if (!number) {
      return problems.add(where, "int_parsing",
                          "Input should be a valid integer, unable to parse string as an integer", in);
    }
    out = *number;
  } else {
    return problems.add(where, "int_type", "Input should be a valid integer", in);
  }
  check_bounds(static_cast<double>(out), rule, in, where, problems);
}

void read_value(const json::value& in, double& out, const Number& rule, const Location& where,
                Problems& problems) {
  if (in.is_double()) {
    out = in.get_double();
  } else if (in.is_int64()) {
    out = static_cast<double>(in.get_int64());
  } else if (in.is_string()) {
    const std::string_view text = trim(in.get_string());
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc{} || end != text.data() + text.size()) {
      return problems.add(where, "float_parsing",
                          "Input should be a valid number, unable to parse string as a number", in);
    }
  } else {
    return problems.add(where, "float_type", "Input should be a valid number", in);
  }
  check_bounds(out, rule, in, where, problems);
}

void read_value(const json::value& in, bool& out, const Boolean&, const Location& where, Problems& problems) {
  std::optional<bool> flag;
  if (in.is_bool()) {
    flag = in.get_bool();
  } else if (in.is_string()) {
    flag = flag_from(in.get_string());
  } else if (in.is_int64()) {
    if (in.get_int64() == 0 || in.get_int64() == 1) flag = in.get_int64() == 1;
  } else {
    return problems.add(where, "bool_type", "Input should be a valid boolean", in);
  }
  if (!flag) {
    return problems.add(where, "bool_parsing", "Input should be a valid boolean, unable to interpret input",
                        in);
  }
  out = *flag;
}

void read_value(const json::value& in, Time& out, const Instant&, const Location& where, Problems& problems) {
  if (in.is_int64()) {
    // Seconds since the epoch; the bound keeps the product in range.
    if (std::abs(in.get_int64()) < 253402300800) {
      out = Time{std::chrono::seconds{in.get_int64()}};
      return;
    }
  }
  if (!in.is_string()) return problems.add(where, "datetime_type", "Input should be a valid datetime", in);
  const std::string_view text = in.get_string();
  const bool is_day = text.size() == 10;
  if (const auto time = may_lack_zone(where)
                            ? parse_iso(std::string(text) + (is_day ? "T00:00:00Z" : ""), true)
                            : parse_iso(text)) {
    out = *time;
  } else if (looks_like_a_date(text) && (text.size() == 10 || parse_iso(text, true))) {
    problems.add(where, "timezone_aware", "Input should have timezone info", in);
  } else {
    const std::string_view reason = text.size() < 10 ? "input is too short" : "invalid character in year";
    problems.add(where, "datetime_from_date_parsing",
                 fmt::format("Input should be a valid datetime or date, {}", reason), in,
                 {{"error", reason}});
  }
}

void read_value(const json::value& in, json::value& out, const Object&, const Location& where,
                Problems& problems) {
  if (!in.is_object()) return problems.add(where, "dict_type", "Input should be a valid dictionary", in);
  out = in;
}

void read_value(const json::value& in, json::value& out, const Anything&, const Location&, Problems&) {
  out = in;
}

bool check_list(const json::value& in, std::size_t min_length, const Location& where, Problems& problems) {
  if (!in.is_array()) {
    problems.add(where, "list_type", "Input should be a valid list", in);
    return false;
  }
  const std::size_t length = in.get_array().size();
  if (length < min_length) {
    problems.add(where, "too_short",
                 fmt::format("List should have at least {} item{} after validation, not {}", min_length,
                             plural(min_length), length),
                 in, {{"field_type", "List"}, {"min_length", min_length}, {"actual_length", length}});
    return false;
  }
  return true;
}

}  // namespace leoflow::api::wire
