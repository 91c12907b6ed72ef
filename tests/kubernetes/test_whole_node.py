"""A whole node: containerd, kubelet and kube-proxy; and the node of processes, which tells the same of the same pods."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from bed import nodes, whole_node
from bed.api import Object
from bed.bed import Bed
from bed.process_node import ProcessNode
from pods import Namespace
from support import eventually

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a whole node needs root")

_TOOLS = "localhost/tools:1"


def first(*command: str) -> Object:
    """Returns the part of a pod with a container that runs before the others."""
    return {"initContainers": [{"name": "first", "image": _TOOLS, "command": list(command)}]}


def volume(secret: str) -> Object:
    """Returns the part of a pod with a secret at /secret, and its path in a variable."""
    mount = {"volumeMounts": [{"name": "secret", "mountPath": "/secret"}]}
    variable = {"env": [{"name": "PASSWORD_FILE", "value": "/secret/password"}]}
    return {"volumes": [{"name": "secret", "secret": {"secretName": secret}}], "container": mount | variable}


def variable(secret: str, key: str) -> Object:
    """Returns the part of a pod with a key of a secret in its environment."""
    return {"container": {"env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}]}}


# What pods run, and more of them.
ENDING: dict[str, tuple[str, Object]] = {
    "succeeds": ("echo line; printf end", {}),
    "fails": ("exit 3", {}),
    "has-no-such-program": ("", {"container": {"command": ["no-such-program"]}}),
    "is-too-slow": ("trap 'exit 5' TERM; while :; do sleep 0.1; done", {"activeDeadlineSeconds": 2}),
    "fails-before-it-begins": ("echo never", first("false")),
    "begins-well": ("echo then", first("true")),
    "reads-a-volume": ("cat /secret/password $PASSWORD_FILE; ls /secret", volume("there")),
}
# What pods lack, and what their containers give as the reason.
WAITING: dict[str, tuple[Object, str]] = {
    "lacks-an-image": ({"container": {"image": "localhost/none:1"}}, "ErrImagePull"),
    "lacks-a-secret": (variable("late", "password"), "CreateContainerConfigError"),
    "lacks-a-key": (variable("there", "late"), "CreateContainerConfigError"),
    "lacks-a-volume": (volume("late"), "ContainerCreating"),
}


@pytest.fixture(scope="module")
def both(whole: Bed, control_plane: Bed, node: ProcessNode) -> Iterator[tuple[Namespace, Namespace]]:
    """Gives the same pods on the whole node and on that of processes."""
    node.have_images({_TOOLS: {}})
    made = (Namespace.make(whole.api, "same"), Namespace.make(control_plane.api, "same"))
    for namespace in made:
        namespace.add("secrets", "there", stringData={"password": "p4ss\n"})
        for name, (script, spec) in (ENDING | {name: ("", spec) for name, (spec, _) in WAITING.items()}).items():
            container = {"image": _TOOLS} | spec.get("container", {})
            namespace.run(name, script, **(spec | {"container": container}))
    yield made
    for namespace in made:
        namespace.delete()
    node.have_every_image()


@pytest.mark.parametrize("name", ENDING)
def test_both_nodes_tell_the_same_of_an_end(both: tuple[Namespace, Namespace], name: str) -> None:
    real, played = both
    assert (told(played, name), log(played, name)) == (told(real, name), log(real, name))


@pytest.mark.parametrize("name", WAITING)
def test_both_nodes_tell_the_same_while_they_wait(both: tuple[Namespace, Namespace], name: str) -> None:
    real, played = (told_waiting(namespace, name, WAITING[name][1]) for namespace in both)
    assert played == real


def test_a_container_that_takes_too_much_memory_is_killed_as_the_fault_is(
    whole: Bed, both: tuple[Namespace, Namespace], node: ProcessNode
) -> None:
    real, played = both
    hungry = {"image": _TOOLS, "resources": {"limits": {"memory": "20Mi"}}}
    real.run("hungry", "echo; exec tail /dev/zero", container=hungry)
    played.run("hungry", "echo; exec sleep 60", container=hungry)
    played.await_running("hungry")
    node.kill(played.name, "hungry", "OOMKilled")
    assert told(played, "hungry") == told(real, "hungry")


def test_pods_of_a_whole_node_have_a_network(both: tuple[Namespace, Namespace]) -> None:
    real, _ = both
    real.run("server", "echo -n hello | nc -l -p 8080", container={"image": _TOOLS})
    address = eventually(lambda: real.phase_is("server", "Running") and real.status("server")["podIP"], "it runs", 30)
    script = (
        f"until nc -w 2 {address} 8080 </dev/null; do sleep 0.1; done; nc -w 2 10.96.0.1 443 </dev/null && echo api"
    )
    real.run("client", script, container={"image": _TOOLS})
    assert (real.end("client")[0], real.log("client")) == ("Succeeded", "helloapi\n")


def test_a_whole_node_without_its_kubelet_is_lost_and_comes_back(whole: Bed) -> None:
    whole.stop("kubelet")
    try:
        eventually(lambda: nodes.condition(whole.api, whole_node.NAME) == "Unknown", "the node is lost", 40)
    finally:
        whole.start("kubelet")
    eventually(lambda: nodes.is_ready(whole.api, whole_node.NAME), "the node is back", 40)


def told(namespace: Namespace, name: str) -> Object:
    """Returns what a node tells of a pod that has ended, down to its network."""

    def ended() -> Object | None:
        status = namespace.status(name)
        network = {known["type"]: known["status"] for known in status["conditions"]}.get("PodReadyToStartContainers")
        return status if network == "False" and status["phase"] in ("Succeeded", "Failed") else None

    return masked(eventually(ended, f"{name} ends", 30))


def told_waiting(namespace: Namespace, name: str, reason: str) -> Object:
    """Returns what a node tells of a pod whose container waits with a reason."""

    def waits() -> Object | None:
        status = namespace.status(name)
        states = [container["state"] for container in status.get("containerStatuses", [])]
        return status if [state.get("waiting", {}).get("reason") for state in states] == [reason] else None

    return masked(eventually(waits, f"{name} waits with {reason}", 30))


def log(namespace: Namespace, name: str) -> str:
    """Returns the log of a pod, empty if its container was not started."""
    return namespace.log(name) if "containerID" in namespace.state(name).get("terminated", {}) else ""


def masked(status: Object) -> Object:
    """Returns of a status what does not depend on the time, the node or the runtime; conditions by their types."""
    conditions = {known["type"]: known for known in status["conditions"]}
    return _masked(status | {"conditions": conditions})


def _masked(value: Any) -> Any:
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    if isinstance(value, str):  # Why the image is not to be had depends on who looked for it.
        return re.sub(r"(failed to resolve reference .*?: ).*", r"\1...", value)
    if not isinstance(value, dict):
        return value
    return {key: _masked(inner) for key, inner in value.items() if key not in _OWN}


_OWN = frozenset(
    "hostIP hostIPs podIP podIPs startTime startedAt finishedAt lastTransitionTime lastProbeTime "
    "containerID imageID resources allocatedResources volumeMounts observedGeneration".split()
)
