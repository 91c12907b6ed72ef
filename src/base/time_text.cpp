#include "base/time_text.hpp"

#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace leoflow {
namespace {

using namespace std::chrono;

/// Writes a number of exactly so many digits. @returns what is behind it.
template <int kWidth>
char* put(char* at, unsigned value) {
  for (int i = kWidth - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
  return at + kWidth;
}

char* put_year(char* at, char* end, int year) {
  if (year >= 0 && year <= 9999) return put<4>(at, static_cast<unsigned>(year));
  return fmt::format_to_n(at, end - at, "{}{:04}", year < 0 ? "-" : "", std::abs(year)).out;
}

// Answers have a hundred thousand of them: the widths are known when it is compiled.
void append_iso(std::string& out, Time time, std::string_view offset) {
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<Duration>(time - day)};
  char text[48];
  char* at = put_year(text, text + sizeof text, static_cast<int>(date.year()));
  *at++ = '-';
  at = put<2>(at, static_cast<unsigned>(date.month()));
  *at++ = '-';
  at = put<2>(at, static_cast<unsigned>(date.day()));
  *at++ = 'T';
  at = put<2>(at, static_cast<unsigned>(clock.hours().count()));
  *at++ = ':';
  at = put<2>(at, static_cast<unsigned>(clock.minutes().count()));
  *at++ = ':';
  at = put<2>(at, static_cast<unsigned>(clock.seconds().count()));
  if (const auto micros = clock.subseconds().count(); micros != 0) {
    *at++ = '.';
    at = put<6>(at, static_cast<unsigned>(micros));
  }
  out.append(text, at).append(offset);
}

/// Reads fixed-width decimal fields off the front of a text.
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}

  std::optional<int> digits(std::size_t width) {
    if (rest_.size() < width) return std::nullopt;
    int value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + width, value);
    if (error != std::errc{} || end != rest_.data() + width || rest_[0] == '-') return std::nullopt;
    rest_.remove_prefix(width);
    return value;
  }

  bool skip(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// Digits after a decimal point, as microseconds; further digits are dropped.
  std::optional<int> fraction() {
    int value = 0;
    int count = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      if (count < 6) value = value * 10 + (rest_.front() - '0');
      ++count;
      rest_.remove_prefix(1);
    }
    if (count == 0) return std::nullopt;
    for (; count < 6; ++count) value *= 10;
    return value;
  }

  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

std::optional<minutes> parse_offset(Fields& in, bool assume_utc) {
  if (in.rest().empty()) return assume_utc ? std::optional{minutes{0}} : std::nullopt;
  if (in.skip("Zz")) return minutes{0};
  // A '+' that went through URL decoding unescaped arrives as a space.
  const int sign = in.rest().front() == '-' ? -1 : 1;
  if (!in.skip("+- ")) return std::nullopt;
  const auto hour = in.digits(2);
  if (!hour || *hour > 23) return std::nullopt;
  in.skip(":");
  int minute = 0;
  if (!in.rest().empty()) {
    const auto read = in.digits(2);
    if (!read || *read > 59) return std::nullopt;
    minute = *read;
  }
  return sign * minutes{*hour * 60 + minute};
}

}  // namespace

std::string to_iso_z(Time time) {
  std::string text;
  append_iso_z(text, time);
  return text;
}

void append_iso_z(std::string& out, Time time) {
  append_iso(out, time, "Z");
}

std::string to_iso_offset(Time time) {
  std::string text;
  append_iso(text, time, "+00:00");
  return text;
}

std::optional<Time> parse_iso(std::string_view text, bool assume_utc) {
  Fields in{text};
  const auto y = in.digits(4);
  if (!y || !in.skip("-")) return std::nullopt;
  const auto mon = in.digits(2);
  if (!mon || !in.skip("-")) return std::nullopt;
  const auto d = in.digits(2);
  if (!d) return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*mon)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;

  Duration of_day{0};
  if (!in.rest().empty()) {
    if (!in.skip("Tt ")) return std::nullopt;
    const auto h = in.digits(2);
    if (!h || *h > 23 || !in.skip(":")) return std::nullopt;
    const auto m = in.digits(2);
    if (!m || *m > 59) return std::nullopt;
    int s = 0;
    int micros = 0;
    if (in.skip(":")) {
      const auto read = in.digits(2);
      if (!read || *read > 59) return std::nullopt;
      s = *read;
      if (in.skip(".,")) {
        const auto part = in.fraction();
        if (!part) return std::nullopt;
        micros = *part;
      }
    }
    of_day = hours{*h} + minutes{*m} + seconds{s} + microseconds{micros};
  }
  const auto offset = parse_offset(in, assume_utc);
  if (!offset || !in.rest().empty()) return std::nullopt;
  return Time{sys_days{date}} + of_day - *offset;
}

std::optional<Duration> parse_iso_duration(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (!text.starts_with('P')) return std::nullopt;
  text.remove_prefix(1);
  double seconds = 0;
  bool in_time = false;
  bool has_part = false;
  while (!text.empty()) {
    if (text.front() == 'T' && !in_time) {
      in_time = true;
      text.remove_prefix(1);
      continue;
    }
    double number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || end == text.data() + text.size() || number < 0) return std::nullopt;
    const char unit = *end;
    const double each = !in_time && unit == 'W'   ? 604800
                        : !in_time && unit == 'D' ? 86400
                        : in_time && unit == 'H'  ? 3600
                        : in_time && unit == 'M'  ? 60
                        : in_time && unit == 'S'  ? 1
                                                  : 0;
    if (each == 0) return std::nullopt;
    seconds += number * each;
    has_part = true;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  }
  // More than any clock of ours can add.
  if (!has_part || seconds > 1e11) return std::nullopt;
  const Duration duration{std::llround(seconds * 1e6)};
  return is_negative ? -duration : duration;
}

}  // namespace leoflow
