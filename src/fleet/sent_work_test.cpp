#include "fleet/sent_work.hpp"

#include <gtest/gtest.h>

namespace leoflow::fleet {
namespace {

/// So much other work ends that what ended before is forgotten.
void end_much(SentWork& sent) {
  for (int i = 0; i < 1000; ++i) {
    sent.add(std::to_string(i));
    sent.end(std::to_string(i));
  }
}

TEST(SentWork, WhatEndedMayBeSpokenOfForAWhile) {
  SentWork sent;
  sent.add("w");
  sent.end("w");
  EXPECT_TRUE(sent.contains("w"));
  end_much(sent);
  EXPECT_FALSE(sent.contains("w"));
  EXPECT_TRUE(sent.contains("0"));
}

TEST(SentWork, WhatIsGivenOnceMoreIsNotForgotten) {
  SentWork sent;
  sent.add("w");
  sent.end("w");
  sent.add("w");
  end_much(sent);
  EXPECT_TRUE(sent.contains("w"));
  sent.end("w");
  end_much(sent);
  EXPECT_FALSE(sent.contains("w")) << "its second end counts as any other";
}

TEST(SentWork, WhatEndsTwiceTakesThePlaceOfOne) {
  SentWork sent;
  sent.add("first");
  sent.end("first");
  for (int i = 0; i < 999; ++i) {
    sent.add("w");
    sent.end("w");
    sent.end("w");
  }
  EXPECT_TRUE(sent.contains("first"));
  EXPECT_TRUE(sent.contains("w"));
}

}  // namespace
}  // namespace leoflow::fleet
