"""The status of a pod, as the API server is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api import Object
from .faults import EVICTED

if TYPE_CHECKING:
    from .container import Container
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
        succeeded = all(_exit_code(container) == 0 for container in pod.containers)
        return "Succeeded" if succeeded and not any(pod.failure) else "Failed"
    new = [c for c in pod.containers if "waiting" in c.status["state"] and "lastState" not in c.status]
    return "Pending" if new or not pod.is_initialized() else "Running"


def _exit_code(container: Container) -> int | None:
    return container.status["state"].get("terminated", {}).get("exitCode")


def _conditions(pod: Pod) -> list[Object]:
    """Returns the conditions of a pod, each with the time since when it is as it is."""
    known = [_initialized(pod), {"type": "PodScheduled", "status": "True"}]
    known.append({"type": "PodReadyToStartContainers", "status": str(pod.has_volumes and not pod.ended)})
    known += [{"type": kind} | _readiness(pod) for kind in ("ContainersReady", "Ready")]
    if pod.failure == EVICTED:
        why = {"reason": "TerminationByKubelet", "message": EVICTED[1]}
        known.append({"type": "DisruptionTarget", "status": "True"} | why)
    return [
        condition | {"lastTransitionTime": pod.since(condition["type"], condition["status"])} for condition in known
    ]


def _initialized(pod: Pod) -> Object:
    if pod.is_initialized():
        completed = {"reason": "PodCompleted"} if phase(pod) == "Succeeded" else {}
        return {"type": "Initialized", "status": "True"} | completed
    message = f"containers with incomplete status: [{' '.join(c.name for c in pod.first if _exit_code(c) != 0)}]"
    return {"type": "Initialized", "status": "False", "reason": "ContainersNotInitialized", "message": message}


def _readiness(pod: Pod) -> Object:
    unready = [container.name for container in pod.containers if not container.status["ready"]]
    if not unready:
        return {"status": "True"}
    ends = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}
    if phase(pod) in ends:
        return {"status": "False", "reason": ends[phase(pod)]}
    message = f"containers with unready status: [{' '.join(unready)}]"
    return {"status": "False", "reason": "ContainersNotReady", "message": message}
