#pragma once

#include <string>
#include <string_view>

#include "agent/log_file.hpp"
#include "agent/masker.hpp"
#include "base/clock.hpp"

namespace leoflow::agent {

/// Cuts a byte stream into lines of bounded length.
class LineSplitter {
 public:
  static constexpr std::size_t kMaxLineBytes = 1 << 20;

  /// Calls `on_line(line, cut_bytes)` for each complete line: without its newline,
  /// at most kMaxLineBytes long; `cut_bytes` says how many bytes that left out.
  template <typename OnLine>
  void feed(std::string_view bytes, const OnLine& on_line) {
    while (true) {
      const std::size_t end = bytes.find('\n');
      keep(bytes.substr(0, end));
      if (end == std::string_view::npos) return;
      emit(on_line);
      bytes.remove_prefix(end + 1);
    }
  }
  /// The last line, if it has no newline.
  template <typename OnLine>
  void finish(const OnLine& on_line) {
    if (!line_.empty()) emit(on_line);
  }

 private:
  void keep(std::string_view part) {
    const std::size_t room = kMaxLineBytes - line_.size();
    line_.append(part.substr(0, room));
    cut_ += part.size() - std::min(part.size(), room);
  }
  template <typename OnLine>
  void emit(const OnLine& on_line) {
    on_line(std::string_view(line_), cut_);
    line_.clear();
    cut_ = 0;
  }

  std::string line_;
  std::size_t cut_ = 0;
};

/// What is said of a line that was cut; "" of one that was not.
std::string cut_note(std::size_t cut);

enum class OutputStream { out, error, log };

/// Turns what a task's process writes into its log: JSON lines in the form of
/// Airflow, valid UTF-8, secrets masked, in the order they are read.
class LogPump {
 public:
  explicit LogPump(LogFile file) : file_(std::move(file)) {}

  /// @param masker      knows the secrets from now on; must outlive the pump's use.
  /// @param not_before  earliest time of a line: a process that was forked ahead wrote
  ///                    some before its attempt began.
  void use(const Masker& masker, Time not_before) {
    masker_ = &masker;
    not_before_ = not_before;
  }

  void read(OutputStream stream, std::string_view bytes);
  /// A line of the agent's own.
  void note(std::string_view level, std::string_view event);
  /// Writes what is left of each stream, and what was lost.
  void finish();

 private:
  void add_plain(OutputStream stream, std::string_view line, std::size_t cut);
  void add_structured(std::string_view line, std::size_t cut);
  std::string clean(std::string_view bytes) const;
  void add(OutputStream stream, std::string_view line, std::size_t cut);

  LogFile file_;
  const Masker* masker_ = nullptr;
  Time not_before_{};
  LineSplitter splitters_[3];
};

}  // namespace leoflow::agent
