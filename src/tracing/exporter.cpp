#include "tracing/exporter.hpp"

#include <algorithm>
#include <iterator>

#include "base/json.hpp"
#include "base/log.hpp"
#include "http/client.hpp"

namespace leoflow::tracing {

namespace {

json::object attribute(std::string_view name, const trace::Span::Value& value) {
  json::object out{{"key", name}};
  if (const auto* text = std::get_if<std::string>(&value)) {
    out["value"] = json::object{{"stringValue", *text}};
  } else {
    // 64 bits are text in the JSON of protocol buffers.
    out["value"] = json::object{{"intValue", std::to_string(std::get<std::int64_t>(value))}};
  }
  return out;
}

std::string nanoseconds(Time time) {
  return std::to_string(to_micros(time)) + "000";
}

json::object span_json(const trace::Span& span) {
  constexpr int kOk = 1;
  constexpr int kError = 2;
  json::array attributes;
  for (const auto& [name, value] : span.attributes) attributes.push_back(attribute(name, value));
  json::object out{{"traceId", span.context.trace_id},
                   {"spanId", span.context.span_id},
                   {"name", span.name},
                   {"kind", static_cast<int>(span.kind)},
                   {"startTimeUnixNano", nanoseconds(span.start)},
                   {"endTimeUnixNano", nanoseconds(span.end)},
                   {"attributes", std::move(attributes)},
                   {"status", json::object{{"code", span.failed ? kError : kOk}}}};
  if (!span.parent_id.empty()) out["parentSpanId"] = span.parent_id;
  if (!span.context.state.empty()) out["traceState"] = span.context.state;
  return out;
}

}  // namespace

std::string to_otlp(const Settings& settings, const std::vector<trace::Span>& spans) {
  json::array resource;
  for (const auto& [name, value] : settings.resource) resource.push_back(attribute(name, value));
  json::array list;
  for (const trace::Span& span : spans) list.push_back(span_json(span));
  json::object scope{{"scope", json::object{{"name", "leoflow"}}}, {"spans", std::move(list)}};
  json::object of_resource{{"resource", json::object{{"attributes", std::move(resource)}}},
                           {"scopeSpans", json::array{std::move(scope)}}};
  return json::serialize(json::object{{"resourceSpans", json::array{std::move(of_resource)}}});
}

Exporter::Exporter(Settings settings, std::string salt)
    : Tracer(settings.sampler, std::move(salt)), settings_(std::move(settings)), thread_([this] { run(); }) {}

Exporter::~Exporter() {
  stop();
}

void Exporter::add(trace::Span span) {
  bool is_full_batch = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= settings_.most_queued) return metrics_.too_many.add();
    queue_.push_back(std::move(span));
    is_full_batch = queue_.size() == std::min(settings_.batch, settings_.most_queued);
  }
  if (is_full_batch) changed_.notify_one();
}

void Exporter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Exporter::run() {
  std::unique_lock lock(mutex_);
  const std::size_t full = std::min(settings_.batch, settings_.most_queued);
  while (!stopping_ || !queue_.empty()) {
    changed_.wait_for(lock, settings_.delay, [&] { return stopping_ || queue_.size() >= full; });
    if (queue_.empty()) continue;
    std::vector<trace::Span> spans;
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(settings_.batch, queue_.size()));
    std::move(queue_.begin(), end, std::back_inserter(spans));
    queue_.erase(queue_.begin(), end);
    lock.unlock();
    send(spans);
    lock.lock();
    // A collector that is away must not hold up the end either.
    if (stopping_ && was_refused_) {
      metrics_.refused.add(queue_.size());
      queue_.clear();
    }
  }
}

void Exporter::send(const std::vector<trace::Span>& spans) {
  http::Client client(settings_.server, {.limit = settings_.timeout});
  for (const auto& [name, value] : settings_.headers) client.use_header(name, value);
  const auto answer = client.send("POST", settings_.target, to_otlp(settings_, spans));
  const bool taken = answer && answer->status / 100 == 2;
  (taken ? metrics_.exported : metrics_.refused).add(spans.size());
  // Once, not for each batch.
  if (!taken && !was_refused_) {
    log::warning("the collector of traces takes no spans: {}",
                 answer ? "status " + std::to_string(answer->status) : answer.error().message);
  }
  was_refused_ = !taken;
}

}  // namespace leoflow::tracing
