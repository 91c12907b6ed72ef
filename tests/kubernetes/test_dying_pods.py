"""Pods that Kubernetes ends, or whose nodes are lost: the log of the task says so."""

from __future__ import annotations

import json
import os
import pathlib
import signal
from collections.abc import Iterator

import pytest
from bed import nodes
from bed.bed import Bed
from bed.process_node import ProcessNode
from control_plane import Server
from support import eventually
from test_pods import WAITING, await_pod, events, quick

LOST = "its node was lost: Taint manager: deleting due to NoExecute taint"


def tries(folder: pathlib.Path) -> dict[str, str]:
    """Returns a project whose task has two tries; each goes on until there is a gate, and says that it got so far."""
    body = f"""import pathlib, time
        from airflow.sdk import get_current_context
        number = get_current_context()["ti"].try_number
        print(f"this is try {{number}}")
        while not pathlib.Path("{folder}/gate").exists():
            time.sleep(0.02)
        with open("{folder}/ended", "a") as file:
            file.write(f"{{number}} ")"""
    return quick(body, "(retries=1, retry_delay=0)")


def impatient(folder: pathlib.Path) -> dict[str, str]:
    """Returns settings with which Kubernetes waits for a lost node for a second, and not for five minutes."""
    kinds = ("unreachable", "not-ready")
    bears = [
        {"key": f"node.kubernetes.io/{kind}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1} for kind in kinds
    ]
    pod = {"kind": "Pod", "spec": {"tolerations": bears, "containers": [{"name": "base"}]}}
    (folder / "template.yaml").write_text(json.dumps(pod))
    return {"AIRFLOW__KUBERNETES_EXECUTOR__POD_TEMPLATE_FILE": str(folder / "template.yaml")}


def agent_of(server: Server, pod: str) -> int:
    """Returns the process of a pod's agent."""
    (container,) = server.namespace.status(pod)["containerStatuses"]
    return int(container["containerID"].removeprefix("process://"))


def is_given_up(server: Server, pod: str) -> bool:
    """Tells whether Kubernetes has a pod end."""
    return "deletionTimestamp" in server.namespace.find("pods", pod)["metadata"]


@pytest.fixture(scope="module")
def spare(control_plane: Bed) -> Iterator[None]:
    """Has another node, which takes no pods: were all nodes lost, the controllers would blame their own network."""
    control_plane.start_process_node("spare")
    control_plane.api.patch("/api/v1/nodes/spare", {"spec": {"unschedulable": True}})
    yield
    control_plane.stop("spare")
    control_plane.api.delete("/api/v1/nodes/spare")


@pytest.fixture
def breakable(node: ProcessNode, control_plane: Bed, spare: None) -> Iterator[ProcessNode]:
    """Gives the node, which is in order again afterwards."""
    yield node
    node.reconnect()
    control_plane.api.patch(f"/api/v1/nodes/{node.name}", {"spec": {"taints": None}})
    eventually(lambda: nodes.is_ready(control_plane.api, node.name), "the node is back", 30)


@pytest.mark.parametrize("harm", ["dead", "cut off"])
def test_a_lost_node_is_named_holds_no_slot_and_what_goes_on_there_counts_no_more(
    make_server, breakable, tmp_path: pathlib.Path, harm: str
):
    server = make_server(**impatient(tmp_path), AIRFLOW__CORE__PARALLELISM="1")
    server.push(tries(tmp_path))
    run_id = server.trigger("quick")
    first = await_pod(server)
    eventually(lambda: "this is try 1" in events(server, "quick", run_id, "do"), "the task runs", 60)
    agent = agent_of(server, first)
    breakable.lose()
    os.kill(agent, signal.SIGKILL if harm == "dead" else signal.SIGSTOP)
    if harm == "cut off":
        server.kill()  # A new server need not find out that nobody is behind the connection.
        server.start()
    eventually(lambda: LOST in events(server, "quick", run_id, "do"), "the log says so", 90)
    second = eventually(lambda: [pod for pod in server.pods() if pod["metadata"]["name"] != first], "there is another pod", 30)
    assert len(second) == 1
    assert is_given_up(server, first), "it is still there"
    if harm == "cut off":
        os.kill(agent, signal.SIGCONT)
        eventually(lambda: not pathlib.Path(f"/proc/{agent}").exists(), "it is told that nobody wants it", 60)
    breakable.reconnect()
    (tmp_path / "gate").touch()
    server.await_run("quick", run_id)
    assert (tmp_path / "ended").read_text() == "2 "
    assert server.task_instances("quick", run_id)["do"]["try_number"] == 2
    eventually(lambda: not server.pods(), "all are gone")


def test_a_task_that_is_heard_goes_on_though_its_node_is_not(make_server, breakable, tmp_path: pathlib.Path):
    server = make_server(**impatient(tmp_path))
    server.push(tries(tmp_path))
    run_id = server.trigger("quick")
    pod = await_pod(server)
    eventually(lambda: "this is try 1" in events(server, "quick", run_id, "do"), "the task runs", 60)
    breakable.lose()
    eventually(lambda: is_given_up(server, pod), "Kubernetes gives it up", 60)
    (tmp_path / "gate").touch()
    server.await_run("quick", run_id)
    assert (tmp_path / "ended").read_text() == "1 "
    eventually(lambda: "this is try 1" in events(server, "quick", run_id, "do"), "the log is there")
    assert LOST not in events(server, "quick", run_id, "do")


def evict(server: Server, pod: str) -> None:
    """Has a pod evicted, as `kubectl drain` does."""
    whose = {"name": pod, "namespace": server.namespace.name}
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": whose}
    server.namespace.api.create(server.namespace.path("pods", pod) + "/eviction", eviction)


def preempt(server: Server, pod: str) -> None:
    """Wants another pod that is of higher priority, and for which there is no room."""
    name = f"{server.namespace.name}-high"
    priority = {"metadata": {"name": name}, "value": 1000, "globalDefault": False}
    server.namespace.api.create("/apis/scheduling.k8s.io/v1/priorityclasses", priority)
    try:
        server.namespace.run("high", "exit 0", priorityClassName=name, container={"resources": {"requests": {"cpu": "40"}}})
        eventually(lambda: is_given_up(server, pod), "it has to go", 30)
    finally:
        server.namespace.api.delete(f"/apis/scheduling.k8s.io/v1/priorityclasses/{name}")


def taint(server: Server, pod: str) -> None:
    """Has its node bear no pods any more."""
    taints = {"spec": {"taints": [{"key": "broken", "effect": "NoExecute"}]}}
    server.namespace.api.patch(f"/api/v1/nodes/{server.node.name}", taints)


def delete(server: Server, pod: str) -> None:
    """Deletes a pod, as people do."""
    server.namespace.api.delete(server.namespace.path("pods", pod))


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (evict, "its pod was evicted through the API, as when a node is drained: Eviction API: evicting"),
        (preempt, "its pod made room for one of higher priority: default-scheduler: preempting"),
        (taint, "its node has a taint that its pod does not tolerate: Taint manager: deleting due to NoExecute taint"),
        (delete, "its pod was deleted"),
    ],
)
def test_why_somebody_has_a_pod_end_is_said_once(make_server, breakable, tmp_path: pathlib.Path, harm, words: str):
    server = make_server()
    wants = "tasks: {wait: {resources: {cpu: 40}, execution: {termination_grace_seconds: 2}}}"
    server.push({"dag.py": WAITING.format(version="v1", gate=tmp_path / "gate"), "leoflow.yaml": wants})
    run_id = server.trigger("waiting")
    pod = await_pod(server)
    eventually(lambda: "this is v1" in events(server, "waiting", run_id, "wait"), "the task runs", 60)
    harm(server, pod)
    server.await_run("waiting", run_id, "failed")
    eventually(lambda: not server.namespace.find("pods", pod), "it is gone", 30)

    def said() -> list[str]:
        return [event for event in events(server, "waiting", run_id, "wait") if event.startswith(("its pod", "its node", "its container"))]

    eventually(said, "the log says why")
    (only,) = said()
    assert only.startswith(words)
