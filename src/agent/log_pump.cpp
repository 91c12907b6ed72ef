#include "agent/log_pump.hpp"

#include <fmt/core.h>

#include "base/text.hpp"
#include "base/time_text.hpp"

namespace leoflow::agent {
namespace {

/// The level under which structlog's names are written; "" for names it does not know.
std::string_view normal_level(const std::string& name) {
  if (name == "warn" || name == "warning") return "warning";
  if (name == "exception" || name == "error") return "error";
  if (name == "fatal" || name == "critical") return "critical";
  if (name == "info") return "info";
  return name == "debug" ? "debug" : "";
}

}  // namespace

std::string cut_note(std::size_t cut) {
  return cut == 0 ? "" : fmt::format(" [cut: {} more bytes]", cut);
}

void LogPump::read(OutputStream stream, std::string_view bytes) {
  splitters_[static_cast<int>(stream)].feed(
      bytes, [&](std::string_view line, std::size_t cut) { add(stream, line, cut); });
  file_.flush();
}

void LogPump::note(std::string_view level, std::string_view event) {
  file_.append(log_line(level, "leoflow.agent", clean(event)));
  file_.flush();
}

std::string LogPump::clean(std::string_view bytes) const {
  std::string text = to_valid_utf8(bytes);
  return masker_ ? masker_->mask(text) : text;
}

void LogPump::finish() {
  for (const OutputStream stream : {OutputStream::out, OutputStream::error, OutputStream::log}) {
    splitters_[static_cast<int>(stream)].finish(
        [&](std::string_view line, std::size_t cut) { add(stream, line, cut); });
  }
  file_.finish();
}

void LogPump::add(OutputStream stream, std::string_view line, std::size_t cut) {
  if (stream == OutputStream::log) {
    add_structured(line, cut);
  } else {
    add_plain(stream, line, cut);
  }
}

void LogPump::add_plain(OutputStream stream, std::string_view line, std::size_t cut) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
    line.remove_suffix(1);
  const bool is_error = stream == OutputStream::error;
  file_.append(log_line(is_error ? "error" : "info", is_error ? "task.stderr" : "task.stdout",
                        clean(line) + cut_note(cut)));
}

void LogPump::add_structured(std::string_view line, std::size_t cut) {
  Result<json::value> parsed = fail(ErrorCode::invalid, "cut");
  if (cut == 0) parsed = parse_json(line);
  if (!parsed || !parsed->is_object()) {
    // Whatever it is, it is better shown than dropped.
    file_.append(log_line("warning", "task.log", clean(line) + cut_note(cut)));
    return;
  }
  const std::string_view level = normal_level(to_lower(get_text(*parsed, "level")));
  if (level.empty()) return;  // below every level, as in Airflow
  const auto time = parse_iso(get_text(*parsed, "timestamp"), /*assume_utc=*/true);
  json::object& event = parsed->get_object();
  json::object normal{{"timestamp", to_iso_z(std::max(time.value_or(SystemClock().now()), not_before_))},
                      {"level", level},
                      {"event", event["event"].is_null() ? json::value("") : event["event"]}};
  for (auto& [key, value] : event) {
    if (key == "timestamp" || key == "level" || key == "event") continue;
    if (key == "exception") {
      if (!value.is_null()) normal["error_detail"] = std::move(value);
    } else {
      normal[key] = std::move(value);
    }
  }
  json::value masked = std::move(normal);
  if (masker_) masker_->mask(masked);
  file_.append(json::serialize(masked));
}

}  // namespace leoflow::agent
