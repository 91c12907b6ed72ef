#pragma once

#include <string>

#include "base/json.hpp"

namespace leoflow::executor {

enum class PodPhase : std::uint8_t { pending, running, succeeded, failed };

/// What a pod says of itself.
struct PodStatus {
  PodPhase phase = PodPhase::pending;
  bool others_run = false;   ///< its task's container has ended, and another one has not
  bool needs_room = false;   ///< no node takes it as nodes are now
  bool is_hopeless = false;  ///< it waits for what will not come: an image that cannot be pulled, say
  std::string reason;        ///< why it failed, is hopeless or still waits, for people; "" if it does not say
};

/// Source: the Kubernetes API (core/v1 PodStatus) and the kubelet's reasons.
PodStatus pod_status(const json::value& pod);

}  // namespace leoflow::executor
