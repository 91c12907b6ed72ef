#pragma once

#include <string>

#include "base/json.hpp"

namespace leoflow::executor {

enum class PodPhase : std::uint8_t { pending, running, succeeded, failed };

/// What a pod says of itself.
struct PodStatus {
  PodPhase phase = PodPhase::pending;
  bool others_run = false;    ///< its task's container has ended, and another one has not
  bool needs_room = false;    ///< no node takes it as nodes are now
  bool is_hopeless = false;   ///< it waits for what will not come: an image that cannot be pulled, say
  bool is_node_lost = false;  ///< its node does not answer: nobody knows how it is
  bool is_stranded = false;   ///< it is to end, and nobody may be there to end it
  std::string reason;  ///< why it failed, is lost, hopeless or still waits, for people; "" if it does not say
  std::string ending;  ///< why Kubernetes ends it, or has ended it; "" if it does not
};

/// Source: the Kubernetes API (core/v1 PodStatus) and the kubelet's reasons.
PodStatus pod_status(const json::value& pod);

}  // namespace leoflow::executor
