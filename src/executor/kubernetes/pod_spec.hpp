#pragma once

#include <string>

#include "base/json.hpp"
#include "engine/ports.hpp"
#include "executor/kubernetes/settings.hpp"

namespace leoflow::executor {

/// Who the token of a pod is meant for.
constexpr std::string_view kTokenAudience = "leoflow";

/// Always the same for an attempt, so that it cannot have two pods: "leoflow-<dag>-<task>-<12 hex>", a DNS
/// label.
std::string pod_name(const engine::AttemptSpec& spec);

/// A name as the value of a label: at most 63 characters of [A-Za-z0-9._-].
std::string label_value(std::string_view text);

/// The pod that runs an attempt: the agent in the project's image. Its pod security is the standard
/// "restricted", unless the task's pod_override says otherwise. @param spec  has an image.
/// @param epoch  of the leader that makes it
/// Errors: invalid (its pod_template_file cannot be had).
Result<json::value> pod_of(const engine::AttemptSpec& spec, const KubernetesSettings& settings,
                           std::int64_t epoch);

/// "labelSelector=…": the pods of this install.
std::string pods_query(const KubernetesSettings& settings);

/// Whether this install made the pod.
bool is_of(const json::value& pod, const KubernetesSettings& settings);

/// Where the log of its attempt is, below the folder of logs.
std::string log_path_of(const json::value& pod);

/// Of the leader that made it; 0 if it does not say.
std::int64_t epoch_of(const json::value& pod);

/// Which attempt it runs. Nothing for one that does not say.
std::optional<Uuid> attempt_of(const json::value& pod);

}  // namespace leoflow::executor
