#include "executor/kubernetes/pod_status.hpp"

#include <gtest/gtest.h>

namespace leoflow::executor {
namespace {

PodStatus status_of(std::string_view status) {
  return pod_status(json::object{{"status", *parse_json(status)}});
}

/// Of a pod whose one container waits so.
PodStatus waiting(const std::string& reason) {
  return status_of(
      R"({"phase":"Pending","containerStatuses":[{"name":"base","state":{"waiting":{"reason":")" + reason +
      R"(","message":"m"}}}]})");
}

/// Of a failed pod whose one container ended so.
PodStatus ended(const std::string& terminated) {
  return status_of(R"({"phase":"Failed","containerStatuses":[{"name":"base","state":{"terminated":)" +
                   terminated + "}}]}");
}

TEST(PodStatus, APodIsPendingUntilItSaysOtherwise) {
  EXPECT_EQ(pod_status(nullptr).phase, PodPhase::pending);
  EXPECT_EQ(status_of("{}").phase, PodPhase::pending);
  EXPECT_EQ(status_of(R"({"phase":"Running"})").phase, PodPhase::running);
  EXPECT_EQ(status_of(R"({"phase":"Succeeded"})").phase, PodPhase::succeeded);
  EXPECT_EQ(waiting("ContainerCreating").reason, "");
}

TEST(PodStatus, WhatWaitingDoesNotMendIsHopeless) {
  for (const char* reason :
       {"ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError"}) {
    EXPECT_TRUE(waiting(reason).is_hopeless) << reason;
    EXPECT_EQ(waiting(reason).reason, std::string("container 'base' waits: ") + reason + ": m");
  }
  EXPECT_FALSE(waiting("ErrImagePull").is_hopeless) << "it is tried again";
}

TEST(PodStatus, APodThatNoNodeTakesSaysWhy) {
  const PodStatus status = status_of(
      R"({"conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes: cpu"}]})");
  EXPECT_EQ(status.phase, PodPhase::pending);
  EXPECT_EQ(status.reason, "no node takes its pod: 0/1 nodes: cpu");
  EXPECT_FALSE(status.is_hopeless) << "one may come";
  EXPECT_TRUE(status.needs_room);
  EXPECT_FALSE(
      status_of(R"({"conditions":[{"type":"PodScheduled","status":"False","reason":"SchedulingGated"}]})")
          .needs_room);
}

TEST(PodStatus, EveryWayToDieHasItsReason) {
  EXPECT_EQ(ended(R"({"exitCode":137,"reason":"OOMKilled"})").reason,
            "its container ran out of memory (OOMKilled): a higher memory limit may help");
  EXPECT_EQ(ended(R"({"exitCode":2,"reason":"Error"})").reason, "its container exited with code 2");
  EXPECT_EQ(ended(R"({"exitCode":2,"reason":"Error","message":"no token"})").reason,
            "its container exited with code 2: no token");
  EXPECT_EQ(ended(R"({"exitCode":128,"reason":"StartError","message":"exec: not found"})").reason,
            "StartError (exit code 128): exec: not found");
  EXPECT_EQ(status_of(R"({"phase":"Failed","reason":"Evicted","message":"low on memory"})").reason,
            "its pod was evicted: low on memory");
  EXPECT_EQ(status_of(R"({"phase":"Failed","reason":"DeadlineExceeded"})").reason,
            "its pod ran past its deadline");
  EXPECT_EQ(status_of(R"({"phase":"Failed"})").reason, "its pod failed");
}

/// Of a pod in that phase which somebody has end for that reason.
PodStatus disrupted(const std::string& phase, const std::string& reason) {
  return status_of(
      R"({"phase":")" + phase + R"(","conditions":[{"type":"DisruptionTarget","status":"True","reason":")" +
      reason +
      R"(","message":"m"}],"containerStatuses":[{"name":"base","state":{"terminated":{"exitCode":143}}}]})");
}

TEST(PodStatus, WhoeverHasItEndIsToldApartFromWhatItsContainerDid) {
  const std::pair<const char*, const char*> rows[] = {
      {"EvictionByEvictionAPI", "its pod was evicted through the API, as when a node is drained: m"},
      {"PreemptionByScheduler", "its pod made room for one of higher priority: m"},
      {"DeletionByTaintManager", "its node has a taint that its pod does not tolerate: m"},
      {"DeletionByPodGC", "its pod was cleared away: m"},
      {"TerminationByKubelet", "its node ended its pod: m"},
      {"SomethingNew", "its pod was disrupted (SomethingNew): m"}};
  for (const auto& [reason, words] : rows) {
    EXPECT_EQ(disrupted("Failed", reason).reason, words);
    EXPECT_EQ(disrupted("Running", reason).ending, words);
    EXPECT_FALSE(disrupted("Running", reason).is_hopeless) << "it runs as long as it is let";
  }
  EXPECT_EQ(
      status_of(
          R"({"phase":"Failed","reason":"Evicted","message":"low on memory","conditions":[{"type":"DisruptionTarget","status":"True","reason":"TerminationByKubelet"}]})")
          .reason,
      "its pod was evicted: low on memory")
      << "the node's own word says more";
  EXPECT_EQ(
      status_of(R"({"phase":"Running","conditions":[{"type":"DisruptionTarget","status":"False"}]})").ending,
      "");
}

TEST(PodStatus, ANodeThatDoesNotAnswerIsToldFromAContainerThatIsNotReady) {
  const auto with_conditions = [](const std::string& conditions, bool is_deleted = false) {
    json::object metadata;
    if (is_deleted) metadata["deletionTimestamp"] = "2027-01-15T08:00:00Z";
    const json::value status = *parse_json(R"({"phase":"Running","conditions":[)" + conditions + "]}");
    return pod_status(json::object{{"metadata", metadata}, {"status", status}});
  };
  const std::string silent =
      R"({"type":"ContainersReady","status":"True"},{"type":"Ready","status":"False"})";
  const std::string tainted =
      R"(,{"type":"DisruptionTarget","status":"True","reason":"DeletionByTaintManager","message":"m"})";
  const PodStatus lost = with_conditions(silent);
  EXPECT_TRUE(lost.is_node_lost);
  EXPECT_FALSE(lost.is_stranded) << "it is waited for";
  EXPECT_EQ(lost.phase, PodPhase::running);
  EXPECT_EQ(lost.reason, "its node was lost");
  const PodStatus stranded = with_conditions(silent + tainted, true);
  EXPECT_TRUE(stranded.is_stranded);
  EXPECT_EQ(stranded.reason, "its node was lost: m");
  EXPECT_FALSE(with_conditions(R"({"type":"ContainersReady","status":"True"},
      {"type":"Ready","status":"False","reason":"ReadinessGatesNotReady"})")
                   .is_node_lost);
  const PodStatus unready = with_conditions(
      R"({"type":"ContainersReady","status":"False","reason":"ContainersNotReady"},
         {"type":"Ready","status":"False","reason":"ContainersNotReady"})" +
          tainted,
      true);
  EXPECT_FALSE(unready.is_node_lost || unready.is_stranded) << "its kubelet ends it";
  EXPECT_EQ(unready.ending, "its node has a taint that its pod does not tolerate: m");
}

TEST(PodStatus, OneThatIsDeletedSaysSo) {
  const json::value pod =
      *parse_json(R"({"metadata":{"deletionTimestamp":"x"},"status":{"phase":"Running"}})");
  EXPECT_EQ(pod_status(pod).ending, "its pod was deleted");
}

TEST(PodStatus, ASidecarThatGoesOnDoesNotHoldIt) {
  const auto with_sidecar = [](const std::string& base) {
    return status_of(R"({"phase":"Running","containerStatuses":[{"name":"base","state":{"terminated":)" +
                     base + R"(}},{"name":"mesh","state":{"running":{}}}]})");
  };
  EXPECT_EQ(
      status_of(
          R"({"phase":"Running","containerStatuses":[{"name":"base","state":{"terminated":{"exitCode":1}}}]})")
          .phase,
      PodPhase::running)
      << "alone it says itself how it ended, and why";
  const PodStatus good = with_sidecar(R"({"exitCode":0,"reason":"Completed"})");
  EXPECT_EQ(good.phase, PodPhase::succeeded);
  EXPECT_TRUE(good.others_run);
  const PodStatus bad = with_sidecar(R"({"exitCode":137,"reason":"OOMKilled"})");
  EXPECT_EQ(bad.phase, PodPhase::failed);
  EXPECT_TRUE(bad.reason.starts_with("its container ran out of memory"));
}

TEST(PodStatus, WhatIsNoPodIsNoReasonToFall) {
  for (const char* text : {"[]", "1", R"({"phase":3,"containerStatuses":"x","conditions":{}})",
                           R"({"containerStatuses":[1,{"state":[]}]})"})
    EXPECT_EQ(status_of(text).phase, PodPhase::pending) << text;
}

}  // namespace
}  // namespace leoflow::executor
