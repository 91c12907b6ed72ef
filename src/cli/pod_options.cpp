#include "cli/pod_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "base/variables.hpp"
#include "cli/exit.hpp"
#include "kube/pod_file.hpp"

namespace leoflow::cli {
namespace {

constexpr int kMostPods = 100'000;
constexpr const char* kSensitiveNames = "AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES";

/// Whole seconds, at least one.
Duration seconds_of(const char* variable, Duration otherwise) {
  std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(otherwise).count();
  value_or_exit(read_whole_number(environment_variable, variable, 1, seconds));
  return std::chrono::seconds(seconds);
}

}  // namespace

void add_pod_options(CLI::App& command, PodOptions& options) {
  const auto add = [&command](const char* name, const char* variable, std::string& into, const char* what) {
    command.add_option(name, into, what)->envname(variable)->capture_default_str();
  };
  const auto add_number = [&command](const char* name, const char* variable, int& into, int least, int most,
                                     const char* what) {
    return command.add_option(name, into, what)
        ->envname(variable)
        ->check(CLI::Range(least, most))
        ->capture_default_str();
  };
  add("--task-service-account", "LEOFLOW_EXECUTOR_TASK_SERVICE_ACCOUNT", options.service_account,
      "ServiceAccount of the tasks' pods");
  add("--pod-template", kPodTemplate, options.pod_template,
      "YAML of a pod that the tasks' pods are made from");
  add("--pod-templates", kPodTemplates, options.template_folder,
      "Folder of others, which tasks name by pod_template_file in their executor_config");
  add_number("--start-retries", "LEOFLOW_EXECUTOR_START_RETRIES", options.start_retries, 0, 100,
             "How often a task is started again whose pod did not come up, beside its own retries");
  add_number("--start-retry-delay", "LEOFLOW_EXECUTOR_START_RETRY_DELAY", options.start_retry_delay, 0, 3600,
             "Seconds before the first of them; each further one waits twice as long");
  add_number(
      "--host-idle-limit", "LEOFLOW_EXECUTOR_HOST_IDLE_LIMIT", options.host_idle_limit, 1, 86400,
      "Seconds without work after which the pod ends that serves triggers, callbacks and the like of a "
      "project's version");
  CLI::Option* const warm_pods =
      command
          .add_flag("--warm-pods", options.warm_pods,
                    "Have pods stay after their attempts, for others of their version")
          ->envname("LEOFLOW_EXECUTOR_WARM_PODS");
  add_number("--warm-idle-limit", "LEOFLOW_EXECUTOR_WARM_IDLE_LIMIT", options.warm_idle_limit, 1, 86400,
             "Seconds without an attempt after which such a pod ends")
      ->needs(warm_pods);
  add_number("--warm-max-attempts", "LEOFLOW_EXECUTOR_WARM_MAX_ATTEMPTS", options.warm_most_attempts, 1,
             10000, "Attempts after which such a pod ends")
      ->needs(warm_pods);
  add_number("--warm-max-idle", "LEOFLOW_EXECUTOR_WARM_MAX_IDLE", options.warm_most_idle, 1, 100000,
             "Such pods that may be without an attempt")
      ->needs(warm_pods);
}

void take_pod_options(const PodOptions& options, executor::KubernetesSettings& into) {
  into.service_account = options.service_account;
  if (!options.template_folder.empty())
    into.template_folder = std::filesystem::absolute(options.template_folder).string();
  if (options.warm_pods) {
    into.warm = {.idle_limit = std::chrono::seconds(options.warm_idle_limit),
                 .most_attempts = options.warm_most_attempts,
                 .most_idle = options.warm_most_idle};
  }
  read_airflow_pod_settings(options.pod_template, into);
}

int read_parallelism(int otherwise) {
  std::int64_t parallelism = otherwise;
  value_or_exit(read_whole_number(environment_variable, "AIRFLOW__CORE__PARALLELISM", 1, parallelism));
  return static_cast<int>(std::min<std::int64_t>(parallelism, kMostPods));
}

void read_airflow_pod_settings(const std::string& pod_template, executor::KubernetesSettings& into) {
  if (!pod_template.empty()) into.pod_template = value_or_exit(kube::read_pod_file(pod_template));
  into.parallelism = read_parallelism(into.parallelism);
  into.pending_limit = seconds_of("AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT", into.pending_limit);
  value_or_exit(read_switch(environment_variable, "AIRFLOW__KUBERNETES_EXECUTOR__DELETE_WORKER_PODS",
                            into.delete_pods));
  value_or_exit(read_switch(environment_variable,
                            "AIRFLOW__KUBERNETES_EXECUTOR__DELETE_WORKER_PODS_ON_FAILURE",
                            into.delete_failed_pods));
  // Agents mask logs, and know which names are those of secrets from their own variables.
  if (const std::string names = environment_variable(kSensitiveNames); !names.empty())
    into.variables.emplace(kSensitiveNames, names);
}

}  // namespace leoflow::cli
