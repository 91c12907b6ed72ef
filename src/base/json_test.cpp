#include "base/json.hpp"

#include <gtest/gtest.h>

namespace leoflow {
namespace {

TEST(ParseJson, NumbersStayWhatTheyAre) {
  for (const double number : {110.00000000000001, 0.1, 1e23, 5e-324, 1.7976931348623157e308, -2.5}) {
    const json::value value = json::array{number};
    const auto again = parse_json(json::serialize(value));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->as_array()[0].as_double(), number);
  }
  EXPECT_EQ(parse_json("110.00000000000001")->as_double(), 110.00000000000001);
  EXPECT_EQ(parse_json("9223372036854775807")->as_int64(), INT64_MAX);
  EXPECT_EQ(parse_json("18446744073709551615")->as_uint64(), UINT64_MAX);
}

TEST(ParseJson, ReadsEveryKindOfValue) {
  const char* text = R"({"a":[1,-2,true,false,null,"x\n\u00e9"],"long":")"
                     "0123456789"
                     R"(","":{}})";
  const auto value = parse_json(text);
  ASSERT_TRUE(value);
  EXPECT_EQ(json::serialize(*value),
            "{\"a\":[1,-2,true,false,null,\"x\\n\u00e9\"],\"long\":\"0123456789\",\"\":{}}");
}

TEST(ParseJson, WhatIsNoDocumentIsAnErrorWithItsPlace) {
  for (const char* text : {"", "{", "[1,]", "1 2", "{\"a\":1}x", "\"open", "nul", "-"}) {
    const auto value = parse_json(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, ErrorCode::invalid);
    EXPECT_TRUE(value.error().message.starts_with("not JSON: ")) << value.error().message;
  }
  EXPECT_TRUE(parse_json(" [1] \n"));
  EXPECT_FALSE(parse_json(std::string(300, '[') + std::string(300, ']'))) << "too deep";
}

}  // namespace
}  // namespace leoflow
