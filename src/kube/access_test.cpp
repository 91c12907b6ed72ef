#include "kube/access.hpp"

#include <gtest/gtest.h>
#include <random>

namespace leoflow::kube {
namespace {

const std::string kConfig = R"(apiVersion: v1
kind: Config
current-context: here
contexts:
- {name: there, context: {cluster: b, user: b}}
- {name: here, context: {cluster: a, user: a, namespace: work}}
clusters:
- {name: a, cluster: {server: "https://h:6443/", certificate-authority-data: Q0E=}}
users:
- {name: a, user: {token: t, client-certificate-data: Q0VSVA==, client-key-data: S0VZIQ==}}
)";

std::string changed(std::string_view from, std::string_view to) {
  std::string text = kConfig;
  return text.replace(text.find(from), from.size(), to);
}

std::string problem_of(const std::string& text) {
  const auto access = read_kubeconfig(text, "/nowhere");
  return access ? "" : access.error().message;
}

TEST(Kubeconfig, ItsCurrentContextCounts) {
  const auto access = read_kubeconfig(kConfig, "/x");
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->server, "https://h:6443");
  EXPECT_EQ(access->ca, "CA");
  EXPECT_EQ(access->token, "t");
  EXPECT_EQ(access->certificate, "CERT");
  EXPECT_EQ(access->key, "KEY!");
  EXPECT_EQ(access->name_space, "work");
}

TEST(Kubeconfig, MayBeJson) {
  EXPECT_EQ(
      problem_of(
          R"({"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    "clusters": [{"name": "c", "cluster": {"server": "http://x"}}], "users": [{"name": "u", "user": {}}]})"),
      "");
}

TEST(Kubeconfig, WhatIsMissingIsNamed) {
  EXPECT_NE(problem_of("").find("not keys with values"), std::string::npos);
  EXPECT_NE(problem_of("a: [").find("cannot be used"), std::string::npos);
  EXPECT_NE(problem_of("a: b").find("no 'current-context'"), std::string::npos);
  EXPECT_NE(problem_of(changed("current-context: here", "current-context: x")).find("no context 'x'"),
            std::string::npos);
  EXPECT_NE(problem_of(changed("current-context: here", "current-context: there")).find("no cluster 'b'"),
            std::string::npos);
  EXPECT_NE(problem_of(changed("Q0E=", "Q-E=")).find("not base64"), std::string::npos);
  EXPECT_NE(problem_of(changed("client-key-data: S0VZIQ==", "client-key: k.pem")).find("/nowhere/k.pem"),
            std::string::npos);
  EXPECT_EQ(find_access("/nowhere/at/all").error().code, ErrorCode::not_found);
}

TEST(Kubeconfig, WhatCannotBeHonouredIsRefused) {
  EXPECT_NE(problem_of(changed("token: t", "exec: {command: x}")).find("plugin"), std::string::npos);
  EXPECT_NE(problem_of(changed("server:", "insecure-skip-tls-verify: true, server:")).find("insecure-skip"),
            std::string::npos);
}

TEST(Kubeconfig, NoChangedByteMakesItFall) {
  std::minstd_rand random(7);
  for (int i = 0; i < 5'000; ++i) {
    std::string text = kConfig;
    const std::size_t at = random() % text.size();
    random() % 2 == 0          ? text[at] = static_cast<char>(random() % 256),
                        void() : void(text.erase(at, 1 + random() % 20));
    const auto access = read_kubeconfig(text, "/nowhere");
    if (!access) EXPECT_FALSE(access.error().message.empty());
  }
}

}  // namespace
}  // namespace leoflow::kube
