#include "dag/time_format.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace leoflow::dag {
namespace {

namespace chrono = std::chrono;

/// What the directives of a format found in a text; Python's defaults for the others.
struct Fields {
  int year = 1900;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int microsecond = 0;
  std::optional<int> day_of_year;
  std::optional<chrono::seconds> offset;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Matches a text against a format; shorter readings of a number are tried when the
/// longest does not lead to the end, as in a regular expression.
class Matcher {
 public:
  Matcher(std::string_view format, std::string_view text) : format_(format), text_(text) {}

  bool match(std::size_t f, std::size_t t) {
    if (f == format_.size()) return t == text_.size();
    if (std::isspace(static_cast<unsigned char>(format_[f])) != 0) return match_spaces(f, t);
    if (format_[f] != '%') return t < text_.size() && same(format_[f], text_[t]) && match(f + 1, t + 1);
    switch (format_[f + 1]) {
      case 'Y':
        return number(f, t, 4, 4, 0, 9999, [&](int n) { fields.year = n; });
      case 'y':
        return number(f, t, 2, 2, 0, 99, [&](int n) { fields.year = n <= 68 ? 2000 + n : 1900 + n; });
      case 'm':
        return number(f, t, 1, 2, 1, 12, [&](int n) { fields.month = n; });
      case 'd':
        return number(f, t, 1, 2, 1, 31, [&](int n) { fields.day = n; });
      case 'H':
        return number(f, t, 1, 2, 0, 23, [&](int n) { fields.hour = n; });
      case 'M':
        return number(f, t, 1, 2, 0, 59, [&](int n) { fields.minute = n; });
      case 'S':
        return number(f, t, 1, 2, 0, 61, [&](int n) { fields.second = n; });
      case 'j':
        return number(f, t, 1, 3, 1, 366, [&](int n) { fields.day_of_year = n; });
      case 'f':
        return fraction(f, t);
      case 'z':
        return offset(f, t);
      default:  // "%%": of() lets no other through
        return t < text_.size() && text_[t] == '%' && match(f + 2, t + 1);
    }
  }

  Fields fields;

 private:
  static bool same(char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  }

  bool match_spaces(std::size_t f, std::size_t t) {
    std::size_t end = t;
    while (end < text_.size() && std::isspace(static_cast<unsigned char>(text_[end])) != 0) ++end;
    while (f < format_.size() && std::isspace(static_cast<unsigned char>(format_[f])) != 0) ++f;
    return end > t && match(f, end);
  }

  template <typename Keep>
  bool number(std::size_t f, std::size_t t, std::size_t fewest, std::size_t most, int low, int high,
              Keep keep) {
    for (std::size_t length = most; length >= fewest; --length) {
      if (t + length > text_.size()) continue;
      const std::string_view digits = text_.substr(t, length);
      if (!std::ranges::all_of(digits, is_digit)) continue;
      const int value = std::stoi(std::string(digits));
      if (value < low || value > high || !match(f + 2, t + length)) continue;
      keep(value);
      return true;
    }
    return false;
  }

  bool fraction(std::size_t f, std::size_t t) {
    for (std::size_t length = 6; length >= 1; --length) {
      const std::string_view digits = text_.substr(std::min(t, text_.size()), length);
      if (digits.size() < length || !std::ranges::all_of(digits, is_digit)) continue;
      if (!match(f + 2, t + length)) continue;
      fields.microsecond = std::stoi(std::string(digits) + std::string(6 - length, '0'));
      return true;
    }
    return false;
  }

  /// Z, +HHMM, +HH:MM; with seconds too.
  bool offset(std::size_t f, std::size_t t) {
    if (t < text_.size() && text_[t] == 'Z') {
      if (!match(f + 2, t + 1)) return false;
      fields.offset = chrono::seconds{0};
      return true;
    }
    if (t >= text_.size() || (text_[t] != '+' && text_[t] != '-')) return false;
    const auto two = [&](std::size_t at) {
      const bool fine = at + 2 <= text_.size() && is_digit(text_[at]) && is_digit(text_[at + 1]);
      return fine ? (text_[at] - '0') * 10 + (text_[at + 1] - '0') : -1;
    };
    std::size_t at = t + 1;
    const int hours = two(at);
    at += 2;
    const bool has_colons = at < text_.size() && text_[at] == ':';
    if (has_colons) ++at;
    const int minutes = two(at);
    at += 2;
    if (hours < 0 || minutes < 0 || minutes > 59) return false;
    int seconds = 0;
    const std::size_t more = at + (has_colons ? 1 : 0);
    if ((!has_colons || (at < text_.size() && text_[at] == ':')) && two(more) >= 0 && two(more) <= 59) {
      seconds = two(more);
      at = more + 2;
    }
    if (!match(f + 2, at)) return false;
    const chrono::seconds found = chrono::hours{hours} + chrono::minutes{minutes} + chrono::seconds{seconds};
    fields.offset = text_[t] == '-' ? -found : found;
    return true;
  }

  std::string_view format_;
  std::string_view text_;
};

/// Week 1 of an ISO year has its first Thursday.
std::pair<int, int> iso_week(chrono::local_days day) {
  const int weekday = static_cast<int>(chrono::weekday(day).iso_encoding());
  const auto thursday = day + chrono::days{4 - weekday};
  const int year = static_cast<int>(chrono::year_month_day(thursday).year());
  const auto first = chrono::local_days{chrono::year{year} / chrono::January / 1};
  return {year, static_cast<int>((thursday - first).count() / 7) + 1};
}

std::string offset_text(std::optional<chrono::seconds> offset) {
  if (!offset) return "";
  const auto all = chrono::abs(*offset).count();
  std::string out = fmt::format("{}{:02}{:02}", offset->count() < 0 ? '-' : '+', all / 3600, all / 60 % 60);
  if (all % 60 != 0) out += fmt::format("{:02}", all % 60);
  return out;
}

std::string write_directive(char directive, const SpelledTime& time) {
  const auto day = chrono::floor<chrono::days>(time.wall);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss clock(time.wall - day);
  const auto year_day = (day - chrono::local_days{date.year() / chrono::January / 1}).count();
  const unsigned weekday = chrono::weekday(day).c_encoding();
  const int year = static_cast<int>(date.year());
  switch (directive) {
    case 'Y':
      return fmt::format("{}", year);
    case 'y':
      return fmt::format("{:02}", year % 100);
    case 'm':
      return fmt::format("{:02}", static_cast<unsigned>(date.month()));
    case 'd':
      return fmt::format("{:02}", static_cast<unsigned>(date.day()));
    case 'H':
      return fmt::format("{:02}", clock.hours().count());
    case 'M':
      return fmt::format("{:02}", clock.minutes().count());
    case 'S':
      return fmt::format("{:02}", clock.seconds().count());
    case 'f':
      return fmt::format("{:06}", clock.subseconds().count());
    case 'j':
      return fmt::format("{:03}", year_day + 1);
    case 'z':
      return offset_text(time.offset);
    case 'G':
      return fmt::format("{}", iso_week(day).first);
    case 'V':
      return fmt::format("{:02}", iso_week(day).second);
    case 'u':
      return fmt::format("{}", chrono::weekday(day).iso_encoding());
    case 'U':  // weeks that begin on Sunday
      return fmt::format("{:02}", (year_day + 7 - weekday) / 7);
    case 'W':  // on Monday
      return fmt::format("{:02}", (year_day + 7 - (weekday + 6) % 7) / 7);
    default:
      return "%";
  }
}

}  // namespace

Result<TimeFormat> TimeFormat::of(std::string format) {
  constexpr std::string_view kKnown = "YmdHMSfyjz%VGuUW";
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    ++i;
    if (i == format.size() || kKnown.find(format[i]) == std::string_view::npos) {
      return fail(ErrorCode::unsupported, fmt::format("the format '{}' uses '%{}'", format,
                                                      i == format.size() ? "" : format.substr(i, 1)));
    }
  }
  return TimeFormat(std::move(format));
}

Result<SpelledTime> TimeFormat::parse(std::string_view text) const {
  Matcher matcher(format_, text);
  const Fields& found = matcher.fields;
  const auto wrong = [&] {
    return fail(ErrorCode::invalid, fmt::format("time data '{}' does not match format '{}'", text, format_));
  };
  for (std::size_t at = format_.find('%'); at != std::string::npos; at = format_.find('%', at + 2)) {
    if (std::string_view("VGuUW").find(format_[at + 1]) != std::string_view::npos) return wrong();
  }
  if (!matcher.match(0, 0)) return wrong();
  chrono::year_month_day date = chrono::year{found.year} / found.month / found.day;
  if (found.day_of_year) {
    date = chrono::year_month_day(chrono::local_days{date.year() / chrono::January / 1} +
                                  chrono::days{*found.day_of_year - 1});
  }
  if (!date.ok() || found.year < 1) return fail(ErrorCode::invalid, "day is out of range for month");
  const WallTime wall = chrono::local_days{date} + chrono::hours{found.hour} + chrono::minutes{found.minute} +
                        chrono::seconds{std::min(found.second, 59)} +
                        chrono::microseconds{found.microsecond};
  return SpelledTime{wall, found.offset};
}

std::string TimeFormat::write(const SpelledTime& time) const {
  std::string out;
  for (std::size_t i = 0; i < format_.size(); ++i) {
    if (format_[i] != '%') {
      out += format_[i];
    } else {
      out += write_directive(format_[++i], time);
    }
  }
  return out;
}

}  // namespace leoflow::dag
