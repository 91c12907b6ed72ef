#include "base/spawn.hpp"

#include <cstdlib>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.hpp"

namespace leoflow {
namespace {

class SpawnTest : public testing::Test {
 protected:
  SpawnTest() { ::close(::mkstemp(log_.data())); }
  ~SpawnTest() override { ::unlink(log_.c_str()); }

  /// What a shell script prints.
  std::string output_of(std::string script, SessionStart start = {}) {
    start.arguments = {"/bin/sh", "-c", std::move(script)};
    start.log_file = log_;
    const auto pid = start_session(std::move(start));
    EXPECT_TRUE(pid);
    ::waitpid(*pid, nullptr, 0);
    return read_file(log_).value_or("");
  }

  std::string log_ = "/tmp/leoflow-spawn-XXXXXX";
};

TEST_F(SpawnTest, AGivenVariableStandsInPlaceOfOurs) {
  ::setenv("LEOFLOW_SPAWN_TEST", "ours", 1);
  EXPECT_EQ(output_of("echo $LEOFLOW_SPAWN_TEST; env | grep -c ^LEOFLOW_SPAWN_TEST",
                      {.environment = {{"LEOFLOW_SPAWN_TEST", "given"}}}),
            "given\n1\n");
}

TEST_F(SpawnTest, BothOutputsGoToTheEndOfTheLog) {
  output_of("echo first");
  EXPECT_EQ(output_of("echo second; echo third >&2"), "first\nsecond\nthird\n");
}

TEST_F(SpawnTest, OnlyTheGivenDescriptorsArePassedOn) {
  const int ours = ::dup(0);
  EXPECT_EQ(output_of("ls /proc/self/fd | tr '\\n' ' '; cat"), "0 1 2 3 ") << "3 is the folder that ls reads";
  ::close(ours);
}

TEST_F(SpawnTest, ItLeadsASessionAndHearsItsSignals) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  EXPECT_EQ(output_of("[ $(cut -d' ' -f6 /proc/$$/stat) = $$ ] && echo leads; kill $$; echo deaf"), "leads\n");
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(SpawnTest, AProgramThatIsNotThereIsNamed) {
  const auto pid = start_session({.arguments = {"/no/such/program"}, .environment = {}, .log_file = log_});
  ASSERT_FALSE(pid);
  EXPECT_EQ(pid.error().message, "cannot start '/no/such/program': No such file or directory");
}

TEST_F(SpawnTest, TheStartOfAProcessIsKnownWhileItLives) {
  EXPECT_NE(start_ticks(::getpid()), "");
  EXPECT_EQ(start_ticks(::getpid()), start_ticks(::getpid()));
  EXPECT_EQ(start_ticks(1 << 30), "");
}

}  // namespace
}  // namespace leoflow
