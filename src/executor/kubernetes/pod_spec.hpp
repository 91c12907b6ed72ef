#pragma once

#include <string>

#include "base/json.hpp"
#include "engine/ports.hpp"
#include "executor/kubernetes/settings.hpp"
#include "fleet/launcher.hpp"

namespace leoflow::executor {

/// Who the token of a pod is meant for.
constexpr std::string_view kTokenAudience = "leoflow";

/// Always the same for an attempt, so that it cannot have two pods: "leoflow-<dag>-<task>-<12 hex>", a DNS
/// label.
std::string pod_name(const engine::AttemptSpec& spec);

/// Stands for a host where attempts have their ids: the same for a version of a project in an install.
Uuid host_id(const agentrpc::BundleVersion& bundle, const KubernetesSettings& settings);

/// Likewise always the same: "leoflow-host-<project>-<version>-<12 hex>", a DNS label.
std::string host_pod_name(const agentrpc::BundleVersion& bundle, const KubernetesSettings& settings);

/// A name as the value of a label: at most 63 characters of [A-Za-z0-9._-].
std::string label_value(std::string_view text);

/// The pod that runs an attempt: the agent in the project's image. Its pod security is the standard
/// "restricted", unless the task's pod_override says otherwise. One that stays after its attempt, if there
/// are such, has a shape (shape_of). @param spec  has an image.
/// @param epoch  of the leader that makes it
/// Errors: invalid (its pod_template_file cannot be had).
Result<json::value> pod_of(const engine::AttemptSpec& spec, const KubernetesSettings& settings,
                           std::int64_t epoch);

/// A merge patch that makes an idle pod that of another attempt. It is taken for the pod of that uid as it
/// was at that version, and for no other. @param manifest  of the pod that the attempt would have of its own
/// @param secret_digest  see secret_digest_of
json::value hand_over_patch(const json::value& manifest, const std::string& uid, const std::string& version,
                            const std::string& secret_digest);

/// The pod of a host: the agent in the image of its version, made from the server's template.
json::value host_pod_of(const fleet::HostSpec& spec, const KubernetesSettings& settings, std::int64_t epoch);

/// "labelSelector=…": the pods of this install.
std::string pods_query(const KubernetesSettings& settings);

/// Whether this install made the pod.
bool is_of(const json::value& pod, const KubernetesSettings& settings);

/// Where the log of its attempt is, below the folder of logs.
std::string log_path_of(const json::value& pod);

/// The same for pods that can run each other's attempts; "" for one that does not stay after its attempt.
std::string shape_of(const json::value& pod);

/// SHA-256, in hex, of what its agent was told when it was handed over; "" for one that never was.
std::string secret_digest_of(const json::value& pod);

/// Of the leader that made it; 0 if it does not say.
std::int64_t epoch_of(const json::value& pod);

/// Which attempt it runs. Nothing for one that does not say.
std::optional<Uuid> attempt_of(const json::value& pod);

/// Of which version it is the host. Nothing for one that does not say.
std::optional<agentrpc::BundleVersion> host_of(const json::value& pod);

/// The id of its attempt, or that which stands for its host.
std::optional<Uuid> owner_of(const json::value& pod, const KubernetesSettings& settings);

}  // namespace leoflow::executor
