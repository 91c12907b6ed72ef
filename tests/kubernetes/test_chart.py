"""The Helm chart: its own tests, and what a real API server says to it."""

from __future__ import annotations

import base64
import json
import pathlib
import re

import pytest
from bed.bed import Bed
from chart import CHART, EXAMPLES, LEAST, RELEASE, render, run
from pods import Namespace
from support import ROOT, eventually

_TEXT, _TEXTS = {"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}


def _all_of(**properties: object) -> dict[str, object]:
    return {"type": "object", "properties": properties, "required": list(properties)}


# As much of the Prometheus operator's kind as the chart uses.
_SERVICE_MONITOR = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "servicemonitors.monitoring.coreos.com"},
    "spec": {
        "group": "monitoring.coreos.com",
        "names": {"kind": "ServiceMonitor", "plural": "servicemonitors", "singular": "servicemonitor"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": _all_of(
                        spec=_all_of(
                            selector=_all_of(matchLabels=_TEXTS),
                            namespaceSelector=_all_of(matchNames={"type": "array", "items": _TEXT}),
                            endpoints={
                                "type": "array",
                                "items": _all_of(port=_TEXT, path=_TEXT, interval=_TEXT, scrapeTimeout=_TEXT),
                            },
                        )
                    )
                },
            }
        ],
    },
}
_EVERYTHING = {
    "taskNamespace": "leoflow-tasks",
    "taskServiceAccount": {"create": True, "imagePullSecrets": [{"name": "pull"}]},
    "database": {"existingSecret": "own", "caConfigMap": "ca"},
    "bootstrap": {"password": "a password"},
    "redis": {"url": "rediss://:password@h:6380/1", "caConfigMap": "redis-ca"},
    "auth": {
        "existingSecret": "own",
        "oidc": {
            "issuer": "https://id.example.com",
            "clientId": "leoflow",
            "existingSecret": "login",
            "redirectUrl": "https://leoflow.example.com/api/v2/auth/oidc/callback",
            "defaultRole": "viewer",
            "caConfigMap": "id-ca",
        },
    },
    "executor": {
        "podTemplate": {"kind": "Pod", "spec": {"containers": [{"name": "base"}]}},
        "podTemplates": {"big.yaml": {"kind": "Pod", "spec": {"containers": [{"name": "base"}]}}},
    },
    "replicaCount": 2,
    "ports": {"http": 80},
    "agentTLS": {"mutual": True},
    "api": {"enabled": True, "autoscaling": {"enabled": True}},
    "migrations": {"hook": True},
    "logs": {"persistence": {"accessMode": "ReadWriteMany"}},
    "extraEnv": [{"name": "AIRFLOW__API__INSTANCE_NAME", "value": "Mine"}],
    "service": {"type": "LoadBalancer"},
    "ingress": {"enabled": True, "hosts": [{"host": "a.example"}], "tls": [{"secretName": "tls"}]},
    "metrics": {"serviceMonitor": {"enabled": True}},
    "podDisruptionBudget": {"enabled": True, "minAvailable": "", "maxUnavailable": "50%"},
    "networkPolicy": {"enabled": True, "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]},
    "taskNetworkPolicy": {"enabled": True, "blockPrivateNetworks": True, "allowMetadataEgress": True},
    "tolerations": [{"operator": "Exists"}],
}
# What excludes something of the above.
_OTHERWISE = {
    "redis": {"existingSecret": "cache"},
    "bootstrap": {"existingSecret": "own"},
    "taskServiceAccount": {"name": "theirs"},
    "serviceAccount": {"create": False, "name": "ours"},
    "rbac": {"create": False},
    "executor": {"warmPods": {"enabled": True}},
    "replicaCount": 3,
    "agentTLS": {
        "autoGenerate": False,
        "serverCertSecret": "tls",
        "caConfigMap": "tls-ca",
        "mutual": True,
        "clientCertSecret": "agent-tls",
    },
    "config": {"edition": "pro", "agentControlPlaneAddr": "a.example:443,b.example:443"},
    "logs": {
        "remote": {
            "url": "s3://b/logs",
            "region": "eu-west-1",
            "endpoint": "https://s3.example",
            "existingSecret": "keys",
        },
    },
    "service": {"type": "NodePort"},
    "podDisruptionBudget": {"enabled": True, "minAvailable": 2},
    "networkPolicy": {
        "enabled": True,
        "ingressFrom": [{"namespaceSelector": {}}],
        "metricsFrom": [{"namespaceSelector": {}}],
    },
    "taskNetworkPolicy": {"enabled": True, "extraExcept": ["192.0.2.0/24"]},
}
_AT_GOOGLE = {"logs": {"remote": {"url": "gs://b/logs", "existingSecret": "keys"}}}
# A variable that the server, or what it is linked with, may read.
_VARIABLE = r"(?:LEOFLOW|AIRFLOW_|AWS|GOOGLE|OTEL|STORAGE)_[A-Z]\w+"
# Files of other programs, of other commands, and of tests.
_OF_OTHERS = re.compile(r"^(agent|lite)/|^cli/(?!server_)\w+_command\.|^cli/remote\.|_test\.|^store/temporary_database\.")
# Of the server and not of the chart, by reason.
_NOT_IN_THE_CHART = {
    "the image has it": {"LEOFLOW_AIRFLOW_FOLDER"},
    "the ServiceAccount does it": {"LEOFLOW_EXECUTOR_KUBECONFIG"},
    "taskNamespace is stronger": {"AIRFLOW__KUBERNETES_EXECUTOR__NAMESPACE"},
    "auth.oidc.redirectUrl is stronger": {"AIRFLOW__API__BASE_URL"},
    "the server refuses it": {
        "AIRFLOW__CORE__HIDE_SENSITIVE_VAR_CONN_FIELDS",
        "AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID",
        "LEOFLOW_CONFIG",
    },
    "how the UI and the API look is for extraEnv": {
        "AIRFLOW__API__ACCESS_CONTROL_ALLOW_HEADERS",
        "AIRFLOW__API__ACCESS_CONTROL_ALLOW_METHODS",
        "AIRFLOW__API__ACCESS_CONTROL_ALLOW_ORIGINS",
        "AIRFLOW__API__AUTO_REFRESH_INTERVAL",
        "AIRFLOW__API__DEFAULT_WRAP",
        "AIRFLOW__API__ENABLE_SWAGGER_UI",
        "AIRFLOW__API__EXPOSE_CONFIG",
        "AIRFLOW__API__FALLBACK_PAGE_LIMIT",
        "AIRFLOW__API__HIDE_PAUSED_DAGS_BY_DEFAULT",
        "AIRFLOW__API__INSTANCE_NAME",
        "AIRFLOW__API__REQUIRE_CONFIRMATION_DAG_CHANGE",
        "AIRFLOW__API__THEME",
    },
    "what DAGs may do is for extraEnv": {
        "AIRFLOW__CORE__MAX_MAP_LENGTH",
        "AIRFLOW__CORE__RERUN_WITH_LATEST_VERSION",
        "AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES",
        "AIRFLOW__CORE__TEST_CONNECTION",
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE",
    },
    "where traces go is for extraEnv": {
        "AIRFLOW__TRACES__OTEL_HOST",
        "AIRFLOW__TRACES__OTEL_ON",
        "AIRFLOW__TRACES__OTEL_PORT",
        "AIRFLOW__TRACES__OTEL_SERVICE",
        "AIRFLOW__TRACES__OTEL_SSL_ACTIVE",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "OTEL_BSP_MAX_QUEUE_SIZE",
        "OTEL_BSP_SCHEDULE_DELAY",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        "OTEL_RESOURCE_ATTRIBUTES",
        "OTEL_SDK_DISABLED",
        "OTEL_SERVICE_NAME",
        "OTEL_TRACES_EXPORTER",
        "OTEL_TRACES_SAMPLER",
        "OTEL_TRACES_SAMPLER_ARG",
    },
    "clouds set it where a ServiceAccount has rights": {
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_DEFAULT_REGION",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    },
    "buckets elsewhere and for an hour are for extraEnv": {
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_STS",
        "AWS_SESSION_TOKEN",
        "STORAGE_EMULATOR_HOST",
    },
    "the server gives it to what it starts": {
        "AIRFLOW__CORE__AUTH_MANAGER",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
        "AIRFLOW__CORE__LOAD_EXAMPLES",
        "AIRFLOW__CORE__PLUGINS_FOLDER",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER",
        "LEOFLOW_AGENT_MOST_ATTEMPTS",
        "LEOFLOW_AGENT_STAY",
        "LEOFLOW_AGENT_TLS_CA",
        "LEOFLOW_AGENT_TLS_CERT",
        "LEOFLOW_AGENT_TLS_KEY",
        "LEOFLOW_AGENT_TOKEN",
        "LEOFLOW_AGENT_TOKEN_FILE",
        "LEOFLOW_CONTROL_PLANE_ADDR",
    },
}
_VALUES = {file.stem: file for file in EXAMPLES} | {
    "everything": _EVERYTHING,
    "otherwise": _OTHERWISE,
    "at-google": _AT_GOOGLE,
}


@pytest.fixture(scope="module")
def cluster(control_plane: Bed) -> Bed:
    """Gives a cluster with what the examples need: their namespaces, restricted, and the kind ServiceMonitor."""
    api = control_plane.api
    for name in ("leoflow", "leoflow-tasks"):
        labels = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}
        api.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
    api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", _SERVICE_MONITOR)
    monitors = "/apis/monitoring.coreos.com/v1"
    eventually(lambda: control_plane.has(monitors), "the kind ServiceMonitor is served", 30)
    return control_plane


def test_the_suites_of_the_chart_pass() -> None:
    said = run("helm-unittest", "--color=false", CHART)
    assert int(re.search(r"^Tests: +(\d+) passed", said, re.MULTILINE)[1]) > 50


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_examples_have_no_lint(example: pathlib.Path) -> None:
    run("helm", "lint", "--strict", CHART, "--values", example)


@pytest.mark.parametrize("values", _VALUES.values(), ids=_VALUES)
def test_the_api_server_takes_what_is_rendered(cluster: Bed, values) -> None:
    manifests = render("leoflow", values)
    said = run(
        "kubectl", "--kubeconfig", cluster.kubeconfig, "apply", "--dry-run=server", "--validate=strict", "--filename", "-",
        text=manifests,
    )  # fmt: skip
    assert said.count("(server dry run)") == manifests.count("\nkind: ")


@pytest.mark.parametrize(
    ("values", "template"),
    [(_EVERYTHING, "deployment"), (_EVERYTHING, "migrations"), (_OTHERWISE, "deployment"), (_AT_GOOGLE, "deployment")],
)
def test_the_pods_that_the_chart_makes_are_restricted(cluster: Bed, values: dict, template: str) -> None:
    manifests = render("leoflow", values, "--show-only", f"templates/{template}.yaml")
    shown = run(
        "kubectl", "--kubeconfig", cluster.kubeconfig, "create", "--dry-run=client", "--output=json", "--filename", "-",
        text=manifests,
    )  # fmt: skip
    while shown := shown.strip():
        made, end = json.JSONDecoder().raw_decode(shown)
        shown = shown[end:]
        pod = made["spec"]["template"] | {"apiVersion": "v1", "kind": "Pod"}
        pod["metadata"]["name"] = "server"
        pod["spec"]["serviceAccountName"] = "default"  # the chart's is not there
        cluster.api.create("/api/v1/namespaces/leoflow/pods?dryRun=All", pod)


def test_the_versions_are_those_of_the_program() -> None:
    version = re.search(r"^project\(leoflow VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
    chart = (CHART / "Chart.yaml").read_text()
    assert re.search(r"^version: (.*)$", chart, re.MULTILINE)[1] == version
    assert re.search(r'^appVersion: "(.*)"$', chart, re.MULTILINE)[1] == version


def _settings_of_the_server() -> set[str]:
    """Returns the variables that the server's code names, and some that it gives to what it starts."""
    files = (file for file in (ROOT / "src").rglob("*.[ch]pp") if not _OF_OTHERS.search(str(file.relative_to(ROOT / "src"))))
    return {name for file in files for name in re.findall(rf'"({_VARIABLE})"', file.read_text())}


def _settings_of_the_chart() -> set[str]:
    """Returns the variables that the chart sets, over values that do not go together."""
    sets = (
        _EVERYTHING | {"config": {"edition": "pro"}, "extraEnv": []},
        {"bootstrap": {"passwordHash": "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"}},
        _OTHERWISE,
        _AT_GOOGLE,
    )
    return {name for values in sets for name in re.findall(f"- name: ({_VARIABLE})", render("leoflow", values))}


def test_every_setting_of_the_server_is_set_or_is_not_for_a_reason_and_no_other_is() -> None:
    server, chart = _settings_of_the_server(), _settings_of_the_chart()
    assert chart - server == set()
    assert server - chart == set().union(*_NOT_IN_THE_CHART.values())


def test_no_setting_of_the_chart_can_be_set_beside_it() -> None:
    # Those of clouds can, as long as no value sets them.
    names = sorted(name for name in _settings_of_the_chart() if name.startswith(("LEOFLOW_", "AIRFLOW_")))
    with pytest.raises(AssertionError) as refused:
        render("leoflow", {"extraEnv": [{"name": name, "value": "x"} for name in names]})
    assert re.findall(r"extraEnv sets (\w+),", str(refused.value)) == names


def test_an_install_keeps_its_certificate_until_its_host_changes(
    cluster: Bed, namespace: Namespace, tmp_path: pathlib.Path
) -> None:
    def install(**config: str) -> str:
        values = json.dumps(LEAST | {"config": config})
        run(
            "helm", "--kubeconfig", cluster.kubeconfig, "upgrade", "--install", RELEASE, CHART,
            "--namespace", namespace.name, "--values", "-", text=values,
        )  # fmt: skip
        secret = namespace.find("secrets", "leoflow-agent-tls")["data"]
        authority = namespace.find("configmaps", "leoflow-agent-ca")["data"]["ca.crt"]
        assert base64.b64decode(secret["ca.crt"]).decode().strip() == authority.strip()
        (tmp_path / "ca.crt").write_text(authority)
        (tmp_path / "tls.crt").write_bytes(base64.b64decode(secret["tls.crt"]))
        return secret["tls.crt"]

    def is_for(host: str) -> bool:
        trusted = ("-CAfile", tmp_path / "ca.crt", "-verify_hostname", host)
        return "OK" in run("openssl", "verify", "-purpose", "sslserver", *trusted, tmp_path / "tls.crt")

    first = install()
    assert is_for(f"leoflow-agents.{namespace.name}.svc")
    assert install() == first
    assert install(edition="pro") == first
    assert install(agentControlPlaneAddr="leoflow.example:9091") != first
    assert is_for("leoflow.example")
    run("helm", "--kubeconfig", cluster.kubeconfig, "uninstall", RELEASE, "--namespace", namespace.name)
    assert namespace.find("persistentvolumeclaims", "leoflow-logs"), "logs outlive the release"
    assert namespace.find("secrets", "leoflow-agent-tls") is None
