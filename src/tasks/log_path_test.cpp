#include "tasks/log_path.hpp"

#include <filesystem>
#include <gtest/gtest.h>

namespace leoflow::tasks {
namespace {

TEST(LogPath, IsAsInAirflow) {
  EXPECT_EQ(relative_log_path("sales", "manual__1", "load", -1, 2),
            "dag_id=sales/run_id=manual__1/task_id=load/attempt=2.log");
  EXPECT_EQ(relative_log_path("sales", "manual__1", "load", 7, 1),
            "dag_id=sales/run_id=manual__1/task_id=load/map_index=7/attempt=1.log");
}

TEST(LogPath, IdsThatAreTooLongForANameOfAFileAreCutAndStayDifferent) {
  const std::string one(250, 'a');
  std::string other = one;
  other.back() = 'b';
  const std::string path = relative_log_path(one, "r", other, -1, 1);
  for (const auto& part : std::filesystem::path(path)) EXPECT_LE(part.string().size(), 255U);
  EXPECT_NE(relative_log_path(one, "r", "t", -1, 1), relative_log_path(other, "r", "t", -1, 1));
}

TEST(LogPath, NoCharacterIsCutInTwo) {
  std::string id;
  while (id.size() < 250) id += "\u00e9";
  const std::string name =
      std::filesystem::path(relative_log_path("a" + id, "r", "t", -1, 1)).begin()->string();
  const std::size_t mark = name.find('~');
  ASSERT_NE(mark, std::string::npos);
  EXPECT_EQ((mark - std::string_view("dag_id=a").size()) % 2, 0U);
}

}  // namespace
}  // namespace leoflow::tasks
