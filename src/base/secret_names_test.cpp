#include "base/secret_names.hpp"

#include <gtest/gtest.h>

namespace leoflow {
namespace {

TEST(SecretNames, AreFoundInsideOthersAndHoweverTheyAreWritten) {
  for (const char* name : {"password", "MY_PASSWORD_2", "api-key", "Api Key", "x_dsn", "slack_webhook_url",
                           "connection_string", "http_proxy", "bearer", " token "})
    EXPECT_TRUE(is_sensitive_name(name)) << name;
  for (const char* name : {"", "host", "pass", "key", "login"}) EXPECT_FALSE(is_sensitive_name(name)) << name;
}

TEST(SecretNames, AreMoreIfSet) {
  const SecretNames names(" Badge-No, ,pin,");
  for (const char* name : {"my_badge_no", "BADGE NO", "pin_code", "password"})
    EXPECT_TRUE(names.contain(name)) << name;
  for (const char* name : {"", "badge", "host"}) EXPECT_FALSE(names.contain(name)) << name;
}

}  // namespace
}  // namespace leoflow
