#include "executor/kubernetes/pod_status.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "executor/kubernetes/answers.hpp"

namespace leoflow::executor {
namespace {

/// Reasons of a waiting container that more waiting does not mend. The first failure to pull (ErrImagePull)
/// is not among them: kubelet tries again.
constexpr std::array<std::string_view, 7> kHopeless = {
    "ImagePullBackOff",           "InvalidImageName",     "ErrImageNeverPull", "ImageInspectError",
    "CreateContainerConfigError", "CreateContainerError", "RunContainerError"};

/// The reason of a disruption by a node's taint, which that of a lost node is as well.
constexpr std::string_view kByTaint = "DeletionByTaintManager";

const json::value& child(const json::value& from, std::string_view key) {
  static const json::value kNothing = json::object();
  const json::value* found = find(from, key);
  return found == nullptr ? kNothing : *found;
}

std::string with_message(std::string_view what, const json::value& from) {
  const std::string message = get_text(from, "message");
  return message.empty() ? std::string(what) : fmt::format("{}: {}", what, message);
}

/// Calls back with each container's name and state, init containers first.
template <typename Then>
void each_container(const json::value& status, const Then& then) {
  for (const char* kind : {"initContainerStatuses", "containerStatuses"}) {
    const json::value* list = find(status, kind);
    if (list == nullptr || !list->is_array()) continue;
    for (const json::value& container : list->get_array())
      then(get_text(container, "name"), child(container, "state"));
  }
}

std::string terminated_reason(const json::value& terminated) {
  const std::string reason = get_text(terminated, "reason");
  const auto code = get_integer(terminated, "exitCode", 0);
  if (reason == "OOMKilled")
    return "its container ran out of memory (OOMKilled): a higher memory limit may help";
  if (reason == "Error" || reason.empty())
    return with_message(fmt::format("its container exited with code {}", code), terminated);
  return with_message(fmt::format("{} (exit code {})", reason, code), terminated);
}

/// Null if it has none of that type which says so ("True", "False").
const json::value* condition(const json::value& status, std::string_view type, std::string_view says) {
  const json::value* conditions = find(status, "conditions");
  if (conditions == nullptr || !conditions->is_array()) return nullptr;
  for (const json::value& one : conditions->get_array()) {
    if (get_text(one, "type") == type && get_text(one, "status") == says) return &one;
  }
  return nullptr;
}

/// Why Kubernetes ends the pod, "" if it does not. Source: Kubernetes, disruption conditions of pods.
std::string ending_of(const json::value& status, bool is_deleted) {
  const std::string own = get_text(status, "reason");
  if (own == "Evicted") return with_message("its pod was evicted", status);
  if (own == "DeadlineExceeded") return with_message("its pod ran past its deadline", status);
  const json::value* target = condition(status, "DisruptionTarget", "True");
  if (target == nullptr) return is_deleted ? "its pod was deleted" : "";
  const std::string reason = get_text(*target, "reason");
  if (reason == "EvictionByEvictionAPI")
    return with_message("its pod was evicted through the API, as when a node is drained", *target);
  if (reason == "PreemptionByScheduler")
    return with_message("its pod made room for one of higher priority", *target);
  if (reason == kByTaint) return with_message("its node has a taint that its pod does not tolerate", *target);
  if (reason == "DeletionByPodGC") return with_message("its pod was cleared away", *target);
  if (reason == "TerminationByKubelet") return with_message("its node ended its pod", *target);
  return with_message(fmt::format("its pod was disrupted ({})", reason), *target);
}

/// The node controller says that pods of a node which does not answer are not ready, and no more; kubelet
/// always says why.
bool is_on_silent_node(const json::value& status) {
  const json::value* unready = condition(status, "Ready", "False");
  return unready != nullptr && get_text(*unready, "reason").empty() &&
         condition(status, "ContainersReady", "True") != nullptr;
}

/// Why it failed by itself.
std::string failure(const json::value& status) {
  std::string out;
  each_container(status, [&](const std::string&, const json::value& state) {
    const json::value& terminated = child(state, "terminated");
    if (out.empty() && get_integer(terminated, "exitCode", 0) != 0) out = terminated_reason(terminated);
  });
  if (!out.empty()) return out;
  const std::string reason = get_text(status, "reason");
  return with_message(reason.empty() ? "its pod failed" : reason, status);
}

/// Of a pod that has not ended.
void look_at_node(const json::value& status, bool is_deleted, PodStatus& out) {
  const json::value* target = condition(status, "DisruptionTarget", "True");
  const bool is_by_taint = target != nullptr && get_text(*target, "reason") == kByTaint;
  if (is_on_silent_node(status)) {
    out.is_node_lost = true;
    out.reason = is_by_taint ? with_message("its node was lost", *target) : "its node was lost";
  }
  // Whether the node of one that has not started answers cannot be told.
  const bool is_driven_out = is_deleted && is_by_taint && out.phase == PodPhase::pending;
  if (is_driven_out) {
    out.is_hopeless = true;
    out.reason = out.ending;
  }
  out.is_stranded = (is_deleted && out.is_node_lost) || is_driven_out;
}

}  // namespace

PodStatus pod_status(const json::value& pod) {
  const json::value& status = child(pod, "status");
  const std::string phase = get_text(status, "phase", "Pending");
  PodStatus out;
  const bool is_deleted = is_being_deleted(pod);
  out.ending = ending_of(status, is_deleted);
  if (phase == "Succeeded") {
    out.phase = PodPhase::succeeded;
  } else if (phase == "Failed") {
    out.phase = PodPhase::failed;
    // How it ended follows from why it had to.
    out.reason = out.ending.empty() ? failure(status) : out.ending;
  } else {
    out.phase = phase == "Running" ? PodPhase::running : PodPhase::pending;
    if (const json::value* unscheduled = condition(status, "PodScheduled", "False")) {
      out.reason = with_message("no node takes its pod", *unscheduled);
      out.needs_room = get_text(*unscheduled, "reason") == "Unschedulable";
    }
    json::value base;  // how the task's own container ended
    each_container(status, [&](const std::string& name, const json::value& state) {
      if (name == "base") base = child(state, "terminated");
      out.others_run = out.others_run || (name != "base" && find(state, "running") != nullptr);
      const json::value& waiting = child(state, "waiting");
      const std::string reason = get_text(waiting, "reason");
      if (reason.empty() || reason == "PodInitializing" || reason == "ContainerCreating" || out.is_hopeless)
        return;
      out.reason = with_message(fmt::format("container '{}' waits: {}", name, reason), waiting);
      out.is_hopeless = std::ranges::find(kHopeless, reason) != kHopeless.end();
    });
    const json::value* code = find(base, "exitCode");
    out.others_run = out.others_run && code != nullptr;
    // Sidecars that go on do not hold it.
    if (out.others_run) {
      const bool is_good = get_integer(base, "exitCode", 0) == 0;
      out.phase = is_good ? PodPhase::succeeded : PodPhase::failed;
      out.reason = is_good ? "" : out.ending.empty() ? terminated_reason(base) : out.ending;
    } else {
      look_at_node(status, is_deleted, out);
    }
  }
  return out;
}

}  // namespace leoflow::executor
