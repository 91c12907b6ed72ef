#include "dag/cron_parser.hpp"

#include <array>
#include <charconv>
#include <fmt/format.h>

#include "base/text.hpp"

namespace leoflow::dag {
namespace {

std::string_view expand_preset(std::string_view expression) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kPresets = {{
      {"@hourly", "0 * * * *"},
      {"@daily", "0 0 * * *"},
      {"@midnight", "0 0 * * *"},
      {"@weekly", "0 0 * * 0"},
      {"@monthly", "0 0 1 * *"},
      {"@quarterly", "0 0 1 */3 *"},
      {"@yearly", "0 0 1 1 *"},
      {"@annually", "0 0 1 1 *"},
  }};
  for (const auto& [name, expanded] : kPresets) {
    if (name == expression) return expanded;
  }
  return expression;
}

std::optional<int> parse_integer(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.front() == '-') return std::nullopt;
  return value;
}

}  // namespace

bool CronParser::refuse(std::string_view field, std::string_view text) {
  if (error_.empty()) error_ = fmt::format("'{}' is not a valid {}", text, field);
  return false;
}

std::optional<int> CronParser::value(const Field& field, std::string_view text) {
  const std::string lower = to_lower(text);
  for (std::size_t i = 0; i < field.names.size(); ++i) {
    if (field.names[i] == lower) return field.first + static_cast<int>(i);
  }
  const auto number = text.empty() ? std::nullopt : parse_integer(text);
  if (!number || *number < field.first || *number > field.last) return std::nullopt;
  return number;
}

template <std::size_t size>
bool CronParser::read(const Field& field, std::string_view text, std::bitset<size>& out) {
  for (const std::string& part : split(text, ',')) {
    std::string_view range = part;
    int step = 1;
    bool stepped = false;
    if (const auto slash = range.find('/'); slash != std::string_view::npos) {
      const auto read_step = parse_integer(range.substr(slash + 1));
      if (!read_step || *read_step < 1) return refuse(field.name, part);
      step = *read_step;
      stepped = true;
      range = range.substr(0, slash);
    }
    std::optional<int> first;
    std::optional<int> last;
    if (range == "*" || range == "?") {
      first = field.first;
      last = field.last;
    } else if (const auto dash = range.find('-', 1); dash != std::string_view::npos) {
      first = value(field, range.substr(0, dash));
      last = value(field, range.substr(dash + 1));
    } else {
      first = value(field, range);
      last = stepped ? std::optional(field.last) : first;  // "5/15" counts on from 5
    }
    if (!first || !last) return refuse(field.name, part);
    if (*first <= *last) {
      for (int i = *first; i <= *last; i += step) out.set(static_cast<std::size_t>(i));
    } else {
      // "22-4" goes over the end, as in croniter.
      const int count = field.last - field.first + 1;
      for (int i = *first; i <= *last + count; i += step) {
        out.set(static_cast<std::size_t>(i > field.last ? i - count : i));
      }
    }
  }
  return true;
}

bool CronParser::read_days(std::string_view text, Cron& cron) {
  static const Field kField{"day of month", 1, 31, {}};
  std::vector<std::string> numbers;
  for (const std::string& part : split(text, ',')) {
    if (to_lower(part) == "l") {
      cron.last_day_ = true;
    } else {
      numbers.push_back(part);
    }
  }
  cron.any_day_ = text == "*" || text == "?";
  return numbers.empty() || read(kField, join(numbers, ","), cron.days_);
}

bool CronParser::read_weekdays(std::string_view text, Cron& cron) {
  // 7 is Sunday too, so it is read into a wider set and folded.
  static const Field kField{"day of week", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}};
  cron.any_weekday_ = text == "*" || text == "?";
  if (cron.any_weekday_) {
    cron.weekdays_.set();
    return true;
  }
  std::vector<std::string> plain;
  for (const std::string& part : split(text, ',')) {
    if (const auto hash = part.find('#'); hash != std::string::npos) {
      const auto weekday = value(kField, std::string_view(part).substr(0, hash));
      const auto nth = parse_integer(std::string_view(part).substr(hash + 1));
      if (!weekday || !nth || *nth < 1 || *nth > 5) return refuse(kField.name, part);
      cron.nth_weekdays_.push_back({*weekday % 7, *nth});
    } else if (part.size() > 1 && (part[0] == 'L' || part[0] == 'l')) {
      const auto weekday = value(kField, std::string_view(part).substr(1));
      if (!weekday) return refuse(kField.name, part);
      cron.nth_weekdays_.push_back({*weekday % 7, -1});
    } else if (part.starts_with("*/")) {
      plain.push_back("0-6" + part.substr(1));
    } else {
      plain.push_back(part);
    }
  }
  if (plain.empty()) return true;
  std::bitset<8> wide;
  if (!read(kField, join(plain, ","), wide)) return false;
  for (std::size_t i = 0; i < 8; ++i) {
    if (wide[i]) cron.weekdays_.set(i % 7);
  }
  return true;
}

Result<Cron> CronParser::parse(std::string_view expression) {
  static const Field kSecond{"second", 0, 59, {}};
  static const Field kMinute{"minute", 0, 59, {}};
  static const Field kHour{"hour", 0, 23, {}};
  static const Field kMonth{
      "month", 1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}};

  std::vector<std::string> fields;
  for (std::string& part : split(expand_preset(trim(expression)), ' ')) {
    if (!part.empty()) fields.push_back(std::move(part));
  }
  if (fields.size() != 5 && fields.size() != 6) {
    return fail(ErrorCode::invalid, fmt::format("cron expression '{}' has {} fields, not five or six",
                                                expression, fields.size()));
  }
  Cron cron;
  cron.expression_ = join(fields, " ");
  const bool good = read(kMinute, fields[0], cron.minutes_) && read(kHour, fields[1], cron.hours_) &&
                    read_days(fields[2], cron) && read(kMonth, fields[3], cron.months_) &&
                    read_weekdays(fields[4], cron) &&
                    (fields.size() == 5 || read(kSecond, fields[5], cron.seconds_));
  if (!good) {
    return fail(ErrorCode::invalid, fmt::format("cron expression '{}': {}", expression, error_));
  }
  if (fields.size() == 5) cron.seconds_.set(0);
  return cron;
}

Result<Cron> Cron::parse(std::string_view expression) {
  return CronParser().parse(expression);
}

}  // namespace leoflow::dag
