#include "api/core/log_lines.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"

namespace leoflow::api {
namespace {

/// A log up to this size is shown whole; of a longer one, the beginning and the end.
constexpr std::uintmax_t kMostShown = 16 * 1024 * 1024;
constexpr std::uintmax_t kPart = 256 * 1024;
/// What a task writes is cut after 1 MB; escaped as JSON that may become six times as long.
constexpr std::uintmax_t kLongestLine = 8 * 1024 * 1024;

// Lines that are not JSON objects (a cut-off write, another writer) are shown as they are.
std::string repaired(std::string_view lines) {
  std::string out;
  out.reserve(lines.size());
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    if (line.empty()) continue;
    if (line.front() == '{' && line.back() == '}' && is_valid_utf8(line)) {
      out.append(line) += '\n';
    } else {
      out += message_line(to_valid_utf8(line));
    }
  }
  return out;
}

}  // namespace

std::string message_line(std::string_view event) {
  return json::serialize(json::object{{"event", event}}) + "\n";
}

std::uintmax_t LogLines::add_log(std::uintmax_t from, bool full) {
  LogSource& log = *source_;
  // A line still being written waits for the next time.
  const std::uintmax_t end = log.after_last_line(from, log.size());
  if (full || end - from <= kMostShown) {
    pieces_.push_back({"", from, end});
    return end;
  }
  const std::uintmax_t head = log.after_last_line(from, from + kMostShown / 2);
  const std::uintmax_t tail = log.after_first_line(end - kMostShown / 2, end);
  pieces_.push_back({"", from, head});
  pieces_.push_back(
      {message_line(fmt::format("... {} bytes of this log are not shown here; download it to see all ...",
                                tail - head)),
       tail, end});
  return end;
}

std::uintmax_t LogLines::size() const {
  std::uintmax_t size = 0;
  for (const Piece& piece : pieces_) size += piece.to - piece.from;
  return size;
}

std::optional<std::string> LogLines::next() {
  if (pieces_.empty()) return std::nullopt;
  Piece& piece = pieces_.front();
  std::string out = std::exchange(piece.text, "");
  try {
    if (piece.from < piece.to) out += read(piece);
  } catch (const LogUnreadable& error) {
    pieces_.clear();
    return out + message_line(fmt::format("... the rest of this log cannot be read: {}", error.what()));
  }
  if (piece.from >= piece.to) pieces_.pop_front();
  return out;
}

std::string LogLines::read(Piece& piece) {
  std::string text = source_->read(piece.from, std::min(kPart, piece.to - piece.from));
  std::size_t whole = text.rfind('\n') + 1;
  if (whole == 0) {
    text = source_->read(piece.from, std::min(kLongestLine, piece.to - piece.from));
    whole = text.find('\n') + 1;
  }
  if (whole > 0) {
    piece.from += whole;
    return repaired(std::string_view(text).substr(0, whole));
  }
  if (text.empty()) {  // the log has become shorter
    piece.from = piece.to;
    return "";
  }
  piece.from = source_->after_first_line(piece.from + text.size(), piece.to);
  return message_line(to_valid_utf8(text)) + message_line("... the rest of this line is not shown ...");
}

}  // namespace leoflow::api
