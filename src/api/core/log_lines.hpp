#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/core/log_source.hpp"

namespace leoflow::api {

/// A line of a log that says nothing but this.
std::string message_line(std::string_view event);

/// What is shown of a log, as lines that are JSON objects, a part at a time. Between two parts it holds
/// little of it, so a reader may be as slow as it likes.
class LogLines {
 public:
  explicit LogLines(std::shared_ptr<LogSource> source) : source_(std::move(source)) {}

  /// Lines that are not in the log; whole ones.
  void add_text(std::string lines) { pieces_.push_back({std::move(lines), 0, 0}); }
  /// The log's lines from `from` on that are complete by now. Of more than can be shown at once the middle
  /// is left out, unless it is wanted in full; where it was says so.
  /// @returns where the lines of the next time begin. Throws LogUnreadable.
  std::uintmax_t add_log(std::uintmax_t from, bool full);

  /// How many bytes of the log are to come.
  std::uintmax_t size() const;

  /// The next lines, some 100 KB of them, each with its newline; may be "". Nothing: that was all.
  /// A line of more than 8 MB is cut, and says so; so is a log of which the rest cannot be read.
  std::optional<std::string> next();

 private:
  /// Lines, and then those of this part of the log.
  struct Piece {
    std::string text;
    std::uintmax_t from;
    std::uintmax_t to;
  };
  std::string read(Piece& piece);

  std::shared_ptr<LogSource> source_;
  std::deque<Piece> pieces_;
};

}  // namespace leoflow::api
