#include "http/gzip.hpp"

#include <gtest/gtest.h>
#include <random>

#include "base/result.hpp"
#include "http/inflated.hpp"

namespace leoflow::http {
namespace {

/// As every client reads it, and its checksum checked.
std::string as_zlib_reads(const std::string& gzipped) {
  Inflated read = inflated(gzipped);
  EXPECT_TRUE(read.is_whole);
  EXPECT_EQ(read.behind, 0U) << "something stands behind the end";
  return std::move(read.text);
}

std::string noise(std::size_t size) {
  std::mt19937 random(1);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

std::vector<std::string> all_kinds() {
  return {"",       "a",           "line\n",      std::string(300'000, 'x'),
          noise(1), noise(65'535), noise(65'536), noise(1'500'000)};
}

TEST(Gzip, IsReadByZlibAndByItself) {
  for (const std::string& text : all_kinds()) {
    for (const Effort effort : {Effort::fast, Effort::small}) {
      const std::string file = gzip(text, effort);
      EXPECT_EQ(as_zlib_reads(file), text);
      EXPECT_EQ(gunzip(file), text);
    }
  }
}

TEST(Gzip, JoinedPartsAreOneFile) {
  std::string whole;
  GzipJoin join;
  for (const std::string& text : all_kinds()) {
    whole += text;
    join.add(gzip_part(text));
  }
  const std::string file = std::move(join).finish();
  EXPECT_EQ(as_zlib_reads(file), whole);
  EXPECT_EQ(gunzip(file), whole);
}

TEST(Gzip, NoPartsAreAnEmptyFile) {
  EXPECT_EQ(as_zlib_reads(GzipJoin().finish()), "");
}

TEST(Gzip, WhatIsBrokenIsRefused) {
  std::string file = gzip(std::string(100'000, 'x') + noise(1000), Effort::fast);
  EXPECT_THROW(gunzip(file.substr(0, file.size() / 2)), Fatal);
  EXPECT_THROW(gunzip(file.substr(0, file.size() - 3)), Fatal) << "in its trailer";
  EXPECT_THROW(gunzip("no gzip at all"), Fatal);
  EXPECT_THROW(gunzip(""), Fatal);
  file[file.size() - 6] ^= 1;
  EXPECT_THROW(gunzip(file), Fatal) << "its checksum is another";
}

TEST(Gzip, IsMadePlainForWhoDoesNotTakeIt) {
  const auto file = std::make_shared<const std::string>(gzip("text", Effort::fast));
  Request takes;
  takes.headers.emplace("accept-encoding", "gzip");
  Response compressed;
  set_gzipped(compressed, takes, file);
  EXPECT_EQ(compressed.content(), *file);
  EXPECT_TRUE(compressed.has_header("content-encoding"));
  Response plain;
  set_gzipped(plain, {}, file);
  EXPECT_EQ(plain.content(), "text");
  EXPECT_FALSE(plain.has_header("content-encoding"));
  Response own;
  set_gzipped(own, takes, std::string(*file));
  EXPECT_EQ(own.body, *file) << "in the memory that counts as the answer's";
}

}  // namespace
}  // namespace leoflow::http
