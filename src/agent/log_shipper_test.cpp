#include "agent/log_shipper.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

namespace leoflow::agent {
namespace {

class LogShipperTest : public ::testing::Test {
 protected:
  ~LogShipperTest() override { std::filesystem::remove(path_); }

  void log(const std::string& text) { std::ofstream(path_, std::ios::app) << text; }
  void acknowledge(std::uint64_t offset, bool is_last = false) {
    agentrpc::LogAck ack;
    ack.set_attempt_id("a");
    ack.set_offset(offset);
    ack.set_is_last(is_last);
    shipper_.acknowledged(ack);
  }
  /// The parts since the last call: "offset:content", "." behind the last.
  std::vector<std::string> parts() { return std::exchange(parts_, {}); }
  using Parts = std::vector<std::string>;

  const std::string path_ =
      std::filesystem::temp_directory_path() / ("lf-ship-" + std::to_string(::getpid()));
  Parts parts_;
  int done_ = 0;
  boost::asio::io_context loop_;
  LogShipper shipper_{loop_,
                      [this](const agentrpc::AgentMessage& message) {
                        parts_.push_back(std::to_string(message.log().offset()) + ":" +
                                         message.log().content() + (message.log().is_last() ? "." : ""));
                      },
                      [this](const std::string&) { ++done_; }};
};

TEST_F(LogShipperTest, SendsPartAfterPartFromWhereTheLogStands) {
  log("one\n");
  shipper_.add("a", path_, 100, false);
  loop_.run_one();
  EXPECT_EQ(parts(), Parts{"100:one\n"});
  log("two\n");
  loop_.run_one();
  EXPECT_EQ(parts(), Parts{}) << "the first is not kept yet";
  acknowledge(104);
  EXPECT_EQ(parts(), Parts{"104:two\n"});
  acknowledge(108);
  EXPECT_EQ(parts(), Parts{});
  EXPECT_FALSE(shipper_.is_done()) << "more may be written";
  shipper_.finish("a");
  EXPECT_TRUE(shipper_.is_done());
  EXPECT_EQ(done_, 1);
}

TEST_F(LogShipperTest, OneThatIsFinishedIsDoneWhenAllIsKept) {
  log("one\n");
  shipper_.add("a", path_, 0, false);
  shipper_.finish("a");
  EXPECT_EQ(parts(), Parts{"0:one\n."});
  EXPECT_FALSE(shipper_.is_done());
  acknowledge(4);
  EXPECT_TRUE(shipper_.is_done());
}

TEST_F(LogShipperTest, AfterALostConnectionItGoesOnFromWhatIsKept) {
  log("one\n");
  shipper_.add("a", path_, 10, false);
  shipper_.finish("a");
  EXPECT_EQ(parts(), Parts{"10:one\n."});
  shipper_.welcomed();
  EXPECT_EQ(parts(), Parts{"10:one\n."}) << "nobody said that it was kept";
  acknowledge(12);
  EXPECT_EQ(parts(), Parts{"12:e\n."}) << "the control plane knows best";
  acknowledge(3);
  EXPECT_EQ(parts(), Parts{"10:one\n."}) << "what came before is not in this file";
  acknowledge(14);
  EXPECT_TRUE(shipper_.is_done());
}

TEST_F(LogShipperTest, WhereTheEndIsConfirmedItWaitsForThat) {
  log("one\n");
  shipper_.add("a", path_, 0, true);
  loop_.run_one();
  EXPECT_EQ(parts(), Parts{"0:one\n"});
  shipper_.finish("a");
  acknowledge(4);
  EXPECT_EQ(parts(), Parts{"4:."}) << "that was the end, has it all?";
  acknowledge(4);
  EXPECT_FALSE(shipper_.is_done()) << "of the part before";
  acknowledge(4, true);
  EXPECT_TRUE(shipper_.is_done());
  EXPECT_EQ(done_, 1);
}

TEST_F(LogShipperTest, AQuietTaskAsksWhatTheNextLeaderHas) {
  log("one\n");
  shipper_.add("a", path_, 0, true);
  loop_.run_one();
  acknowledge(4);
  EXPECT_EQ(parts(), Parts{"0:one\n"});
  shipper_.welcomed();
  EXPECT_EQ(parts(), Parts{"4:"});
  acknowledge(0);
  EXPECT_EQ(parts(), Parts{"0:one\n"});
  acknowledge(4);
  EXPECT_EQ(parts(), Parts{});
}

}  // namespace
}  // namespace leoflow::agent
