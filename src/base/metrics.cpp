#include "base/metrics.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace leoflow::metrics {

namespace {

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

void Histogram::observe(std::chrono::nanoseconds took) {
  const double seconds = std::chrono::duration<double>(took).count();
  const auto bucket = std::ranges::lower_bound(*bounds_, seconds) - bounds_->begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(took.count(), std::memory_order_relaxed);
}

bool Histogram::is_empty() const {
  return std::ranges::all_of(counts_, [](const auto& count) { return count == 0; });
}

void Page::family(std::string_view name, std::string_view type, std::string_view help) {
  family_ = name;
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void Page::sample(double value, Labels labels) {
  line("", labels, "", value);
}

void Page::sample(const Histogram& histogram, Labels labels) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < Histogram::kBounds; ++i) {
    total += histogram.count(i);
    line("_bucket", labels, fmt::format("{}", histogram.bounds()[i]), static_cast<double>(total));
  }
  total += histogram.count(Histogram::kBounds);
  line("_bucket", labels, "+Inf", static_cast<double>(total));
  line("_sum", labels, "", histogram.sum());
  line("_count", labels, "", static_cast<double>(total));
}

void Page::line(std::string_view suffix, Labels labels, std::string_view bound, double value) {
  text_.append(family_).append(suffix);
  char before = '{';
  const auto label = [&](std::string_view name, std::string_view text) {
    text_ += fmt::format("{}{}=\"{}\"", before, name, escaped(text));
    before = ',';
  };
  for (const auto& [name, text] : labels) label(name, text);
  if (!bound.empty()) label("le", bound);
  if (before == ',') text_ += '}';
  text_ += fmt::format(" {}\n", value);
}

}  // namespace leoflow::metrics
