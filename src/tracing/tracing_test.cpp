#include <gtest/gtest.h>
#include <map>

#include "base/json.hpp"
#include "tracing/exporter.hpp"
#include "tracing/settings.hpp"

namespace leoflow::tracing {
namespace {

using Environment = std::map<std::string, std::string>;

Result<std::optional<Settings>> read(const Environment& environment) {
  return read_settings([&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  });
}

trace::Span span_named(std::string name) {
  trace::Span span;
  span.context = {std::string(32, 'a'), std::string(16, 'b'), true, ""};
  span.name = std::move(name);
  span.start = from_micros(1);
  span.end = from_micros(2);
  return span;
}

TEST(TracingSettings, NothingIsOnUnlessItIsAskedFor) {
  EXPECT_FALSE(*read({}));
  EXPECT_FALSE(*read({{"AIRFLOW__TRACES__OTEL_ON", "False"}, {"AIRFLOW__TRACES__OTEL_HOST", "h"}}));
  const Environment on{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/"}};
  EXPECT_TRUE(*read(on));
  for (const auto& [name, value] :
       Environment{{"OTEL_SDK_DISABLED", "true"}, {"OTEL_TRACES_EXPORTER", "none"}}) {
    Environment off = on;
    off[name] = value;
    EXPECT_FALSE(*read(off)) << name;
  }
}

TEST(TracingSettings, TheEndpointIsThatOfTheStandardOrOfAirflow) {
  const auto general = **read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/base/"}});
  EXPECT_EQ(general.server + general.target, "http://c:4318/base/v1/traces");
  const auto special = **read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"},
                               {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://d:1/x"}});
  EXPECT_EQ(special.server + special.target, "http://d:1/x");
  const auto airflow =
      **read({{"AIRFLOW__TRACES__OTEL_ON", "True"}, {"AIRFLOW__TRACES__OTEL_SERVICE", "mine"}});
  EXPECT_EQ(airflow.server + airflow.target, "http://localhost:8889/v1/traces");
  EXPECT_EQ(airflow.resource.back().second, "mine");
}

TEST(TracingSettings, WhatCannotBeIsNamed) {
  const std::string endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
  EXPECT_EQ(read({{endpoint, "https://c"}}).error().code, ErrorCode::unsupported);
  EXPECT_EQ(read({{endpoint, "c:4318"}}).error().code, ErrorCode::invalid);
  EXPECT_EQ(read({{endpoint, "http://c"}, {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}).error().code,
            ErrorCode::unsupported);
  EXPECT_NE(read({{endpoint, "http://c"}, {"OTEL_TRACES_SAMPLER", "dice"}}).error().message.find("dice"),
            std::string::npos);
  EXPECT_NE(
      read({{endpoint, "http://c"}, {"OTEL_BSP_MAX_QUEUE_SIZE", "0"}}).error().message.find("QUEUE_SIZE=0"),
      std::string::npos);
}

TEST(TracingSettings, SamplersAreTheStandardOnes) {
  const auto sampler = [](const std::string& name, const std::string& argument) {
    return (**read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"},
                    {"OTEL_TRACES_SAMPLER", name},
                    {"OTEL_TRACES_SAMPLER_ARG", argument}}))
        .sampler;
  };
  EXPECT_EQ(sampler("always_off", "").ratio, 0);
  EXPECT_EQ(sampler("parentbased_traceidratio", "0.25").ratio, 0.25);
  EXPECT_TRUE(sampler("parentbased_traceidratio", "0.25").asks_parent);
  EXPECT_FALSE(sampler("traceidratio", "0.5").asks_parent);
}

TEST(TracingExporter, SpansAreOtlp) {
  Settings settings;
  settings.resource = {{"service.name", "leoflow"}};
  trace::Span span = span_named("works");
  span.parent_id = std::string(16, 'c');
  span.attributes = {{"text", std::string("t")}, {"number", std::int64_t{7}}};
  EXPECT_EQ(
      to_otlp(settings, {span}),
      R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"leoflow"}}]},)"
      R"("scopeSpans":[{"scope":{"name":"leoflow"},"spans":[{"traceId":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",)"
      R"("spanId":"bbbbbbbbbbbbbbbb","name":"works","kind":1,"startTimeUnixNano":"1000",)"
      R"("endTimeUnixNano":"2000","attributes":[{"key":"text","value":{"stringValue":"t"}},)"
      R"({"key":"number","value":{"intValue":"7"}}],"status":{"code":1},"parentSpanId":"cccccccccccccccc"}]}]}]})");
}

TEST(TracingExporter, TooManySpansAndThoseThatNobodyTakesAreCounted) {
  Settings settings;
  settings.server = "http://127.0.0.1:1";  // nobody listens there
  settings.delay = std::chrono::hours(1);
  settings.most_queued = 3;
  settings.batch = 10;
  Exporter exporter(settings, "salt");
  for (int i = 0; i < 100; ++i) exporter.add(span_named("x"));
  exporter.stop();
  exporter.add(span_named("late"));
  EXPECT_EQ(exporter.metrics().exported.value(), 0U);
  EXPECT_GE(exporter.metrics().refused.value(), 3U);
  EXPECT_EQ(exporter.metrics().refused.value() + exporter.metrics().too_many.value(), 101U);
}

}  // namespace
}  // namespace leoflow::tracing
