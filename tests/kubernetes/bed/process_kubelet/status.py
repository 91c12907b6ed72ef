"""The status of a pod, as the API server is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api import Object
from .faults import EVICTED

if TYPE_CHECKING:
    from .pod import Pod


def status(pod: Pod) -> Object:
    """Returns how a pod is now."""
    told: Object = {
        "phase": phase(pod),
        "hostIP": "127.0.0.1",
        "hostIPs": [{"ip": "127.0.0.1"}],
        "podIP": pod.address,
        "podIPs": [{"ip": pod.address}],
        "startTime": pod.born,
        "conditions": _conditions(pod),
        "containerStatuses": [container.status for container in pod.containers],
    }
    if pod.first:
        told["initContainerStatuses"] = [container.status for container in pod.first]
    if any(pod.failure):
        told["reason"], told["message"] = pod.failure
    return told


def phase(pod: Pod) -> str:
    """Returns the phase of a pod."""
    if pod.ended:
        codes = [container.status["state"]["terminated"]["exitCode"] for container in pod.containers]
        return "Failed" if any(pod.failure) or any(codes) else "Succeeded"
    new = [c for c in pod.containers if "waiting" in c.status["state"] and "lastState" not in c.status]
    return "Pending" if new or not _is_initialized(pod) else "Running"


def _is_initialized(pod: Pod) -> bool:
    return all(container.status["state"].get("terminated", {}).get("exitCode") == 0 for container in pod.first)


def _conditions(pod: Pod) -> list[Object]:
    """Returns the conditions of a pod, each with the time since when it is as it is."""
    ready = all(container.status["ready"] for container in pod.containers)
    why = {} if ready else {"reason": "PodCompleted" if phase(pod) == "Succeeded" else "ContainersNotReady"}
    found = [
        {"type": "PodScheduled", "status": "True"},
        {"type": "Initialized", "status": str(_is_initialized(pod))},
        {"type": "ContainersReady", "status": str(ready)} | why,
        {"type": "Ready", "status": str(ready)} | why,
    ]
    if pod.failure == EVICTED:
        found.append({"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet", "message": EVICTED[1]})
    return [condition | {"lastTransitionTime": pod.since(condition["type"], condition["status"])} for condition in found]
