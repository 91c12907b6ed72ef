#include "base/text.hpp"

#include <gtest/gtest.h>

#include "base/ids.hpp"

namespace leoflow {
namespace {

TEST(Text, SuggestsTheClosestWordOnlyWhenItIsClose) {
  const std::vector<std::string> words = {"dependencies", "dag_id", "owner"};
  EXPECT_EQ(did_you_mean("dependancies", words), "dependencies");
  EXPECT_EQ(did_you_mean("dagid", words), "dag_id");
  EXPECT_FALSE(did_you_mean("completely_else", words));
}

TEST(Text, Base64ReadsWhatItWrites) {
  for (const std::string text : {"", "a", "ab", "abc", "\xff\xfe\x00z"}) {
    EXPECT_EQ(from_base64(to_base64(text)), text);
    EXPECT_EQ(from_base64(to_base64_url(text)), text);
  }
  EXPECT_FALSE(from_base64("a"));
  EXPECT_FALSE(from_base64("a*bc"));
}

TEST(Text, UrlDecodingRefusesBrokenEscapes) {
  EXPECT_EQ(url_decode("a%20b+c"), "a b+c");
  EXPECT_EQ(url_decode("a%20b+c", true), "a b c");
  EXPECT_FALSE(url_decode("%2"));
  EXPECT_FALSE(url_decode("%zz"));
  EXPECT_EQ(url_decode(url_encode("a/b c&ü")), "a/b c&ü");
}

TEST(Text, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(to_valid_utf8("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(to_valid_utf8("a\xff"
                          "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_FALSE(is_valid_utf8("\xc0\x80"));      // overlong
  EXPECT_FALSE(is_valid_utf8("\xed\xa0\x80"));  // surrogate
  EXPECT_FALSE(is_valid_utf8("\xe2\x82"));      // cut off
}

TEST(Ids, AreUniqueOrderedAndReadable) {
  const Uuid first = new_uuid(from_micros(1'000'000'000));
  const Uuid second = new_uuid(from_micros(2'000'000'000));
  EXPECT_LT(first, second);
  EXPECT_EQ(Uuid::parse(first.text()), first);
  EXPECT_EQ(first.text().size(), 36U);
  EXPECT_FALSE(Uuid::parse("no-uuid"));
}

TEST(Files, WhatCannotBeReadToItsEndIsNoEmptyFile) {
  EXPECT_EQ(read_file("/dev/null"), "");
  EXPECT_EQ(read_file("/"), std::nullopt);
  EXPECT_EQ(read_file("/proc/self/mem"), std::nullopt);
  EXPECT_EQ(read_file("/no/such/file"), std::nullopt);
}

TEST(Ids, OfOneMomentAreInTheOrderOfTheirMaking) {
  const Time now = from_micros(3'000'000'000);
  Uuid last = new_uuid(now);
  for (int i = 0; i < 10'000; ++i) {
    const Uuid next = new_uuid(now);
    ASSERT_LT(last, next) << i;
    last = next;
  }
}

}  // namespace
}  // namespace leoflow
