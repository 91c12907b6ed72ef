#include "kube/pod_file.hpp"

#include <gtest/gtest.h>
#include <random>

namespace leoflow::kube {
namespace {

constexpr const char* kPod = R"(
apiVersion: v1
kind: Pod
metadata:
  labels: {team: data, number: "1"}
spec:
  terminationGracePeriodSeconds: 5
  hostNetwork: false
  tolerations:
    - {key: gpu, operator: Exists}
  containers:
    - name: base
      resources: {limits: {memory: 1Gi, cpu: 0.5}}
)";

TEST(PodFile, ReadsWhatPeopleWrite) {
  const auto pod = read_pod(kPod);
  ASSERT_TRUE(pod) << pod.error().message;
  EXPECT_EQ(*pod, json::parse(R"({"apiVersion": "v1", "kind": "Pod",
    "metadata": {"labels": {"team": "data", "number": "1"}},
    "spec": {"terminationGracePeriodSeconds": 5, "hostNetwork": false,
             "tolerations": [{"key": "gpu", "operator": "Exists"}],
             "containers": [{"name": "base", "resources": {"limits": {"memory": "1Gi", "cpu": 0.5}}}]}})"));
  EXPECT_TRUE(read_pod(R"({"kind": "Pod", "spec": {"containers": [{"name": "base"}]}})"));
}

std::string what_is_wrong_with(std::string_view text) {
  const auto pod = read_pod(text);
  return pod ? "none" : pod.error().message;
}

TEST(PodFile, SaysWhatIsWrong) {
  EXPECT_EQ(what_is_wrong_with(""), "it is no document of kind Pod");
  EXPECT_EQ(what_is_wrong_with("kind: Deployment"), "it is no document of kind Pod");
  EXPECT_EQ(what_is_wrong_with("kind: Pod\nspec: {containers: [{name: main}]}"),
            "its first container is 'main': that of the task is 'base'");
  EXPECT_EQ(what_is_wrong_with("kind: Pod\nspec: [}"), "line 2: illegal flow end");
  EXPECT_EQ(what_is_wrong_with("kind: Pod\n? [a]\n: b"), "line 2: a key must be text");
  const auto missing = read_pod_file("/nowhere/pod.yaml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "'/nowhere/pod.yaml' cannot be read");
}

TEST(PodFile, ChangedBytesDoNoHarm) {
  std::minstd_rand random(7);
  for (int i = 0; i < 3000; ++i) {
    std::string text = kPod;
    for (int n = 0; n < 4; ++n) text[random() % text.size()] = static_cast<char>(random() % 128);
    read_pod(text);
  }
  std::string deep;
  for (int i = 0; i < 500; ++i) deep += "[";
  EXPECT_NE(what_is_wrong_with(deep), "none");
}

}  // namespace
}  // namespace leoflow::kube
