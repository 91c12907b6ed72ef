#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/trace.hpp"

namespace leoflow::tracing {

/// Where spans go, and how.
struct Settings {
  std::string server;  ///< http://host:port
  std::string target = "/v1/traces";
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::pair<std::string, std::string>> resource;  ///< its attributes
  trace::Sampler sampler;
  std::chrono::milliseconds timeout{10'000};
  std::chrono::milliseconds delay{5'000};  ///< between two exports
  std::size_t most_queued = 2048;          ///< spans; more are dropped
  std::size_t batch = 512;
};

/// The standard variables of OpenTelemetry, and Airflow's [traces] otel_on, otel_host, otel_port and
/// otel_service.
/// @param variable  the environment: "" for what is not set.
/// @returns nothing if nobody wants traces.
/// Errors: invalid (naming the variable), unsupported (HTTPS, gRPC).
Result<std::optional<Settings>> read_settings(const std::function<std::string(const char*)>& variable);

}  // namespace leoflow::tracing
