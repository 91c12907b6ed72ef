#include "api/core/trusted_proxies.hpp"

#include <gtest/gtest.h>

namespace leoflow::api {
namespace {

std::string client(std::string_view trusted, const std::string& peer, const std::vector<std::string>& said) {
  http::Request request;
  request.remote_address = peer;
  for (const std::string& text : said) request.headers.emplace("x-forwarded-for", text);
  return TrustedProxies::parse(trusted).value().client_of(request);
}

TEST(TrustedProxies, WhatAnybodySaysIsNotBelieved) {
  EXPECT_EQ(client("", "10.0.0.1", {"8.8.8.8"}), "10.0.0.1");
  EXPECT_EQ(client("10.1.0.0/16", "10.0.0.1", {"8.8.8.8"}), "10.0.0.1");
  EXPECT_EQ(client("::1", "10.0.0.1", {"8.8.8.8"}), "10.0.0.1");
}

TEST(TrustedProxies, TheLastOnTheWayThatIsNoProxyIsTheClient) {
  EXPECT_EQ(client("10.0.0.0/8", "10.0.0.1", {"8.8.8.8"}), "8.8.8.8");
  EXPECT_EQ(client("10.0.0.0/8", "10.0.0.1", {"1.1.1.1, 8.8.8.8, 10.2.3.4"}), "8.8.8.8")
      << "the client itself may have said the first";
  EXPECT_EQ(client("10.0.0.0/8", "10.0.0.1", {"8.8.8.8", "10.2.3.4"}), "8.8.8.8");
  EXPECT_EQ(client("10.0.0.1", "::ffff:10.0.0.1", {"2001:db8::1"}), "2001:db8::1");
  EXPECT_EQ(client("2001:db8::/32", "2001:db8:1::2", {"8.8.8.8"}), "8.8.8.8");
  EXPECT_EQ(client("*", "10.0.0.1", {"1.1.1.1, 8.8.8.8"}), "1.1.1.1");
}

TEST(TrustedProxies, WhatIsNoAddressEndsTheWay) {
  EXPECT_EQ(client("10.0.0.0/8", "10.0.0.1", {}), "10.0.0.1");
  EXPECT_EQ(client("10.0.0.0/8", "10.0.0.1", {"unknown"}), "10.0.0.1");
  EXPECT_EQ(client("10.0.0.0/8", "10.0.0.1", {"8.8.8.8, unknown, 10.0.0.2"}), "10.0.0.2");
  EXPECT_EQ(client("10.0.0.0/8", "", {"8.8.8.8"}), "");
}

TEST(TrustedProxies, WhatIsNeitherAddressNorNetworkIsNamed) {
  for (const char* text : {"proxy.example", "10.0.0.0/33", "10.0.0", "::1/129", "10.0.0.1,x"}) {
    const auto parsed = TrustedProxies::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().message.find("is neither an address nor a network"), std::string::npos);
  }
}

}  // namespace
}  // namespace leoflow::api
