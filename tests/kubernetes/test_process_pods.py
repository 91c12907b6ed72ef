"""What the node of processes does with pods: runs them, fills their environment and volumes, and ends them."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from bed.api import Refused
from pods import Namespace, wait_for_file
from support import eventually

pytestmark = pytest.mark.usefixtures("node")


def test_the_exit_code_of_a_process_is_reported(namespace: Namespace) -> None:
    namespace.run("good", "exit 0")
    namespace.run("bad", "exit 3")
    assert namespace.end("good") == ("Succeeded", 0, "Completed")
    assert namespace.end("bad") == ("Failed", 3, "Error")


def test_a_program_that_is_not_there_is_a_start_error(namespace: Namespace) -> None:
    namespace.run("lost", "", container={"command": ["no-such-program"]})
    assert namespace.end("lost") == ("Failed", 128, "StartError")


def test_the_log_of_a_pod_can_be_read(namespace: Namespace) -> None:
    namespace.run("talks", "echo one; echo two; echo three >&2")
    namespace.end("talks")
    assert namespace.log("talks") == "one\ntwo\nthree\n"
    assert namespace.log("talks", tailLines=1) == "three\n"
    assert namespace.log("talks", limitBytes=2) == "on"
    stamps = [line.split()[0] for line in namespace.log("talks", timestamps="true").splitlines()]
    assert stamps == sorted(stamps) and len(stamps) == 3
    assert namespace.log("talks", sinceTime="2000-01-01T00:00:00Z") == "one\ntwo\nthree\n"
    assert namespace.log("talks", sinceTime="2999-01-01T00:00:00Z") == ""


def test_a_log_is_followed_to_the_end(namespace: Namespace, tmp_path: pathlib.Path) -> None:
    namespace.run("grows", f"echo begun; {wait_for_file(tmp_path / 'go')}; echo done")
    namespace.await_running("grows")
    lines = namespace.api.lines(namespace.path("pods", "grows") + "/log", follow="true")
    assert next(lines) == "begun\n"
    (tmp_path / "go").touch()
    assert list(lines) == ["done\n"]


def test_the_environment_is_filled(namespace: Namespace) -> None:
    namespace.add("secrets", "hidden", stringData={"password": "p4ss", "USER": "me"})
    namespace.add("configmaps", "shown", data={"color": "blue"})
    env = [
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "hidden", "key": "password"}}},
        {"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "shown", "key": "color"}}},
        {"name": "NONE", "valueFrom": {"secretKeyRef": {"name": "no", "key": "no", "optional": True}}},
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "TEAM", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['team']"}}},
        {"name": "BOTH", "value": "$(POD) is $(COLOR), not $$(COLOR) nor $(ABSENT)"},
    ]
    container = {"env": env, "envFrom": [{"prefix": "S_", "secretRef": {"name": "hidden"}}]}
    script = 'echo "$PASSWORD $COLOR ${NONE-none} $TEAM $S_USER"; echo "$BOTH"; echo "${HOME-none}"'
    namespace.run("env", script, annotations={"team": "data"}, container=container)
    assert namespace.end("env")[0] == "Succeeded"
    assert namespace.log("env") == "p4ss blue none data me\nenv is blue, not $(COLOR) nor $(ABSENT)\nnone\n"


def test_volumes_are_filled_and_found_at_their_paths(namespace: Namespace) -> None:
    namespace.add("secrets", "hidden", stringData={"password": "p4ss"})
    namespace.add("configmaps", "shown", data={"color": "blue", "shape": "round"})
    volumes = [
        {"name": "hidden", "secret": {"secretName": "hidden"}},
        {"name": "shown", "configMap": {"name": "shown", "items": [{"key": "color", "path": "deep/color"}]}},
        {"name": "self", "downwardAPI": {"items": [{"path": "ns", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
        {"name": "scratch", "emptyDir": {}},
    ]
    mounts = [{"name": volume["name"], "mountPath": f"/in/{volume['name']}"} for volume in volumes]
    script = "cat /in/hidden/password /in/shown/deep/color /in/self/ns; ls /in/shown; echo 1 >/in/scratch/1; ls $WHERE"
    container = {"volumeMounts": mounts, "env": [{"name": "WHERE", "value": "/in/scratch"}]}
    namespace.run("volumes", script, volumes=volumes, container=container)
    assert namespace.end("volumes")[0] == "Succeeded", namespace.log("volumes")
    assert namespace.log("volumes") == f"p4ssblue{namespace.name}deep\n1\n"


@pytest.mark.parametrize("pod_is_gone", [False, True])
def test_a_projected_token_is_good_while_the_pod_is_there(namespace: Namespace, pod_is_gone: bool) -> None:
    token = {"serviceAccountToken": {"path": "token", "audience": "bed-test", "expirationSeconds": 600}}
    mount = {"volumeMounts": [{"name": "token", "mountPath": "/token"}]}
    volumes = [{"name": "token", "projected": {"sources": [token]}}]
    namespace.run("holder", "cat /token/token", volumes=volumes, container=mount)
    namespace.end("holder")
    review = {"spec": {"token": namespace.log("holder"), "audiences": ["bed-test"]}}
    if pod_is_gone:
        namespace.delete_pod("holder")
    told = namespace.api.create("/apis/authentication.k8s.io/v1/tokenreviews", review)["status"]
    if pod_is_gone:
        assert "authenticated" not in told
    else:
        assert told["user"]["username"] == f"system:serviceaccount:{namespace.name}:default"
        assert told["user"]["extra"]["authentication.kubernetes.io/pod-name"] == ["holder"]


def test_a_pod_reaches_the_api_server_as_its_service_account(namespace: Namespace) -> None:
    account = "/var/run/secrets/kubernetes.io/serviceaccount"
    python = (
        "import os, ssl, urllib.request as u\n"
        f"r = u.Request('https://%(KUBERNETES_SERVICE_HOST)s:%(KUBERNETES_SERVICE_PORT)s/version' % os.environ)\n"
        f"r.add_header('Authorization', 'Bearer ' + open('{account}/token').read())\n"
        f"print(u.urlopen(r, context=ssl.create_default_context(cafile='{account}/ca.crt')).status)\n"
    )
    namespace.run("inside", "", container={"command": ["python3", "-c", python]})
    assert namespace.end("inside")[0] == "Succeeded", namespace.log("inside")
    assert namespace.log("inside") == "200\n"


def test_a_failed_container_is_started_again_until_it_succeeds(namespace: Namespace, tmp_path: pathlib.Path) -> None:
    script = f"echo try; if [ -e {tmp_path}/2 ]; then exit 0; fi; if [ -e {tmp_path}/1 ]; then touch {tmp_path}/2; fi"
    namespace.run("tries", f"{script}; touch {tmp_path}/1; exit 4", restartPolicy="OnFailure")
    assert namespace.await_reason("tries", "CrashLoopBackOff")["message"].startswith("back-off")
    assert namespace.phase_is("tries", "Running")
    assert namespace.end("tries") == ("Succeeded", 0, "Completed")
    (container,) = namespace.status("tries")["containerStatuses"]
    assert container["restartCount"] == 2 and container["lastState"]["terminated"]["exitCode"] == 4
    assert namespace.log("tries", previous="true") == "try\n"


def test_init_containers_run_first_and_in_order(namespace: Namespace, tmp_path: pathlib.Path) -> None:
    def init(name: str, script: str) -> dict[str, Any]:
        return {"name": name, "image": "any", "command": ["sh", "-c", script]}

    first = [init("one", f"echo 1 >>{tmp_path}/order"), init("two", f"echo 2 >>{tmp_path}/order")]
    namespace.run("ordered", f"cat {tmp_path}/order", initContainers=first)
    assert namespace.end("ordered")[0] == "Succeeded"
    assert namespace.log("ordered") == "1\n2\n"

    namespace.run("never", f"touch {tmp_path}/never", initContainers=[init("bad", "exit 5")])
    eventually(lambda: namespace.phase_is("never", "Failed"), "the pod has failed", 30)
    assert namespace.status("never")["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 5
    assert not (tmp_path / "never").exists()


def test_a_pod_may_not_run_longer_than_its_deadline(namespace: Namespace) -> None:
    namespace.run("slow", "exec sleep 60", activeDeadlineSeconds=1)
    assert namespace.end("slow") == ("Failed", 143, "Error")
    assert namespace.status("slow")["reason"] == "DeadlineExceeded"


def test_a_missing_secret_is_waited_for(namespace: Namespace) -> None:
    reference = {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "late", "key": "password"}}}
    namespace.run("reads", 'echo "$PASSWORD"', container={"env": [reference]})
    mount = {"volumeMounts": [{"name": "late", "mountPath": "/late"}]}
    volumes = [{"name": "late", "secret": {"secretName": "late"}}]
    namespace.run("mounts", "cat /late/password", volumes=volumes, container=mount)
    assert namespace.await_reason("reads", "CreateContainerConfigError")["message"] == 'secret "late" not found'
    namespace.await_reason("mounts", "ContainerCreating")
    assert namespace.phase_is("reads", "Pending") and namespace.phase_is("mounts", "Pending")

    namespace.add("secrets", "late", stringData={"password": "at last"})
    assert namespace.end("reads")[0] == namespace.end("mounts")[0] == "Succeeded"
    assert (namespace.log("reads"), namespace.log("mounts")) == ("at last\n", "at last")


def test_deleting_a_pod_stops_its_process(namespace: Namespace, tmp_path: pathlib.Path) -> None:
    namespace.run("polite", f"trap 'touch {tmp_path}/told; exit 0' TERM; echo; while :; do sleep 0.05; done")
    eventually(lambda: namespace.phase_is("polite", "Running") and namespace.log("polite"), "it has set its trap")
    namespace.delete_pod("polite")
    assert (tmp_path / "told").exists()
    with pytest.raises(Refused, match="not found"):
        namespace.log("polite")


def test_nothing_that_a_container_started_outlives_it(namespace: Namespace, tmp_path: pathlib.Path) -> None:
    def child_of(name: str) -> str:
        file = tmp_path / name
        script = f"echo $$$$ >{file}.part; mv {file}.part {file}; exec sleep 60"
        return f"setsid sh -c '{script}' & {wait_for_file(file)}"

    namespace.run("ends", child_of("ends"))
    assert namespace.end("ends")[0] == "Succeeded"
    namespace.run("stubborn", f"trap '' TERM; {child_of('stubborn')}; while :; do sleep 0.05; done")
    eventually((tmp_path / "stubborn").exists, "its child runs")
    namespace.delete_pod("stubborn", grace=1)
    for name in ("ends", "stubborn"):
        child = pathlib.Path("/proc") / (tmp_path / name).read_text().strip()
        eventually(lambda child=child: not child.exists(), "the child is gone", 10)
