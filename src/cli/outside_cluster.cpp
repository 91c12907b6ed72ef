#include "cli/outside_cluster.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "base/variables.hpp"
#include "cli/exit.hpp"
#include "k3d/plan.hpp"
#include "k3d/surroundings.hpp"
#include "lite/config.hpp"
#include "lite/python_environment.hpp"

namespace leoflow::cli {
namespace {

constexpr const char* kNamespace = "leoflow";
constexpr const char* kCaConfigMap = "leoflow-ca";
constexpr const char* kUsualPython = "3.11";

/// As a certificate has it.
std::string name_of(const std::string& address) {
  const std::string host = address.substr(0, address.rfind(':'));
  const bool is_number = std::ranges::all_of(host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
  return (is_number ? "IP:" : "DNS:") + host;
}

}  // namespace

std::string task_image_of(const lite::Home& home) {
  const auto config = lite::load_config(home);
  const std::string python = config ? lite::minor_version_of(config->python) : "";
  return k3d::task_image_of(python.empty() ? kUsualPython : python);
}

OutsideCluster enter_cluster(const k3d::Cluster& cluster, const std::filesystem::path& folder, int grpc_port,
                             const std::string& advice) {
  if (!value_or_exit(cluster.exists()))
    throw Exit{6, fmt::format("there is no cluster '{}': {}", cluster.name(), advice)};
  OutsideCluster out;
  executor::KubernetesSettings& kubernetes = out.kubernetes;
  kubernetes.access = value_or_exit(cluster.access());
  const std::string name_space = environment_variable("AIRFLOW__KUBERNETES_EXECUTOR__NAMESPACE");
  kubernetes.name_space = name_space.empty() ? kNamespace : name_space;
  kubernetes.instance = cluster.name();
  kubernetes.ca_config_map = kCaConfigMap;
  kubernetes.control_plane = environment_variable(kControlPlane);
  if (kubernetes.control_plane.empty())
    kubernetes.control_plane = fmt::format("host.k3d.internal:{}", grpc_port);
  out.certificate = value_or_exit(k3d::keep_agent_certificate(
      folder, {"DNS:localhost", "IP:127.0.0.1", name_of(kubernetes.control_plane)}, SystemClock().now()));
  value_or_exit(k3d::keep_surroundings(
      kubernetes.access,
      {kubernetes.name_space, kCaConfigMap, read_file(out.certificate.certificate.string()).value_or("")}));
  return out;
}

}  // namespace leoflow::cli
