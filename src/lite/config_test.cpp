#include "lite/config.hpp"

#include <filesystem>
#include <gtest/gtest.h>

#include "base/ids.hpp"

namespace leoflow::lite {
namespace {

namespace fs = std::filesystem;

TEST(LoadConfig, OneThatCannotBeReadIsNotTakenForNone) {
  const Home home(fs::temp_directory_path() / ("leoflow_config_" + random_hex(6)));
  EXPECT_EQ(load_config(home).error().code, ErrorCode::not_found);
  // Root reads every file, but no folder as one.
  fs::create_directories(home.config_file());
  const auto config = load_config(home);
  EXPECT_EQ(config.error().code, ErrorCode::unavailable) << "its keys would be lost to new ones";
  EXPECT_NE(config.error().message.find(home.config_file().string()), std::string::npos);
  fs::remove_all(home.root());
}

}  // namespace
}  // namespace leoflow::lite
