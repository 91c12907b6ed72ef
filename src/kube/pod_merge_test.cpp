#include "kube/pod_merge.hpp"

#include <fstream>
#include <gtest/gtest.h>

namespace leoflow::kube {
namespace {

json::value pod(std::string_view text) {
  return *parse_json(text);
}

/// With sorted keys, and without what says nothing: Python's client leaves that out.
std::string plain(const json::value& value) {
  if (const json::object* fields = value.if_object()) {
    std::map<std::string, std::string> sorted;
    for (const auto& [key, field] : *fields) {
      if (!field.is_null()) sorted.emplace(key, plain(field));
    }
    std::string out = "{";
    for (const auto& [key, field] : sorted) out += key + ":" + field + ",";
    return out + "}";
  }
  if (const json::array* items = value.if_array()) {
    std::string out = "[";
    for (const json::value& item : *items) out += plain(item) + ",";
    return out + "]";
  }
  return json::serialize(value);
}

TEST(PodMerge, IsAirflowsOwn) {
  std::ifstream answers(LEOFLOW_SOURCE_DIR "/tests/differential/pod_merges.jsonl");
  int pairs = 0;
  for (std::string line; std::getline(answers, line); ++pairs) {
    const json::value answer = pod(line);
    EXPECT_EQ(plain(merge_pods(answer.at("base"), answer.at("over"))), plain(answer.at("merged"))) << line;
  }
  EXPECT_EQ(pairs, 120);
}

TEST(PodMerge, WhatIsNoPodChangesNothing) {
  const json::value base = pod(R"({"spec":{"containers":[{"name":"base","image":"i"}]}})");
  for (const char* over :
       {"null", "1", "[]", "{}", R"({"spec":3})", R"({"spec":{"containers":4,"volumes":"x"}})",
        R"({"spec":{"containers":[7]},"metadata":[]})"}) {
    const json::value merged = merge_pods(base, pod(over));
    ASSERT_TRUE(merged.is_object()) << over;
    EXPECT_NE(json::serialize(merged).find(R"("image":"i")"), std::string::npos) << over;
  }
}

}  // namespace
}  // namespace leoflow::kube
