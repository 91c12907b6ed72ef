#include "agent/frames.hpp"

#include <gtest/gtest.h>

namespace leoflow::agent {
namespace {

TEST(Frames, AreFoundWhateverTheCuts) {
  const std::string stream = to_frame("first") + to_frame("") + to_frame(std::string(100'000, 'x'));
  for (const std::size_t step : {1UL, 3UL, 7UL, 5000UL, stream.size()}) {
    FrameReader reader;
    std::vector<std::string> payloads;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      reader.feed(std::string_view(stream).substr(at, step));
      while (auto payload = reader.next()) payloads.push_back(std::move(*payload));
    }
    ASSERT_EQ(payloads.size(), 3u) << step;
    EXPECT_EQ(payloads[0], "first");
    EXPECT_EQ(payloads[1], "");
    EXPECT_EQ(payloads[2].size(), 100'000u);
  }
}

TEST(Frames, HeaderIsBigEndian) {
  EXPECT_EQ(to_frame("ab"), std::string("\0\0\0\2ab", 6));
}

TEST(Frames, AbsurdLengthBreaksTheStream) {
  FrameReader reader;
  reader.feed("\xff\xff\xff\xff");
  EXPECT_FALSE(reader.next().has_value());
  EXPECT_TRUE(reader.is_broken());
}

}  // namespace
}  // namespace leoflow::agent
