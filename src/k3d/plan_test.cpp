#include "k3d/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace leoflow::k3d {
namespace {

using testing::ElementsAre;

TEST(Plan, IsTakenStepByStepUntilOneFailsWhichIsNamed) {
  std::vector<std::string> told, taken;
  const auto step = [&](const std::string& what, const Result<void>& outcome) {
    return Step{what, [&taken, what, outcome](const Lines&) {
                  taken.push_back(what);
                  return outcome;
                }};
  };
  const Result<void> failure = fail(ErrorCode::unavailable, "no space left");
  const auto done = take(
      {step("make the cluster", {}), step("pull the image", failure), step("rest", {})},
      [&](std::string_view line) { told.emplace_back(line); }, [](std::string_view) {});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, ErrorCode::unavailable);
  EXPECT_EQ(done.error().message, "could not pull the image: no space left");
  EXPECT_THAT(taken, ElementsAre("make the cluster", "pull the image"));
  EXPECT_THAT(told, ElementsAre("make the cluster", "pull the image"));
}

TEST(Plan, NamesTheTaskImageAfterVersionAndPython) {
  EXPECT_THAT(task_image_of("3.12"), testing::MatchesRegex("leoflow/task:[0-9.]+.*-py3\\.12"));
}

}  // namespace
}  // namespace leoflow::k3d
