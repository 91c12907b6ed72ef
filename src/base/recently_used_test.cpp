#include "base/recently_used.hpp"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace leoflow {
namespace {

using Texts = RecentlyUsed<std::string, std::string>;

std::string kept(Texts& texts, std::string_view key) {
  const std::string* found = texts.find(key);
  return found == nullptr ? "" : *found;
}

TEST(RecentlyUsedTest, WhatWasNotUsedForLongestGoesFirst) {
  Texts texts(2);
  texts.put("a", "1");
  texts.put("b", "2");
  EXPECT_EQ(kept(texts, "a"), "1");
  texts.put("c", "3");
  EXPECT_EQ(kept(texts, "a"), "1");
  EXPECT_EQ(kept(texts, "b"), "");
  EXPECT_EQ(kept(texts, "c"), "3");
}

TEST(RecentlyUsedTest, AKeyHasOneValue) {
  Texts texts(2);
  texts.put("a", "1");
  texts.put("a", "2");
  texts.put("b", "3");
  EXPECT_EQ(kept(texts, "a"), "2");
  EXPECT_EQ(kept(texts, "b"), "3");
}

TEST(RecentlyUsedTest, TheHeavyMakeRoomForThemselvesAndTheTooHeavyAreNotKept) {
  Texts texts(10);
  texts.put("a", "1", 4);
  texts.put("b", "2", 4);
  texts.put("c", "3", 6);
  EXPECT_EQ(kept(texts, "a"), "");
  EXPECT_EQ(kept(texts, "b"), "2");
  texts.put("c", "4", 11);
  EXPECT_EQ(kept(texts, "c"), "");
  EXPECT_EQ(kept(texts, "b"), "2");
}

}  // namespace
}  // namespace leoflow
