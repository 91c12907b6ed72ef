#pragma once

#include <string>

#include "executor/kubernetes/settings.hpp"

namespace CLI {
class App;
}

namespace leoflow::cli {

/// How a server that takes pushed projects runs their pods, wherever the cluster is.
struct PodOptions {
  std::string service_account;
  std::string pod_template;
  std::string template_folder;
  int start_retries = 3;
  int start_retry_delay = 10;  ///< seconds
  int host_idle_limit = 120;   ///< seconds
  bool warm_pods = false;
  int warm_idle_limit = 300;  ///< seconds
  int warm_most_attempts = 50;
  int warm_most_idle = 8;
};

/// Adds them to a command, each with its environment variable. `options` must outlive it.
void add_pod_options(CLI::App& command, PodOptions& options);

/// Ends the command where they make no sense.
void take_pod_options(const PodOptions& options, executor::KubernetesSettings& into);

/// The variable of `pod_template_file`, which is an option as well.
constexpr const char* kPodTemplate = "AIRFLOW__KUBERNETES_EXECUTOR__POD_TEMPLATE_FILE";
/// Likewise that of the folder of others.
constexpr const char* kPodTemplates = "LEOFLOW_EXECUTOR_POD_TEMPLATES";

/// Those of Airflow's settings that say how pods are run, from the environment: parallelism,
/// task_queued_timeout and [kubernetes_executor]. Ends the command where they make no sense.
/// @param pod_template  a file; "" for none
void read_airflow_pod_settings(const std::string& pod_template, executor::KubernetesSettings& into);

/// [core] parallelism: tasks at once. Ends the command if it is none.
int read_parallelism(int otherwise);

}  // namespace leoflow::cli
