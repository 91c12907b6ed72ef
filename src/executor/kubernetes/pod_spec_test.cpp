#include "executor/kubernetes/pod_spec.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>

namespace leoflow::executor {
namespace {

engine::AttemptSpec attempt(const std::string& dag_id = "sales", const std::string& task_id = "load") {
  engine::AttemptSpec spec;
  spec.id = *Uuid::parse("0190b5c4-0000-7000-8000-0123456789ab");
  spec.dag_id = dag_id;
  spec.run_id = "manual__2026-01-01T00:00:00+00:00";
  spec.task_id = task_id;
  spec.try_number = 2;
  spec.image = "registry/sales:v1";
  return spec;
}

const json::object& part(const json::value& from, std::string_view key) {
  return from.at(key).as_object();
}

TEST(PodSpec, ItsNameIsADnsLabelOfItsOwn) {
  EXPECT_EQ(pod_name(attempt()), "leoflow-sales-load-0123456789ab");
  EXPECT_EQ(pod_name(attempt("Ünïcode DAG__", "group.task_1")),
            "leoflow-n-code-dag-group-task-1-0123456789ab");
  EXPECT_EQ(pod_name(attempt("日本", "--")), "leoflow-0123456789ab");
  const std::string longest = pod_name(attempt(std::string(200, 'a'), std::string(200, 'b')));
  EXPECT_LE(longest.size(), 63U);
}

TEST(PodSpec, LabelsAreCutToWhatKubernetesTakes) {
  EXPECT_EQ(label_value("manual__2026-01-01T00:00:00+00:00"), "manual__2026-01-01T00_00_00_00_00");
  EXPECT_EQ(label_value("__x--"), "x");
  EXPECT_EQ(label_value("-1"), "1");
  EXPECT_EQ(label_value("日本"), "");
  EXPECT_EQ(label_value(std::string(62, 'a') + ".b"), std::string(62, 'a'));
}

TEST(PodSpec, TellsWhoseItIs) {
  const json::value pod = pod_of(attempt(), {.instance = "mine"}, 1).value();
  EXPECT_EQ(attempt_of(pod), attempt().id);
  EXPECT_EQ(log_path_of(pod),
            "dag_id=sales/run_id=manual__2026-01-01T00:00:00+00:00/task_id=load/attempt=2.log");
  EXPECT_TRUE(is_of(pod, {.instance = "mine"}));
  EXPECT_FALSE(is_of(pod, {.instance = "yours"}));
  EXPECT_EQ(attempt_of(json::object{{"metadata", json::object()}}), std::nullopt);
  EXPECT_EQ(attempt_of(nullptr), std::nullopt);
}

TEST(PodSpec, IsRestrictedAndHasNoMoreThanItsTask) {
  const json::value pod =
      pod_of(attempt(), {.service_account = "tasks", .control_plane = "leoflow:9091"}, 1).value();
  const json::object& spec = part(pod, "spec");
  EXPECT_EQ(spec.at("restartPolicy"), "Never");
  EXPECT_EQ(spec.at("serviceAccountName"), "tasks");
  EXPECT_EQ(spec.at("automountServiceAccountToken"), false) << "it may not ask Kubernetes";
  EXPECT_EQ(spec.at("securityContext").at("runAsNonRoot"), true);
  EXPECT_EQ(spec.at("securityContext").at("seccompProfile").at("type"), "RuntimeDefault");
  const json::value& container = spec.at("containers").at(0);
  EXPECT_EQ(container.at("image"), "registry/sales:v1");
  const json::object& security = part(container, "securityContext");
  EXPECT_EQ(security.at("allowPrivilegeEscalation"), false);
  EXPECT_EQ(security.at("readOnlyRootFilesystem"), true);
  EXPECT_EQ(json::serialize(security.at("capabilities")), R"({"drop":["ALL"]})");
}

TEST(PodSpec, ATasksOverrideCountsButForWhatMakesItTheAttemptsPod) {
  engine::AttemptSpec spec = attempt();
  spec.pod_override = std::make_shared<const json::value>(*parse_json(R"({
    "metadata": {"name": "mine", "namespace": "other", "labels": {"team": "a", "leoflow.io/instance": "x"}},
    "spec": {"nodeSelector": {"disk": "ssd"}, "restartPolicy": "Always", "priorityClassName": "high",
             "volumes": [{"name": "data", "emptyDir": {}}],
             "containers": [{"name": "base", "image": "special:1", "args": ["--never"],
                             "env": [{"name": "A", "value": "1"}],
                             "resources": {"limits": {"memory": "1Gi"}}},
                            {"name": "sidecar", "image": "s:1"}]}})"));
  const json::value pod = pod_of(spec, {.name_space = "tasks", .control_plane = "c:1"}, 1).value();
  EXPECT_EQ(get_text(pod.at("metadata"), "name"), pod_name(spec));
  EXPECT_EQ(pod.at("metadata").at("namespace"), "tasks");
  EXPECT_EQ(pod.at("metadata").at("labels").at("team"), "a");
  EXPECT_EQ(pod.at("metadata").at("labels").at("leoflow.io/instance"), "leoflow");
  const json::object& of = part(pod, "spec");
  EXPECT_EQ(of.at("restartPolicy"), "Never");
  EXPECT_EQ(of.at("priorityClassName"), "high");
  EXPECT_EQ(of.at("nodeSelector").at("disk"), "ssd");
  EXPECT_EQ(of.at("volumes").as_array().size(), 3U);
  ASSERT_EQ(of.at("containers").as_array().size(), 2U);
  const json::value& container = of.at("containers").at(0);
  EXPECT_EQ(container.at("image"), "special:1");
  EXPECT_EQ(json::serialize(container.at("args")), R"(["--once"])");
  EXPECT_EQ(container.at("resources").at("limits").at("memory"), "1Gi");
  EXPECT_EQ(container.at("env").at(0).at("name"), "A");
  EXPECT_EQ(container.at("env").at(1).at("value"), "c:1");
  EXPECT_EQ(container.at("securityContext").at("readOnlyRootFilesystem"), true);
}

TEST(PodSpec, TrustsTheControlPlaneByItsCa) {
  const std::string without = json::serialize(pod_of(attempt(), {}, 1).value());
  EXPECT_EQ(without.find("LEOFLOW_AGENT_TLS_CA"), std::string::npos);
  const std::string with = json::serialize(pod_of(attempt(), {.ca_config_map = "leoflow-ca"}, 1).value());
  EXPECT_NE(with.find(R"({"name":"leoflow-ca","configMap":{"name":"leoflow-ca"}})"), std::string::npos);
}

TEST(PodSpec, HasTheCertificateThatItsAgentShows) {
  const std::string without = json::serialize(pod_of(attempt(), {}, 1).value());
  EXPECT_EQ(without.find("LEOFLOW_AGENT_TLS_CERT"), std::string::npos);
  const json::value with = pod_of(attempt(), {.certificate_secret = "agent-tls"}, 1).value();
  const std::string text = json::serialize(with);
  EXPECT_NE(text.find(R"({"name":"leoflow-certificate","secret":{"secretName":"agent-tls"}})"),
            std::string::npos);
  EXPECT_NE(text.find(R"({"name":"LEOFLOW_AGENT_TLS_CERT","value":"/etc/leoflow/certificate/tls.crt"})"),
            std::string::npos);
  EXPECT_NE(text.find(R"({"name":"LEOFLOW_AGENT_TLS_KEY","value":"/etc/leoflow/certificate/tls.key"})"),
            std::string::npos);
}

/// A folder with files, for as long as a test lasts.
struct Templates {
  explicit Templates(const std::map<std::string, std::string>& files)
      : folder(std::filesystem::temp_directory_path() / ("lf-templates-" + random_hex(6))) {
    std::filesystem::create_directories(folder);
    for (const auto& [name, text] : files) std::ofstream(folder / name) << text;
  }
  ~Templates() { std::filesystem::remove_all(folder); }
  const std::filesystem::path folder;
};

TEST(PodSpec, ATemplateIsBelowWhatTheTaskSaysAndAboveTheDefaults) {
  const json::value given =
      json::parse(R"({"kind": "Pod", "spec": {"priorityClassName": "low", "hostNetwork": true,
      "containers": [{"name": "base", "imagePullPolicy": "Always", "image": "ignored:1"}]}})");
  engine::AttemptSpec spec = attempt();
  spec.pod_override =
      std::make_shared<json::value>(json::parse(R"({"spec": {"priorityClassName": "high"}})"));
  const json::value pod = pod_of(spec, {.pod_template = given}, 1).value();
  EXPECT_EQ(get_text(pod.at("spec"), "priorityClassName"), "high");
  EXPECT_TRUE(get_bool(pod.at("spec"), "hostNetwork", false));
  const json::value& base = pod.at("spec").at("containers").at(0);
  EXPECT_EQ(get_text(base, "imagePullPolicy"), "Always");
  EXPECT_TRUE(get_bool(base.at("securityContext"), "readOnlyRootFilesystem", false));
  EXPECT_EQ(get_text(pod.at("metadata"), "name"), pod_name(spec));
}

TEST(PodSpec, ATaskMayNameATemplateOfTheServersFolderAndNoOther) {
  const Templates templates(
      {{"big.yaml", "kind: Pod\nspec:\n  schedulerName: big\n  containers: [{name: base}]\n"},
       {"bad.yaml", "kind: Job\n"}});
  const KubernetesSettings settings{
      .pod_template = json::parse(R"({"spec": {"hostNetwork": true, "containers": [{"name": "base"}]}})"),
      .template_folder = templates.folder.string()};
  engine::AttemptSpec spec = attempt();
  for (const std::string& name : {std::string("big.yaml"), (templates.folder / "big.yaml").string()}) {
    spec.pod_template_file = name;
    const json::value pod = pod_of(spec, settings, 1).value();
    EXPECT_EQ(get_text(pod.at("spec"), "schedulerName"), "big");
    EXPECT_FALSE(pod.at("spec").as_object().contains("hostNetwork")) << "instead of the server's";
  }
  const auto problem = [&](const std::string& name, const KubernetesSettings& with) {
    spec.pod_template_file = name;
    const auto pod = pod_of(spec, with, 1);
    return pod ? "none" : pod.error().message;
  };
  EXPECT_NE(problem("bad.yaml", settings).find("kind Pod"), std::string::npos);
  EXPECT_NE(problem("none.yaml", settings).find("cannot be read"), std::string::npos);
  for (const char* name : {"../big.yaml", "/etc/passwd", "a/../../b", ".."})
    EXPECT_NE(problem(name, settings).find("not below"), std::string::npos) << name;
  EXPECT_NE(problem("big.yaml", {}).find("LEOFLOW_EXECUTOR_POD_TEMPLATES"), std::string::npos);
}

/// The shape of the pod of an attempt, where pods stay.
std::string shape(const engine::AttemptSpec& spec, WarmSettings warm = {}) {
  return shape_of(pod_of(spec, {.warm = warm}, 1).value());
}

void say(engine::AttemptSpec& spec, std::string_view override) {
  spec.pod_override = std::make_shared<const json::value>(*parse_json(override));
}

TEST(PodSpec, PodsOfOneVersionThatDifferInTheirAttemptsOnlyHaveOneShape) {
  engine::AttemptSpec other = attempt("costs", "save");
  other.id = new_uuid(Time{});
  other.run_id = "another";
  other.map_index = 3;
  other.try_number = 7;
  EXPECT_EQ(shape(attempt()), shape(other));
  EXPECT_EQ(shape(attempt()).size(), 64U);
  EXPECT_EQ(shape_of(pod_of(attempt(), {.warm = WarmSettings{}}, 5).value()), shape(attempt()))
      << "whoever leads";
}

TEST(PodSpec, PodsThatDifferInAnythingElseHaveOtherShapes) {
  engine::AttemptSpec other = attempt();
  other.bundle_name = "another";
  EXPECT_NE(shape(attempt()), shape(other)) << "though the image is the same";
  other = attempt();
  other.bundle_version = "v2";
  EXPECT_NE(shape(attempt()), shape(other));
  other = attempt();
  other.image = "registry/sales:v2";
  EXPECT_NE(shape(attempt()), shape(other));
  for (const char* more :
       {R"({"spec": {"serviceAccountName": "rich"}})", R"({"metadata": {"labels": {"team": "a"}}})",
        R"({"spec": {"containers": [{"name": "base", "resources": {"limits": {"memory": "1Gi"}}}]}})"}) {
    other = attempt();
    say(other, more);
    EXPECT_NE(shape(attempt()), shape(other)) << more;
    EXPECT_NE(shape(other), "");
  }
  EXPECT_NE(shape(attempt()), shape(attempt(), {.most_attempts = 2}));
}

TEST(PodSpec, APodDoesNotStayThatIsMeantForOneAttempt) {
  EXPECT_EQ(shape_of(pod_of(attempt(), {}, 1).value()), "") << "nobody asked for it";
  for (const char* more : {R"({"spec": {"initContainers": [{"name": "first", "image": "i"}]}})",
                           R"({"spec": {"activeDeadlineSeconds": 60}})",
                           R"({"spec": {"containers": [{"name": "base", "env": [{"name": "TASK",
             "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['leoflow.io/task-id']"}}}]}]}})"}) {
    engine::AttemptSpec spec = attempt();
    say(spec, more);
    const json::value pod = pod_of(spec, {.warm = WarmSettings{}}, 1).value();
    EXPECT_EQ(shape_of(pod), "") << more;
    EXPECT_EQ(json::serialize(pod).find("LEOFLOW_AGENT_STAY"), std::string::npos) << more;
  }
}

TEST(PodSpec, ATaskCannotNameItsShape) {
  engine::AttemptSpec spec = attempt();
  say(spec,
      R"({"metadata": {"annotations": {"leoflow.io/shape": "x"}}, "spec": {"activeDeadlineSeconds": 60}})");
  EXPECT_EQ(shape(spec), "");
  EXPECT_EQ(shape_of(pod_of(spec, {}, 1).value()), "") << "it may be asked for later";
  say(spec, R"({"metadata": {"annotations": {"leoflow.io/shape": "x"}}})");
  EXPECT_EQ(shape(spec), shape(attempt()));
}

TEST(PodSpec, ATaskCannotNameTheSecretOfItsAgent) {
  engine::AttemptSpec spec = attempt();
  say(spec, R"({"metadata": {"annotations": {"leoflow.io/agent-secret-sha256": "x"}}})");
  EXPECT_EQ(secret_digest_of(pod_of(spec, {}, 1).value()), "");
}

TEST(PodSpec, AnIdlePodIsTurnedIntoThatOfAnotherAttempt) {
  engine::AttemptSpec mapped = attempt();
  mapped.map_index = 4;
  const json::value pod = pod_of(mapped, {.warm = WarmSettings{}}, 1).value();
  engine::AttemptSpec next = attempt("costs", "save");
  next.id = new_uuid(Time{});
  const json::value wanted = pod_of(next, {.warm = WarmSettings{}}, 2).value();
  const json::value patch = hand_over_patch(wanted, "u", "7", "digest");
  EXPECT_EQ(patch.as_object().size(), 1U) << "what a pod runs cannot be changed";
  json::object metadata = part(patch, "metadata");
  EXPECT_EQ(metadata.at("uid"), "u");
  EXPECT_EQ(metadata.at("resourceVersion"), "7");
  // What an API server makes of it.
  json::value changed = pod;
  for (const char* kind : {"labels", "annotations"}) {
    json::object& into = changed.at("metadata").at(kind).as_object();
    for (const auto& [name, value] : metadata.at(kind).as_object()) {
      if (value.is_null())
        into.erase(name);
      else
        into[name] = value;
    }
  }
  EXPECT_EQ(secret_digest_of(wanted), "");
  EXPECT_EQ(secret_digest_of(changed), "digest");
  changed.at("metadata").at("annotations").as_object().erase("leoflow.io/agent-secret-sha256");
  for (const char* kind : {"labels", "annotations"})
    EXPECT_EQ(changed.at("metadata").at(kind), wanted.at("metadata").at(kind));
  EXPECT_EQ(attempt_of(changed), next.id);
}

TEST(PodSpec, AHostIsKnownByItsVersionAndInstall) {
  const fleet::HostSpec spec{{"sales", "v1.2+main"}, "registry/sales:v1"};
  const json::value pod = host_pod_of(spec, {.instance = "mine"}, 7);
  EXPECT_EQ(host_of(pod), spec.bundle);
  EXPECT_EQ(owner_of(pod, {.instance = "mine"}), host_id(spec.bundle, {.instance = "mine"}));
  EXPECT_EQ(attempt_of(pod), std::nullopt);
  EXPECT_TRUE(is_of(pod, {.instance = "mine"}));
  EXPECT_EQ(epoch_of(pod), 7);
  const std::string name = get_text(pod.at("metadata"), "name");
  EXPECT_TRUE(name.starts_with("leoflow-host-sales-v1-2-main-")) << name;
  EXPECT_NE(name, host_pod_name(spec.bundle, {.instance = "yours"}));
  EXPECT_NE(name, host_pod_name({"sales", "v1.2-main"}, {.instance = "mine"}));
  EXPECT_LE(host_pod_name({std::string(200, 'a'), std::string(200, 'b')}, {}).size(), 63U);
  const json::value task = pod_of(attempt(), {}, 1).value();
  EXPECT_EQ(host_of(task), std::nullopt);
  EXPECT_EQ(owner_of(task, {}), attempt().id);
}

TEST(PodSpec, TheServersVariablesForPodsAreInPodsOfTasksAndHosts) {
  const KubernetesSettings settings{.variables = {{"SOME_NAME", "some value"}}};
  for (const json::value& pod : {pod_of(attempt(), settings, 1).value(),
                                 host_pod_of({{"sales", "v1"}, "registry/sales:v1"}, settings, 1)}) {
    const json::array& variables = pod.at("spec").at("containers").at(0).at("env").as_array();
    const json::value wanted = json::object{{"name", "SOME_NAME"}, {"value", "some value"}};
    EXPECT_NE(std::ranges::find(variables, wanted), variables.end()) << json::serialize(pod);
  }
}

TEST(PodSpec, AHostRunsItsImageUntilItIsToldToGoAndIsMadeFromTheServersTemplate) {
  const KubernetesSettings settings{
      .service_account = "tasks",
      .control_plane = "leoflow:9091",
      .pod_template =
          json::parse(R"({"spec": {"schedulerName": "mine", "containers": [{"name": "base"}]}})")};
  const json::value pod = host_pod_of({{"sales", "v1"}, "registry/sales:v1"}, settings, 1);
  EXPECT_EQ(pod.at("spec").at("schedulerName"), "mine");
  EXPECT_EQ(pod.at("spec").at("restartPolicy"), "Never");
  EXPECT_EQ(pod.at("spec").at("serviceAccountName"), "tasks");
  const json::value& container = pod.at("spec").at("containers").at(0);
  EXPECT_EQ(container.at("image"), "registry/sales:v1");
  EXPECT_EQ(json::serialize(container.at("args")), "[]");
  EXPECT_EQ(container.at("securityContext").at("readOnlyRootFilesystem"), true);
}

}  // namespace
}  // namespace leoflow::executor
