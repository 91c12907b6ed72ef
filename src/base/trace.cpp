#include "base/trace.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/ids.hpp"
#include "base/text.hpp"

namespace leoflow::trace {

namespace {

constexpr std::size_t kTraceDigits = 32;
constexpr std::size_t kSpanDigits = 16;

/// Lower case, and not zeros alone.
bool is_id(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos &&
         text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

std::string Context::traceparent() const {
  return fmt::format("00-{}-{}-{}", trace_id, span_id, sampled ? "01" : "00");
}

std::optional<Context> Context::parse(std::string_view traceparent) {
  const auto parts = split(traceparent, '-');
  // Later versions may append parts.
  if (parts.size() < 4 || parts[0].size() != 2 || parts[0] == "ff" || parts[3].size() != 2 ||
      (parts[0] == "00" && parts.size() != 4)) {
    return std::nullopt;
  }
  const int flags = hex_digit(parts[3][1]);
  if (!is_id(parts[1], kTraceDigits) || !is_id(parts[2], kSpanDigits) || flags < 0) return std::nullopt;
  return Context{parts[1], parts[2], (flags & 1) != 0, ""};
}

Context Tracer::continue_from(const std::optional<Context>& parent) const {
  Context out{parent ? parent->trace_id : random_hex(kTraceDigits / 2), random_hex(kSpanDigits / 2), false,
              parent ? parent->state : ""};
  out.sampled = parent && sampler_.asks_parent ? parent->sampled : samples(out.trace_id);
  return out;
}

Context Tracer::root_of(std::string_view name) const {
  const std::string digest = sha256_hex(fmt::format("{}\n{}", salt_, name));
  Context out{digest.substr(0, kTraceDigits), digest.substr(kTraceDigits, kSpanDigits), false, ""};
  out.sampled = samples(out.trace_id);
  return out;
}

Context Tracer::child_of(const Context& parent, std::string_view name) const {
  return {parent.trace_id, sha256_hex(fmt::format("{}\n{}", salt_, name)).substr(0, kSpanDigits),
          parent.sampled, parent.state};
}

bool Tracer::samples(std::string_view trace_id) const {
  // As OpenTelemetry's TraceIdRatioBased: others that see the trace decide alike.
  std::uint64_t low = 0;
  const std::string_view digits = trace_id.substr(kTraceDigits - kSpanDigits);
  std::from_chars(digits.data(), digits.data() + digits.size(), low, 16);
  return sampler_.ratio >= 1 || static_cast<double>(low) < sampler_.ratio * 18446744073709551616.0;
}

}  // namespace leoflow::trace
