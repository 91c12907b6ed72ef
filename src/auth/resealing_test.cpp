#include "auth/resealing.hpp"

#include <gtest/gtest.h>

#include "store/temporary_database.hpp"

namespace leoflow::auth {
namespace {

class ResealingTest : public ::testing::TestWithParam<store::Backend> {
 protected:
  void SetUp() override {
    if (!store::TemporaryDatabase::available(GetParam())) GTEST_SKIP() << "LEOFLOW_TEST_POSTGRES is not set";
    database_.emplace(GetParam());
    session_ = (*database_)->connect();
  }
  void put(const std::string& key, const std::string& sealed) {
    session_->execute("INSERT INTO variable (key, value, updated_at) VALUES ($1, $2, 0)", {key, sealed});
  }
  std::string sealed(const std::string& key) {
    return session_->query("SELECT value FROM variable WHERE key = $1", {key})[0].text(0);
  }

  std::optional<store::TemporaryDatabase> database_;
  std::unique_ptr<store::Session> session_;
  const Sealer old_{std::string(32, 'o')};
  const Sealer both_{std::string(32, 'n'), {std::string(32, 'o')}};
  const Sealer new_{std::string(32, 'n')};
};

TEST_P(ResealingTest, TheNewKeyAloneOpensEverythingAfterwards) {
  put("a", old_.seal("1"));
  put("b", both_.seal("2"));
  session_->execute(
      "INSERT INTO connection (conn_id, conn_type, password, extra, updated_at) VALUES ('c', 'http', $1, $2, "
      "0)",
      {old_.seal("3"), old_.seal("{}")});
  const Resealed first = reseal(*session_, both_);
  EXPECT_EQ(first.renewed, 3u);
  EXPECT_EQ(first.current, 1u);
  EXPECT_TRUE(first.unreadable.empty());
  EXPECT_EQ(new_.open(sealed("a")).value(), "1");
  EXPECT_EQ(new_.open(sealed("b")).value(), "2");
  const store::Rows rows = session_->query("SELECT password, extra FROM connection");
  EXPECT_EQ(new_.open(rows[0].text(0)).value(), "3");
  EXPECT_EQ(new_.open(rows[0].text(1)).value(), "{}");
  const Resealed again = reseal(*session_, both_);
  EXPECT_EQ(again.renewed, 0u);
  EXPECT_EQ(again.current, 4u);
}

TEST_P(ResealingTest, WhatNoKeyOpensIsNamedAndStays) {
  const std::string lost = Sealer(std::string(32, 'z')).seal("1");
  put("lost", lost);
  put("a", old_.seal("1"));
  const Resealed done = reseal(*session_, both_);
  EXPECT_EQ(done.renewed, 1u);
  EXPECT_EQ(done.unreadable, std::vector<std::string>{"variable 'lost'"});
  EXPECT_EQ(sealed("lost"), lost);
}

INSTANTIATE_TEST_SUITE_P(Backends, ResealingTest,
                         ::testing::Values(store::Backend::sqlite, store::Backend::postgres),
                         [](const auto& info) {
                           return info.param == store::Backend::sqlite ? "sqlite" : "postgres";
                         });

}  // namespace
}  // namespace leoflow::auth
