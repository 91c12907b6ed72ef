#pragma once

#include "base/json.hpp"

namespace leoflow::kube {

/// Puts a pod over another as Airflow does: what `over` says counts, what it leaves out (or says with
/// nothing: false, 0, an empty list) is the other's; containers are put together by their place, init
/// containers by their names; environment, mounts, ports and volumes of both are there.
/// @param base, over  pods as Kubernetes writes them in JSON
/// Source: Airflow's provider cncf.kubernetes 10.25, PodGenerator.reconcile_pods.
json::value merge_pods(const json::value& base, const json::value& over);

}  // namespace leoflow::kube
