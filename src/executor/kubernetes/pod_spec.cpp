#include "executor/kubernetes/pod_spec.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>

#include "base/named_uuid.hpp"
#include "base/text.hpp"
#include "kube/pod_file.hpp"
#include "kube/pod_merge.hpp"
#include "tasks/log_path.hpp"

namespace leoflow::executor {
namespace {

constexpr std::string_view kInstanceLabel = "leoflow.io/instance";
constexpr std::string_view kAttemptAnnotation = "leoflow.io/attempt-id";
constexpr std::string_view kProjectAnnotation = "leoflow.io/host-of-project";
constexpr std::string_view kVersionAnnotation = "leoflow.io/host-of-version";
constexpr std::string_view kEpochAnnotation = "leoflow.io/leader-epoch";
constexpr std::string_view kShapeAnnotation = "leoflow.io/shape";
constexpr std::string_view kSecretAnnotation = "leoflow.io/agent-secret-sha256";
constexpr std::string_view kMapIndexLabel = "leoflow.io/map-index";
constexpr std::string_view kTokenFolder = "/var/run/secrets/leoflow";
constexpr std::string_view kCaFolder = "/etc/leoflow/tls";
constexpr std::string_view kCertificateFolder = "/etc/leoflow/certificate";
constexpr std::size_t kMostLabel = 63;
/// Seconds; kubelet renews it long before. The least that Kubernetes takes.
constexpr int kTokenLife = 600;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Lower case, with a dash for all that a DNS label may not have; none at its ends.
std::string dns_part(std::string_view text, std::size_t most) {
  std::string out;
  for (const char c : to_lower(text)) {
    if (is_alphanumeric(c))
      out += c;
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  out.resize(std::min(out.size(), most));
  while (out.ends_with('-')) out.pop_back();
  return out;
}

const json::value& annotations_of(const json::value& pod) {
  static const json::value kNone = json::object();
  const json::value* metadata = find(pod, "metadata");
  const json::value* annotations = metadata == nullptr ? nullptr : find(*metadata, "annotations");
  return annotations == nullptr ? kNone : *annotations;
}

json::object install_labels(const KubernetesSettings& settings) {
  return {{"app.kubernetes.io/managed-by", "leoflow"}, {kInstanceLabel, label_value(settings.instance)}};
}

/// What names the attempt; the rest of the labels and annotations says what pod it wants.
constexpr std::array<std::string_view, 5> kAttemptLabels = {
    "leoflow.io/dag-id", "leoflow.io/run-id", "leoflow.io/task-id", "leoflow.io/try-number", kMapIndexLabel};
constexpr std::array<std::string_view, 7> kAttemptAnnotations = {
    kAttemptAnnotation, kEpochAnnotation, "dag_id", "run_id", "task_id", "map_index", "try_number"};

json::object labels_of(const engine::AttemptSpec& spec, const KubernetesSettings& settings) {
  json::object out = install_labels(settings);
  out["leoflow.io/dag-id"] = label_value(spec.dag_id);
  out["leoflow.io/run-id"] = label_value(spec.run_id);
  out["leoflow.io/task-id"] = label_value(spec.task_id);
  out["leoflow.io/try-number"] = std::to_string(spec.try_number);
  if (spec.map_index >= 0) out[kMapIndexLabel] = std::to_string(spec.map_index);
  return out;
}

json::object variable(std::string_view name, std::string_view value) {
  return {{"name", name}, {"value", value}};
}

/// What a pod has unless its task says otherwise.
json::value default_pod(const KubernetesSettings& settings) {
  const json::object restricted = {{"allowPrivilegeEscalation", false},
                                   {"readOnlyRootFilesystem", true},
                                   {"capabilities", json::object{{"drop", json::array{"ALL"}}}}};
  const json::object container = {{"name", "base"},  // as in Airflow, whose pod overrides name it
                                  {"imagePullPolicy", "IfNotPresent"},
                                  {"terminationMessagePolicy", "FallbackToLogsOnError"},
                                  {"securityContext", restricted}};
  json::object spec = {
      {"automountServiceAccountToken", false},
      {"enableServiceLinks", false},
      {"securityContext",
       json::object{{"runAsNonRoot", true}, {"seccompProfile", json::object{{"type", "RuntimeDefault"}}}}},
      {"containers", json::array{container}}};
  if (!settings.service_account.empty()) spec["serviceAccountName"] = settings.service_account;
  return json::object{{"spec", std::move(spec)}};
}

json::object container_of(const std::string& image, const json::array& arguments,
                          const KubernetesSettings& settings) {
  json::array variables = {variable("LEOFLOW_CONTROL_PLANE_ADDR", settings.control_plane),
                           variable("LEOFLOW_AGENT_TOKEN_FILE", fmt::format("{}/token", kTokenFolder))};
  for (const auto& [name, value] : settings.variables) variables.push_back(variable(name, value));
  json::array mounts = {
      json::object{{"name", "leoflow-token"}, {"mountPath", kTokenFolder}, {"readOnly", true}},
      json::object{{"name", "leoflow-tmp"}, {"mountPath", "/tmp"}}};
  if (!settings.ca_config_map.empty()) {
    variables.push_back(variable("LEOFLOW_AGENT_TLS_CA", fmt::format("{}/ca.crt", kCaFolder)));
    mounts.push_back(json::object{{"name", "leoflow-ca"}, {"mountPath", kCaFolder}, {"readOnly", true}});
  }
  if (!settings.certificate_secret.empty()) {
    variables.push_back(variable("LEOFLOW_AGENT_TLS_CERT", fmt::format("{}/tls.crt", kCertificateFolder)));
    variables.push_back(variable("LEOFLOW_AGENT_TLS_KEY", fmt::format("{}/tls.key", kCertificateFolder)));
    mounts.push_back(
        json::object{{"name", "leoflow-certificate"}, {"mountPath", kCertificateFolder}, {"readOnly", true}});
  }
  return {{"name", "base"},
          {"image", image},
          {"args", arguments},
          {"env", std::move(variables)},
          {"volumeMounts", std::move(mounts)}};
}

json::array volumes_of(const KubernetesSettings& settings) {
  const json::object token = {
      {"audience", kTokenAudience}, {"expirationSeconds", kTokenLife}, {"path", "token"}};
  json::array out = {
      json::object{{"name", "leoflow-token"},
                   {"projected",
                    json::object{{"sources", json::array{json::object{{"serviceAccountToken", token}}}}}}},
      json::object{{"name", "leoflow-tmp"}, {"emptyDir", json::object()}}};
  if (!settings.ca_config_map.empty()) {
    out.push_back(
        json::object{{"name", "leoflow-ca"}, {"configMap", json::object{{"name", settings.ca_config_map}}}});
  }
  if (!settings.certificate_secret.empty()) {
    out.push_back(json::object{{"name", "leoflow-certificate"},
                               {"secret", json::object{{"secretName", settings.certificate_secret}}}});
  }
  return out;
}

/// Of the task's own override; "" if it has none.
std::string image_of(const json::value& pod) {
  const json::value* spec = find(pod, "spec");
  const json::value* containers = spec == nullptr ? nullptr : find(*spec, "containers");
  const bool is_list = containers != nullptr && containers->is_array() && !containers->get_array().empty();
  return is_list ? get_text(containers->get_array()[0], "image") : "";
}

json::value own_pod(const std::string& name, const json::object& labels, json::object annotations,
                    const json::object& container, const KubernetesSettings& settings, std::int64_t epoch) {
  annotations[kEpochAnnotation] = std::to_string(epoch);
  const json::object pod_spec = {
      {"restartPolicy", "Never"}, {"containers", json::array{container}}, {"volumes", volumes_of(settings)}};
  const json::object metadata = {{"name", name},
                                 {"namespace", settings.name_space},
                                 {"labels", labels},
                                 {"annotations", std::move(annotations)}};
  return json::object{{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", metadata}, {"spec", pod_spec}};
}

/// What happens once in a pod's life, but is meant for each attempt, or would tell one of another.
bool is_for_one_attempt(const json::value& pod) {
  const json::value* spec = find(pod, "spec");
  if (spec == nullptr) return false;
  const std::string text = json::serialize(*spec);
  const auto says = [&](std::string_view what) { return text.find(what) != std::string::npos; };
  return find(*spec, "initContainers") != nullptr || find(*spec, "activeDeadlineSeconds") != nullptr ||
         says("\"fieldPath\":\"metadata.labels") || says("\"fieldPath\":\"metadata.annotations");
}

/// Names what pods have in common that can run each other's attempts.
std::string shape_for(json::value pod, const engine::AttemptSpec& spec) {
  json::object& metadata = pod.at("metadata").as_object();
  metadata.erase("name");
  for (const auto label : kAttemptLabels) metadata.at("labels").as_object().erase(label);
  for (const auto annotation : kAttemptAnnotations) metadata.at("annotations").as_object().erase(annotation);
  return sha256_hex(
      json::serialize(json::array{spec.bundle_name, spec.bundle_version.value_or(""), std::move(pod)}));
}

/// Has it stay, if it may, and says so to the agent: one that knows nothing of that goes all the same.
void let_stay(json::value& pod, const engine::AttemptSpec& spec, const WarmSettings& warm) {
  if (is_for_one_attempt(pod)) return;
  json::array& variables = pod.at("spec").at("containers").at(0).at("env").as_array();
  variables.push_back(variable("LEOFLOW_AGENT_STAY", std::to_string(warm.idle_limit.count())));
  variables.push_back(variable("LEOFLOW_AGENT_MOST_ATTEMPTS", std::to_string(warm.most_attempts)));
  std::string shape = shape_for(pod, spec);
  pod.at("metadata").at("annotations").as_object()[kShapeAnnotation] = std::move(shape);
}

json::value own_pod(const engine::AttemptSpec& spec, const KubernetesSettings& settings, std::int64_t epoch,
                    const std::string& own_image) {
  // Labels are cut: these are the names as they are.
  const json::object annotations = {{kAttemptAnnotation, spec.id.text()},
                                    {"dag_id", spec.dag_id},
                                    {"run_id", spec.run_id},
                                    {"task_id", spec.task_id},
                                    {"map_index", std::to_string(spec.map_index)},
                                    {"try_number", std::to_string(spec.try_number)}};
  const std::string& image = own_image.empty() ? *spec.image : own_image;
  return own_pod(pod_name(spec), labels_of(spec, settings), annotations,
                 container_of(image, {"--once"}, settings), settings, epoch);
}

json::value own_host_pod(const fleet::HostSpec& spec, const KubernetesSettings& settings,
                         std::int64_t epoch) {
  json::object labels = install_labels(settings);
  labels[kProjectAnnotation] = label_value(spec.bundle.name);
  labels[kVersionAnnotation] = label_value(spec.bundle.version);
  const json::object annotations = {{kProjectAnnotation, spec.bundle.name},
                                    {kVersionAnnotation, spec.bundle.version}};
  return own_pod(host_pod_name(spec.bundle, settings), labels, annotations,
                 container_of(spec.image, {}, settings), settings, epoch);
}

/// What the task's pod is made from; null for nothing.
Result<json::value> template_of(const engine::AttemptSpec& spec, const KubernetesSettings& settings) {
  if (spec.pod_template_file.empty()) return settings.pod_template;
  const auto refused = [&](std::string_view why) {
    return fail(ErrorCode::invalid, fmt::format("pod_template_file of its executor_config is '{}': {}",
                                                spec.pod_template_file, why));
  };
  if (settings.template_folder.empty())
    return refused("this server has no folder for such files (LEOFLOW_EXECUTOR_POD_TEMPLATES)");
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(settings.template_folder).lexically_normal();
  const fs::path file = (folder / spec.pod_template_file).lexically_normal();
  const fs::path below = file.lexically_relative(folder);
  if (below.empty() || *below.begin() == "..") return refused("it is not below " + folder.string());
  auto read = kube::read_pod_file(file.string());
  if (!read) return refused(read.error().message);
  return read;
}

}  // namespace

std::string label_value(std::string_view text) {
  std::string out;
  for (const char c : text) out += is_alphanumeric(c) || c == '-' || c == '_' || c == '.' ? c : '_';
  out.resize(std::min(out.size(), kMostLabel));
  while (!out.empty() && !is_alphanumeric(out.back())) out.pop_back();
  const auto first = std::ranges::find_if(out, is_alphanumeric);
  out.erase(out.begin(), first);
  return out;
}

std::string pod_name(const engine::AttemptSpec& spec) {
  const std::string id = spec.id.text();
  std::string out = "leoflow";
  for (const std::string& part : {dns_part(spec.dag_id, 20), dns_part(spec.task_id, 20)}) {
    if (!part.empty()) out += "-" + part;
  }
  return out + "-" + id.substr(id.size() - 12);
}

Uuid host_id(const agentrpc::BundleVersion& bundle, const KubernetesSettings& settings) {
  return named_uuid(settings.instance + "\n" + bundle.name + "\n" + bundle.version);
}

std::string host_pod_name(const agentrpc::BundleVersion& bundle, const KubernetesSettings& settings) {
  const std::string id = host_id(bundle, settings).text();
  std::string out = "leoflow-host";
  for (const std::string& part : {dns_part(bundle.name, 20), dns_part(bundle.version, 15)}) {
    if (!part.empty()) out += "-" + part;
  }
  return out + "-" + id.substr(id.size() - 12);
}

Result<json::value> pod_of(const engine::AttemptSpec& spec, const KubernetesSettings& settings,
                           std::int64_t epoch) {
  auto base = template_of(spec, settings);
  if (!base) return base;
  json::value pod = default_pod(settings);
  if (!base->is_null()) pod = kube::merge_pods(pod, *base);
  if (spec.pod_override) pod = kube::merge_pods(pod, *spec.pod_override);
  // What makes it the pod of this attempt comes last, as in Airflow: nobody can take it away.
  pod = kube::merge_pods(pod, own_pod(spec, settings, epoch, image_of(pod)));
  // Ours to say: what a task says of itself must not give it the attempts of others.
  for (const auto annotation : {kShapeAnnotation, kSecretAnnotation})
    pod.at("metadata").at("annotations").as_object().erase(annotation);
  if (settings.warm) let_stay(pod, spec, *settings.warm);
  return pod;
}

json::value hand_over_patch(const json::value& manifest, const std::string& uid, const std::string& version,
                            const std::string& secret_digest) {
  const json::value& wanted = manifest.at("metadata");
  json::object labels;
  json::object annotations;
  for (const auto label : kAttemptLabels) {
    const json::value* found = find(wanted.at("labels"), label);
    labels[label] = found == nullptr ? json::value() : *found;
  }
  for (const auto annotation : kAttemptAnnotations)
    annotations[annotation] = wanted.at("annotations").at(annotation);
  annotations[kSecretAnnotation] = secret_digest;
  const json::object metadata = {{"uid", uid},
                                 {"resourceVersion", version},
                                 {"labels", std::move(labels)},
                                 {"annotations", std::move(annotations)}};
  return json::object{{"metadata", metadata}};
}

json::value host_pod_of(const fleet::HostSpec& spec, const KubernetesSettings& settings, std::int64_t epoch) {
  json::value pod = default_pod(settings);
  if (!settings.pod_template.is_null()) pod = kube::merge_pods(pod, settings.pod_template);
  return kube::merge_pods(pod, own_host_pod(spec, settings, epoch));
}

std::string pods_query(const KubernetesSettings& settings) {
  return "labelSelector=" + url_encode(fmt::format("{}={}", kInstanceLabel, label_value(settings.instance)));
}

bool is_of(const json::value& pod, const KubernetesSettings& settings) {
  const json::value* metadata = find(pod, "metadata");
  const json::value* labels = metadata == nullptr ? nullptr : find(*metadata, "labels");
  return labels != nullptr && get_text(*labels, kInstanceLabel) == label_value(settings.instance);
}

std::string log_path_of(const json::value& pod) {
  const json::value& named = annotations_of(pod);
  const auto number = [&](std::string_view key) { return std::atoi(get_text(named, key).c_str()); };
  return tasks::relative_log_path(get_text(named, "dag_id"), get_text(named, "run_id"),
                                  get_text(named, "task_id"), number("map_index"), number("try_number"));
}

std::string shape_of(const json::value& pod) {
  return get_text(annotations_of(pod), kShapeAnnotation);
}

std::string secret_digest_of(const json::value& pod) {
  return get_text(annotations_of(pod), kSecretAnnotation);
}

std::int64_t epoch_of(const json::value& pod) {
  return std::atoll(get_text(annotations_of(pod), kEpochAnnotation).c_str());
}

std::optional<Uuid> attempt_of(const json::value& pod) {
  return Uuid::parse(get_text(annotations_of(pod), kAttemptAnnotation));
}

std::optional<agentrpc::BundleVersion> host_of(const json::value& pod) {
  agentrpc::BundleVersion out{get_text(annotations_of(pod), kProjectAnnotation),
                              get_text(annotations_of(pod), kVersionAnnotation)};
  return out.name.empty() || attempt_of(pod) ? std::nullopt : std::optional(std::move(out));
}

std::optional<Uuid> owner_of(const json::value& pod, const KubernetesSettings& settings) {
  if (const auto host = host_of(pod)) return host_id(*host, settings);
  return attempt_of(pod);
}

}  // namespace leoflow::executor
