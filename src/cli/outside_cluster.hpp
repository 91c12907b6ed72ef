#pragma once

#include <filesystem>
#include <string>

#include "executor/kubernetes/settings.hpp"
#include "k3d/agent_certificate.hpp"
#include "k3d/cluster.hpp"
#include "lite/home.hpp"

namespace leoflow::cli {

/// host:port at which pods reach this machine.
constexpr const char* kControlPlane = "LEOFLOW_EXECUTOR_AGENT_CONTROL_PLANE_ADDR";
/// Lite's own; the name is older than "Lite".
constexpr const char* kLiteCluster = "leoflow-dev";

/// What projects' images start from: with the Python of this install, or the usual one before there is an
/// install.
std::string task_image_of(const lite::Home& home);

/// What a server on this machine, outside a cluster of k3d's, runs pods in it with.
struct OutsideCluster {
  executor::KubernetesSettings kubernetes;
  k3d::AgentCertificate certificate;
};

/// Makes in the cluster what pods need. How pods reach this machine is `host.k3d.internal`, or what
/// `kControlPlane` says. Ends the command if the cluster is not there, or does not answer.
/// @param folder  for the certificate @param grpc_port  where agents are listened for
/// @param advice  what makes the cluster
OutsideCluster enter_cluster(const k3d::Cluster& cluster, const std::filesystem::path& folder, int grpc_port,
                             const std::string& advice);

}  // namespace leoflow::cli
