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
  const auto names = read_secret_names([](const char* name) {
    return std::string_view(name).ends_with("SENSITIVE_VAR_CONN_NAMES") ? " Badge-No, ,pin," : std::string();
  });
  ASSERT_TRUE(names);
  for (const char* name : {"my_badge_no", "BADGE NO", "pin_code", "password"})
    EXPECT_TRUE(names->contain(name)) << name;
  for (const char* name : {"", "badge", "host"}) EXPECT_FALSE(names->contain(name)) << name;
}

TEST(SecretNames, CannotBeShown) {
  const auto names = read_secret_names([](const char* name) {
    return std::string_view(name).ends_with("HIDE_SENSITIVE_VAR_CONN_FIELDS") ? "False" : std::string();
  });
  ASSERT_FALSE(names);
  EXPECT_EQ(names.error().message,
            "AIRFLOW__CORE__HIDE_SENSITIVE_VAR_CONN_FIELDS=False is not possible: secrets are always hidden");
}

}  // namespace
}  // namespace leoflow
