#include "engine/run_ids.hpp"

#include <gtest/gtest.h>

namespace leoflow::engine {
namespace {

std::string refusal_of(const std::string& run_id) {
  const auto checked = check_run_id(run_id);
  return checked ? "" : checked.error().message;
}

TEST(RunIds, AreThoseThatAirflowTakes) {
  EXPECT_EQ(refusal_of("manual__2026-01-01T00:00:00+00:00_a~b.c"), "");
  EXPECT_NE(refusal_of("a/b").find("regex"), std::string::npos);
  EXPECT_NE(refusal_of("a b").find("regex"), std::string::npos);
  EXPECT_NE(refusal_of("a..b").find("path traversal"), std::string::npos);
}

TEST(RunIds, AreNoLongerThanTheNameOfAFolder) {
  EXPECT_EQ(refusal_of(std::string(248, 'r')), "");
  EXPECT_NE(refusal_of(std::string(249, 'r')).find("249 characters, at most 248"), std::string::npos);
  EXPECT_LT(refusal_of(std::string(1'000'000, 'r')).size(), 200U);
}

TEST(RunIds, KeysOfPartitionsHaveTheLengthOfAirflows) {
  EXPECT_TRUE(check_partition_length(std::string(250, 'p')));
  EXPECT_FALSE(check_partition_length(std::string(251, 'p')));
}

}  // namespace
}  // namespace leoflow::engine
