#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "dag/local_time.hpp"

namespace leoflow::dag {

/// A date and time as a text spells it: without an offset it belongs to no time zone yet.
struct SpelledTime {
  WallTime wall;
  std::optional<std::chrono::seconds> offset;
};

/// A format of Python's strptime and strftime, as far as partition keys use them:
/// %Y %m %d %H %M %S %f %y %j %z %% both ways, %V %G %u %U %W when it writes.
/// Source: CPython 3.11, Lib/_strptime.py.
class TimeFormat {
 public:
  /// Errors: unsupported, naming the first directive that is not one of those.
  static Result<TimeFormat> of(std::string format);

  /// Errors: invalid, in Python's words.
  Result<SpelledTime> parse(std::string_view text) const;
  std::string write(const SpelledTime& time) const;
  const std::string& text() const { return format_; }

 private:
  explicit TimeFormat(std::string format) : format_(std::move(format)) {}
  std::string format_;
};

}  // namespace leoflow::dag
