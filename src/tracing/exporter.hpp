#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/metrics.hpp"
#include "base/trace.hpp"
#include "tracing/settings.hpp"

namespace leoflow::tracing {

struct ExporterMetrics {
  metrics::Counter exported;
  metrics::Counter too_many;  ///< dropped: the queue was full
  metrics::Counter refused;   ///< dropped: the collector did not take them
};

/// Sends spans to a collector, OTLP over HTTP as JSON, in batches on a thread of its own. The queue is
/// bounded and what the collector does not take is gone: tracing never holds up what is traced.
class Exporter final : public trace::Tracer {
 public:
  Exporter(Settings settings, std::string salt);
  ~Exporter() override;

  void add(trace::Span span) override;
  /// Sends what is left, once. Safe to call twice.
  void stop();

  const ExporterMetrics& metrics() const { return metrics_; }

 private:
  void run();
  void send(const std::vector<trace::Span>& spans);

  const Settings settings_;
  ExporterMetrics metrics_;
  bool was_refused_ = false;  ///< the last time; only touched by the thread

  // protected by mutex_
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<trace::Span> queue_;
  bool stopping_ = false;

  std::thread thread_;
};

/// The body of an export.
std::string to_otlp(const Settings& settings, const std::vector<trace::Span>& spans);

}  // namespace leoflow::tracing
