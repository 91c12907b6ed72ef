#include "executor/host/host_agent.hpp"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <signal.h>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "executor/kubernetes/fake_api.hpp"

namespace leoflow::executor {
namespace {

using fakes::eventually;

/// A program that only waits stands for the agent.
class HostAgentTest : public ::testing::Test {
 protected:
  HostAgentTest() {
    std::filesystem::create_directories(folder_);
    make_program();
  }
  ~HostAgentTest() override { std::filesystem::remove_all(folder_); }

  void make_program() const { std::filesystem::create_symlink("/bin/sh", program_); }
  HostAgentOptions options(const std::filesystem::path& pid_file) const {
    HostAgentOptions out;
    out.command = {program_.string(), "-c", "exec sleep 1000"};
    out.pid_file = pid_file.string();
    out.log_file = log_.string();
    return out;
  }
  int pid() const { return std::atoi(read_file(pid_file_.string()).value_or("").c_str()); }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("lf-host-agent-" + random_hex(6));
  const std::filesystem::path program_ = folder_ / "agent";
  const std::filesystem::path log_ = folder_ / "log";
  const std::filesystem::path pid_file_ = folder_ / "pid";
};

TEST_F(HostAgentTest, OneThatCannotBeStartedForAWhileIsStartedOnceItCan) {
  HostAgent agent(options(pid_file_), [](std::uint32_t) {});
  ASSERT_TRUE(agent.start());
  const int first = pid();
  ASSERT_GT(first, 0);
  std::filesystem::remove(program_);
  std::filesystem::remove(log_);
  ::kill(first, SIGKILL);
  // A start opens the log before it finds no program.
  eventually([&] { return std::filesystem::exists(log_); }, "another start was tried");
  make_program();
  eventually([&] { return pid() != first; }, "another one runs");
}

TEST_F(HostAgentTest, OneRunsThoughItCannotBeWrittenDownForTheNextServer) {
  HostAgent agent(options(folder_ / "none" / "pid"), [](std::uint32_t) {});
  EXPECT_TRUE(agent.start());
}

}  // namespace
}  // namespace leoflow::executor
