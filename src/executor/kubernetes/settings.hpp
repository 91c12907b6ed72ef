#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "kube/access.hpp"

namespace leoflow::executor {

/// That pods stay after their attempts and serve others: docs/adr/0012-warm-pods.md.
struct WarmSettings {
  std::chrono::seconds idle_limit{300};  ///< one goes that has nothing to do for so long
  int most_attempts = 50;                ///< of one pod
  int most_idle = 8;                     ///< pods at once that have nothing to do
};

/// How pods are run. Constant once the server runs.
struct KubernetesSettings {
  kube::Access access;
  std::string name_space = "leoflow";              ///< where the pods are
  std::string instance = "leoflow";                ///< tells its pods from those of other installs
  std::string service_account;                     ///< of the pods; "" for the namespace's default
  std::string control_plane;                       ///< "leoflow:9091": where agents connect
  std::string ca_config_map;                       ///< has the control plane's CA as ca.crt
  std::string certificate_secret;                  ///< has tls.crt and tls.key that agents show; "" for none
  std::map<std::string, std::string> variables{};  ///< of every pod, besides those of its agent
  json::value pod_template;                        ///< what pods are made from; null for nothing
  std::string template_folder;                     ///< where tasks may name files for that; "" for nowhere
  int parallelism = 32;                            ///< pods at once
  Duration pending_limit = std::chrono::minutes{10};  ///< for a pod to start running
  bool delete_pods = true;                            ///< that ended well
  bool delete_failed_pods = false;
  std::optional<WarmSettings> warm{};  ///< nothing: each attempt has a pod of its own
};

}  // namespace leoflow::executor
