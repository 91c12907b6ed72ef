"""What goes wrong on the node of processes looks as on a real node."""

from __future__ import annotations

import pathlib

import pytest
from bed import nodes
from bed.bed import Bed
from bed.process_node import ProcessNode
from pods import Namespace, wait_for_file
from support import eventually

_FAULT = "bed/fault"


@pytest.mark.parametrize(
    ("fault", "reasons"),
    [
        ("image-pull", ("ErrImagePull", "ImagePullBackOff")),
        ("create-error", ("CreateContainerError",)),
        ("stuck", ("ContainerCreating",)),
    ],
)
def test_a_pod_with_a_fault_waits_until_it_is_gone(
    namespace: Namespace, node: ProcessNode, fault: str, reasons: tuple[str, ...]
) -> None:
    namespace.run("faulty", "exit 0", annotations={_FAULT: fault})
    for reason in reasons:
        namespace.await_reason("faulty", reason)
    assert namespace.phase_is("faulty", "Pending")
    namespace.api.patch(namespace.path("pods", "faulty"), {"metadata": {"annotations": {_FAULT: None}}})
    assert namespace.end("faulty")[0] == "Succeeded"


def test_a_fault_is_planned_for_pods_by_name(namespace: Namespace, node: ProcessNode) -> None:
    node.plan("image-pull", "unlucky-*")
    try:
        namespace.run("lucky", "exit 0")
        namespace.run("unlucky-1", "exit 0")
        namespace.await_reason("unlucky-1", "ImagePullBackOff")
        assert namespace.end("lucky")[0] == "Succeeded"
    finally:
        node.plan("", "unlucky-*")
    assert namespace.end("unlucky-1")[0] == "Succeeded"


def test_an_image_gives_command_and_environment_and_an_unknown_one_cannot_be_pulled(
    namespace: Namespace, node: ProcessNode
) -> None:
    node.have_images({"tool:1": {"entrypoint": ["sh", "-c"], "cmd": ["echo $FROM"], "env": {"FROM": "image"}}})
    try:
        namespace.run("known", "", container={"image": "tool:1", "command": []})
        namespace.run("args", "", container={"image": "tool:1", "command": [], "args": ["echo args"]})
        namespace.run("unknown", "", container={"image": "tool:2"})
        assert namespace.end("known")[0] == namespace.end("args")[0] == "Succeeded"
        assert (namespace.log("known"), namespace.log("args")) == ("image\n", "args\n")
        namespace.await_reason("unknown", "ImagePullBackOff")
    finally:
        node.have_every_image()
    assert namespace.end("unknown")[0] == "Succeeded"


def test_a_container_is_killed_for_its_memory(namespace: Namespace, node: ProcessNode, tmp_path: pathlib.Path) -> None:
    namespace.run("hungry", f"(echo >{tmp_path}/begun; exec sleep 60) & wait")
    eventually((tmp_path / "begun").exists, "it runs")
    namespace.await_running("hungry")
    node.kill(namespace.name, "hungry", "OOMKilled")
    assert namespace.end("hungry") == ("Failed", 137, "OOMKilled")


def test_a_pod_is_evicted(namespace: Namespace, node: ProcessNode) -> None:
    namespace.run("victim", "exec sleep 60")
    namespace.await_running("victim")
    node.evict(namespace.name, "victim")
    assert namespace.end("victim")[:2] == ("Failed", 143)
    status = namespace.status("victim")
    assert status["reason"] == "Evicted" and "low on resource: memory" in status["message"]
    (disrupted,) = [condition for condition in status["conditions"] if condition["type"] == "DisruptionTarget"]
    assert (disrupted["status"], disrupted["reason"]) == ("True", "TerminationByKubelet")


def test_a_lost_node_is_not_ready_and_comes_back(
    namespace: Namespace, node: ProcessNode, tmp_path: pathlib.Path
) -> None:
    namespace.run("cut-off", wait_for_file(tmp_path / "go"))
    namespace.await_running("cut-off")
    node.lose()
    try:
        eventually(lambda: nodes.condition(namespace.api, node.name) == "Unknown", "the node is lost", 40)
        assert not nodes.is_ready(namespace.api, node.name)
        (tmp_path / "go").touch()
    finally:
        node.reconnect()
    eventually(lambda: nodes.is_ready(namespace.api, node.name), "the node is back", 30)
    assert namespace.end("cut-off") == ("Succeeded", 0, "Completed")


def test_a_kubelet_that_is_started_again_runs_its_pods_anew(
    control_plane: Bed, namespace: Namespace, node: ProcessNode, tmp_path: pathlib.Path
) -> None:
    namespace.run("twice", f"echo run >>{tmp_path}/runs; {wait_for_file(tmp_path / 'go')}")
    eventually((tmp_path / "runs").exists, "it runs")
    control_plane.stop(node.name)
    control_plane.start(node.name)
    eventually(lambda: (tmp_path / "runs").read_text() == "run\nrun\n", "it runs again", 30)
    (tmp_path / "go").touch()
    assert namespace.end("twice")[0] == "Succeeded"
