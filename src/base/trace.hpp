#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"

/// Traces of OpenTelemetry, without how they leave the process.
namespace leoflow::trace {

/// Where in which trace something is.
struct Context {
  std::string trace_id;  ///< 32 hexadecimal digits
  std::string span_id;   ///< 16 of them
  bool sampled = false;  ///< whether anybody keeps the trace
  std::string state;     ///< W3C's tracestate

  /// W3C's header.
  std::string traceparent() const;
  /// Nothing if it is none.
  static std::optional<Context> parse(std::string_view traceparent);
};

/// Something that took time, and is over.
struct Span {
  enum class Kind : std::uint8_t { internal = 1, server = 2 };  ///< numbers of OTLP
  using Value = std::variant<std::string, std::int64_t>;

  Context context;
  std::string parent_id;  ///< "" for the root of a trace
  std::string name;
  Kind kind = Kind::internal;
  Time start;
  Time end;
  bool failed = false;
  std::vector<std::pair<std::string, Value>> attributes;
};

/// Which traces are kept, as OTEL_TRACES_SAMPLER says it.
struct Sampler {
  double ratio = 1;         ///< of new traces
  bool asks_parent = true;  ///< whoever began a trace has decided for all of it
};

/// Decides about traces and takes spans. Thread safe.
class Tracer {
 public:
  /// @param salt  secret of this install: what is derived from the same names elsewhere differs.
  Tracer(Sampler sampler, std::string salt) : sampler_(sampler), salt_(std::move(salt)) {}
  virtual ~Tracer() = default;
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// A new span, in the trace of whoever asks if there is one.
  Context continue_from(const std::optional<Context>& parent) const;
  /// The root of the trace of something that has a name: always the same, so nobody has to store it.
  Context root_of(std::string_view name) const;
  /// A span in the same trace, likewise.
  Context child_of(const Context& parent, std::string_view name) const;

  /// Never blocks; what is too much is dropped. Spans of traces that nobody keeps are not for here.
  virtual void add(Span span) = 0;

 private:
  bool samples(std::string_view trace_id) const;

  const Sampler sampler_;
  const std::string salt_;
};

}  // namespace leoflow::trace
