#include "dag/params.hpp"

#include <gtest/gtest.h>

namespace leoflow::dag {
namespace {

// As Airflow 3.3.2 serializes them.
const Params kParams = read_params(*parse_json(R"([
  ["count", {"default": {"__type": "arg_not_set", "__var": null}, "schema": {"__type": "dict", "__var": {"type": "integer", "minimum": 1}}}],
  ["colour", {"default": "red", "schema": {"__type": "dict", "__var": {"type": "string", "enum": ["red", "green"]}}}],
  ["tree", {"default": {"__type": "dict", "__var": {"a": [1]}}, "schema": {"__type": "dict", "__var": {"type": "object"}}}],
  ["day", {"default": "2026-01-01", "schema": {"__type": "dict", "__var": {"type": "string", "format": "date"}}}],
  ["time", {"default": "12:30:00", "schema": {"__type": "dict", "__var": {"type": ["string", "null"], "format": "time"}}}],
  ["moment", {"default": "2026-01-01T12:30:00+00:00", "schema": {"__type": "dict", "__var": {"type": "string", "format": "date-time"}}}],
  ["free", {"default": 3, "schema": {"__type": "dict", "__var": {}}}]
])"));

std::string refusal(std::string_view conf) {
  const auto checked = check_params(kParams, parse_json(conf)->as_object());
  return checked ? "" : checked.error().message;
}

TEST(Params, GoodValuesPassAndDefaultsCount) {
  EXPECT_EQ(refusal(R"({"count": 2})"), "");
  EXPECT_EQ(refusal(R"({"count": 2.0, "colour": "green", "tree": {"b": 1}, "free": "x", "further": [1]})"),
            "");
}

TEST(Params, OneWithoutDefaultMustBeGiven) {
  EXPECT_EQ(refusal("{}"), "Invalid input for param count: No value passed");
}

TEST(Params, ABadValueIsNamedWithItsParamAndItsSchema) {
  for (const char* conf :
       {R"({"count": "x"})", R"({"count": 0})", R"({"count": true})", R"({"count": 1.5})"}) {
    EXPECT_TRUE(refusal(conf).starts_with("Invalid input for param count: ")) << conf;
  }
  const std::string colour = refusal(R"({"count": 1, "colour": "blue"})");
  EXPECT_TRUE(
      colour.starts_with(R"(Invalid input for param colour: "blue" is refused by its schema {"type")"))
      << colour;
  EXPECT_NE(refusal(R"({"count": 1, "day": "tomorrow"})"), "");
  EXPECT_NE(refusal(R"({"count": 1, "time": "25:00:00"})"), "");
  EXPECT_NE(refusal(R"({"count": 1, "moment": "noon"})"), "");
  EXPECT_NE(refusal(R"({"count": 1, "tree": null})"), "");
}

TEST(Params, ASchemaThatIsNoneIsAnErrorAndNotACrash) {
  for (const char* schema : {R"({"type": 5})", R"({"$ref": "#/nowhere"})", R"({"pattern": "("})"}) {
    const Params params = {{"p", json::value("x"), *parse_json(schema)}};
    EXPECT_FALSE(check_params(params, {})) << schema;
  }
}

}  // namespace
}  // namespace leoflow::dag
