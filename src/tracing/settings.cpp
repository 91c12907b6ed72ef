#include "tracing/settings.hpp"

#include <charconv>
#include <fmt/format.h>

#include "base/text.hpp"

namespace leoflow::tracing {

namespace {

using Variable = std::function<std::string(const char*)>;

bool is_true(const std::string& text) {
  const std::string lower = to_lower(text);
  return lower == "true" || lower == "t" || lower == "1";
}

/// "a=b,c=d", with escapes as in URLs.
std::vector<std::pair<std::string, std::string>> read_pairs(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& part : split(text, ',')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos) continue;
    const std::string value(trim(std::string_view(part).substr(equals + 1)));
    out.emplace_back(trim(std::string_view(part).substr(0, equals)), url_decode(value).value_or(value));
  }
  return out;
}

template <typename Number>
Result<void> read_number(const Variable& variable, const char* name, Number least, Number& out) {
  const std::string text = variable(name);
  if (text.empty()) return {};
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least) {
    return fail(ErrorCode::invalid, fmt::format("{}={} is not a number of at least {}", name, text, least));
  }
  out = value;
  return {};
}

Result<void> read_milliseconds(const Variable& variable, const char* name, std::chrono::milliseconds& out) {
  std::int64_t count = out.count();
  auto read = read_number<std::int64_t>(variable, name, 1, count);
  out = std::chrono::milliseconds(count);
  return read;
}

/// "" if no variable names one.
std::string endpoint_of(const Variable& variable) {
  if (auto whole = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"); !whole.empty()) return whole;
  if (auto base = variable("OTEL_EXPORTER_OTLP_ENDPOINT"); !base.empty()) {
    while (base.ends_with('/')) base.pop_back();
    return base + "/v1/traces";
  }
  if (!is_true(variable("AIRFLOW__TRACES__OTEL_ON"))) return "";
  const auto or_else = [](std::string text, const char* otherwise) {
    return text.empty() ? otherwise : text;
  };
  return fmt::format("{}://{}:{}/v1/traces",
                     is_true(variable("AIRFLOW__TRACES__OTEL_SSL_ACTIVE")) ? "https" : "http",
                     or_else(variable("AIRFLOW__TRACES__OTEL_HOST"), "localhost"),
                     or_else(variable("AIRFLOW__TRACES__OTEL_PORT"), "8889"));
}

Result<void> read_endpoint(const std::string& endpoint, Settings& out) {
  constexpr std::string_view kScheme = "http://";
  if (endpoint.starts_with("https://")) {
    return fail(ErrorCode::unsupported,
                fmt::format("spans cannot be sent to '{}': HTTPS is not supported; use a"
                            " collector of this host or network",
                            endpoint));
  }
  if (!endpoint.starts_with(kScheme)) {
    return fail(ErrorCode::invalid,
                fmt::format("spans cannot be sent to '{}': not an http:// URL", endpoint));
  }
  const std::size_t slash = endpoint.find('/', kScheme.size());
  out.server = endpoint.substr(0, slash);
  out.target = slash == std::string::npos ? "/" : endpoint.substr(slash);
  return {};
}

void read_resource(const Variable& variable, Settings& out) {
  std::string service = variable("OTEL_SERVICE_NAME");
  for (auto& [name, value] : read_pairs(variable("OTEL_RESOURCE_ATTRIBUTES"))) {
    if (name != "service.name") {
      out.resource.emplace_back(name, value);
    } else if (service.empty()) {
      service = value;
    }
  }
  if (service.empty()) service = variable("AIRFLOW__TRACES__OTEL_SERVICE");
  out.resource.emplace_back("service.name", service.empty() ? "leoflow" : service);
}

Result<void> read_sampler(const Variable& variable, Settings& out) {
  std::string name = variable("OTEL_TRACES_SAMPLER");
  if (name.empty()) return {};
  constexpr std::string_view kParent = "parentbased_";
  out.sampler.asks_parent = name.starts_with(kParent);
  if (out.sampler.asks_parent) name.erase(0, kParent.size());
  if (name == "always_on") return {};
  if (name == "always_off") return out.sampler.ratio = 0, Result<void>{};
  if (name == "traceidratio") return read_number(variable, "OTEL_TRACES_SAMPLER_ARG", 0.0, out.sampler.ratio);
  return fail(
      ErrorCode::invalid,
      fmt::format("OTEL_TRACES_SAMPLER={} is none of always_on, always_off and traceidratio, with or without"
                  " parentbased_",
                  variable("OTEL_TRACES_SAMPLER")));
}

}  // namespace

Result<std::optional<Settings>> read_settings(const std::function<std::string(const char*)>& variable) {
  const std::string endpoint = endpoint_of(variable);
  if (endpoint.empty() || is_true(variable("OTEL_SDK_DISABLED")) ||
      variable("OTEL_TRACES_EXPORTER") == "none") {
    return std::nullopt;
  }
  const auto first_of = [&](const char* special, const char* general) {
    std::string text = variable(special);
    return text.empty() ? variable(general) : text;
  };
  if (first_of("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc") {
    return fail(ErrorCode::unsupported, "spans are sent by HTTP only: OTEL_EXPORTER_OTLP_PROTOCOL=grpc");
  }
  Settings out;
  out.headers = read_pairs(first_of("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"));
  read_resource(variable, out);
  const char* timeout = variable("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT").empty()
                            ? "OTEL_EXPORTER_OTLP_TIMEOUT"
                            : "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT";
  for (const auto& read :
       {read_endpoint(endpoint, out), read_sampler(variable, out),
        read_milliseconds(variable, timeout, out.timeout),
        read_milliseconds(variable, "OTEL_BSP_SCHEDULE_DELAY", out.delay),
        read_number<std::size_t>(variable, "OTEL_BSP_MAX_QUEUE_SIZE", 1, out.most_queued),
        read_number<std::size_t>(variable, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, out.batch)}) {
    if (!read) return std::unexpected(read.error());
  }
  return out;
}

}  // namespace leoflow::tracing
