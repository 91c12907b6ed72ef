#include "objects/signature.hpp"

#include <gtest/gtest.h>

#include "base/time_text.hpp"

namespace leoflow::objects {
namespace {

// AWS's published examples: "Signature Calculations for the Authorization Header", single chunk.
const AwsKeys kKeys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
const Time kWhen = *parse_iso("2013-05-24T00:00:00Z");
constexpr const char* kHost = "examplebucket.s3.amazonaws.com";

TEST(SignatureTest, IsThatOfAwsForAPartOfAnObject) {
  Order order{.method = "GET", .host = kHost, .path = "/test.txt", .headers = {{"range", "bytes=0-9"}}};
  sign(order, kKeys, "us-east-1", kWhen);
  EXPECT_EQ(order.headers["authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(order.headers["x-amz-date"], "20130524T000000Z");
}

TEST(SignatureTest, IsThatOfAwsForAnObjectThatIsPut) {
  Order order{
      .method = "PUT",
      .host = kHost,
      .path = "/test%24file.text",
      .headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
      .body = "Welcome to Amazon S3."};
  sign(order, kKeys, "us-east-1", kWhen);
  EXPECT_TRUE(order.headers["authorization"].ends_with(
      "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,"
      "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"))
      << order.headers["authorization"];
}

TEST(SignatureTest, ATokenOfASessionIsSigned) {
  Order order{.method = "GET", .host = kHost, .path = "/a"};
  AwsKeys keys = kKeys;
  keys.session_token = "session";
  sign(order, keys, "us-east-1", kWhen);
  EXPECT_EQ(order.headers["x-amz-security-token"], "session");
  EXPECT_NE(order.headers["authorization"].find(";x-amz-security-token,"), std::string::npos);
}

}  // namespace
}  // namespace leoflow::objects
