#include "executor/kubernetes/pod_status.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace leoflow::executor {
namespace {

/// Reasons of a waiting container that more waiting does not mend. The first failure to pull (ErrImagePull)
/// is not among them: kubelet tries again.
constexpr std::array<std::string_view, 7> kHopeless = {
    "ImagePullBackOff",           "InvalidImageName",     "ErrImageNeverPull", "ImageInspectError",
    "CreateContainerConfigError", "CreateContainerError", "RunContainerError"};

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

std::string failure(const json::value& status) {
  const std::string reason = get_text(status, "reason");
  if (reason == "Evicted") return with_message("its pod was evicted", status);
  if (reason == "NodeLost") return with_message("its node was lost", status);
  if (reason == "DeadlineExceeded") return with_message("its pod ran past its deadline", status);
  std::string out;
  each_container(status, [&](const std::string&, const json::value& state) {
    const json::value& terminated = child(state, "terminated");
    if (out.empty() && get_integer(terminated, "exitCode", 0) != 0) out = terminated_reason(terminated);
  });
  if (!out.empty()) return out;
  return with_message(reason.empty() ? "its pod failed" : reason, status);
}

/// Says why it was not given a node; null if it was.
const json::value* unscheduled(const json::value& status) {
  const json::value* conditions = find(status, "conditions");
  if (conditions == nullptr || !conditions->is_array()) return nullptr;
  for (const json::value& condition : conditions->get_array()) {
    if (get_text(condition, "type") == "PodScheduled" && get_text(condition, "status") == "False")
      return &condition;
  }
  return nullptr;
}

}  // namespace

PodStatus pod_status(const json::value& pod) {
  const json::value& status = child(pod, "status");
  const std::string phase = get_text(status, "phase", "Pending");
  PodStatus out;
  if (phase == "Succeeded") {
    out.phase = PodPhase::succeeded;
  } else if (phase == "Failed") {
    out.phase = PodPhase::failed;
    out.reason = failure(status);
  } else {
    out.phase = phase == "Running" ? PodPhase::running : PodPhase::pending;
    if (const json::value* condition = unscheduled(status)) {
      out.reason = with_message("no node takes its pod", *condition);
      out.needs_room = get_text(*condition, "reason") == "Unschedulable";
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
      out.reason = is_good ? "" : terminated_reason(base);
    }
  }
  return out;
}

}  // namespace leoflow::executor
