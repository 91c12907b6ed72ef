#include "k3d/live_launcher.hpp"

#include <future>
#include <gtest/gtest.h>

#include "engine/remembering_runner.hpp"
#include "fleet/fake_agents.hpp"
#include "fleet/one_task.hpp"
#include "store/temporary_database.hpp"

namespace leoflow::k3d {
namespace {

using Told = std::function<void(Result<std::string>)>;

/// Leaves it to the test when an image is made.
class SlowImages final : public ImageSource {
 public:
  explicit SlowImages(Told& then) : then_(then) {}
  void image_of(const std::string&, Told then) override { then_ = std::move(then); }

 private:
  Told& then_;
};

/// One attempt, whose image is being made.
class LiveLauncherTest : public ::testing::Test {
 protected:
  LiveLauncherTest() {
    engine_.start();
    fleet::run_one_task(engine_);
    spec_ = runner_.started.get_future().get();
    launcher_.launch(spec_);
  }
  bool is_over() {
    std::promise<bool> told;
    engine_.standing_of(spec_.id, [&](const auto& standing) { told.set_value(standing.is_over); });
    return told.get_future().get();
  }

  SystemClock clock_;
  store::TemporaryDatabase database_{store::Backend::sqlite};
  engine::RememberingRunner runner_;
  engine::Engine engine_{*database_, clock_, runner_, [](const std::string&, const std::string&) {}};
  fleet::LogKeeper logs_{*database_, "/nowhere"};
  fleet::fakes::FakeLauncher pods_;
  engine::AttemptSpec spec_;
  Told have_image_;
  LiveLauncher launcher_{std::make_unique<SlowImages>(have_image_), pods_, engine_, logs_};
};

TEST_F(LiveLauncherTest, OneThatIsClearedWhileItsImageIsMadeIsOver) {
  ASSERT_TRUE(engine_.clear_tasks({"d", {{"r", "t", -1}}, true, {}, {}}));
  EXPECT_FALSE(is_over()) << "its end is waited for";
  launcher_.recall(spec_.id);
  EXPECT_TRUE(is_over());
  EXPECT_TRUE(pods_.recalled().empty()) << "it has no pod";
}

TEST_F(LiveLauncherTest, OneWhoseImageIsThereIsTakenBackFromItsPod) {
  have_image_(std::string("i"));
  EXPECT_EQ(pods_.next_attempt(), spec_.id);
  launcher_.recall(spec_.id);
  EXPECT_EQ(pods_.recalled(), std::vector{spec_.id});
  EXPECT_FALSE(is_over()) << "its pod has not ended";
}

}  // namespace
}  // namespace leoflow::k3d
