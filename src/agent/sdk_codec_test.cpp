#include "agent/sdk_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leoflow::agent {
namespace {

using ::testing::HasSubstr;

/// The literal with its zero bytes.
template <std::size_t N>
std::string bytes(const char (&literal)[N]) {
  return {literal, N - 1};
}

// Each of the byte strings below is what msgspec 0.19 writes for the value in the comment.

TEST(SdkCodec, RequestBecomesJson) {
  // [7, {"type": "GetVariable", "key": "k"}, {"traceparent": "t"}]
  const std::string payload =
      std::string("\x93\x07\x82\xa4type\xabGetVariable\xa3key\xa1k\x81\xabtraceparent\xa1t");
  const SdkRequestFrame request = decode_request(payload);
  EXPECT_EQ(request.error, "");
  EXPECT_EQ(request.id, 7);
  EXPECT_EQ(request.type, "GetVariable");
  EXPECT_EQ(json::serialize(request.body), R"({"type":"GetVariable","key":"k"})");
}

TEST(SdkCodec, TimestampsOfAllSizesBecomeText) {
  // [1, {"type": "T", "a": ext(-1, 4 bytes), "b": ext(-1, 8 bytes), "c": ext(-1, 12 bytes)}]
  const std::string payload = bytes(
      "\x92\x01\x84\xa4type\xa1T"
      "\xa1\x61\xd6\xff\x69\x56\x00\x00"
      "\xa1\x62\xd7\xff\x1d\xcd\x65\x00\x69\x56\x00\x00"
      "\xa1\x63\xc7\x0c\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff");
  const SdkRequestFrame request = decode_request(payload);
  ASSERT_EQ(request.error, "");
  EXPECT_EQ(get_text(request.body, "a"), "2026-01-01T05:02:56Z");
  EXPECT_EQ(get_text(request.body, "b"), "2026-01-01T05:02:56.125000Z");
  EXPECT_EQ(get_text(request.body, "c"), "1969-12-31T23:59:59Z");
}

TEST(SdkCodec, KeyThatIsNoTextIsAnErrorThatKeepsTheId) {
  // [9, {1: 2}]
  const SdkRequestFrame request = decode_request("\x92\x09\x81\x01\x02");
  EXPECT_EQ(request.id, 9);
  EXPECT_NE(request.error, "");
}

TEST(SdkCodec, BytesPassIfTheyAreText) {
  // [1, {"type": b"ab"}] and [1, {"type": b"\xff"}]
  EXPECT_EQ(decode_request(std::string("\x92\x01\x81\xa4type\xc4\x02"
                                       "ab"))
                .type,
            "ab");
  EXPECT_THAT(decode_request(std::string("\x92\x01\x81\xa4type\xc4\x01\xff")).error, HasSubstr("not text"));
}

TEST(SdkCodec, NumbersThatJsonDoesNotHaveAreAnErrorThatKeepsTheId) {
  // [5, {"type": "SetXCom", "value": nan}] and inf
  for (const auto& number :
       {bytes("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"), bytes("\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00")}) {
    const SdkRequestFrame request =
        decode_request(bytes("\x92\x05\x82\xa4type\xa7SetXCom\xa5value") + number);
    EXPECT_EQ(request.id, 5);
    EXPECT_THAT(request.error, HasSubstr("NaN or Infinity"));
  }
}

TEST(SdkCodec, RubbishIsAnError) {
  EXPECT_NE(decode_request("").error, "");
  EXPECT_NE(decode_request("\xc1").error, "");
  EXPECT_NE(decode_request("\x01").error, "");
  EXPECT_THAT(decode_request("\x92\x05\x80").error, HasSubstr("no type"));
}

TEST(SdkCodec, ResponseIsAnArrayOfThree) {
  EXPECT_EQ(encode_response(5, "", ""), std::string("\x93\x05\xc0\xc0"));
  EXPECT_EQ(encode_response(5, R"({"a":1})", ""), std::string("\x93\x05\x81\xa1"
                                                              "a\x01\xc0"));
}

TEST(SdkCodec, BrokenAnswerBecomesAnErrorInsteadOfSilence) {
  EXPECT_THAT(encode_response(5, "{", ""), HasSubstr("GENERIC_ERROR"));
}

}  // namespace
}  // namespace leoflow::agent
