"""The node's signs of life: its status, and the lease that says that it is still there."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..api import Object, Refused

if TYPE_CHECKING:
    from .kubelet import Kubelet

_NODES = "/api/v1/nodes"
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_ROOM = {"cpu": "64", "memory": "64Gi", "ephemeral-storage": "64Gi", "pods": "500"}
_SECONDS = 1


def now(form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    """Returns the time as Kubernetes writes it."""
    return datetime.now(UTC).strftime(form)


class Heartbeat:
    """Keeps the node alive in the eyes of the controllers."""

    def __init__(self, kubelet: Kubelet) -> None:
        """Takes the node's kubelet."""
        self._kubelet, self._born = kubelet, now()

    def run(self) -> None:
        """Reports for ever, but not while the node is lost."""
        while True:
            self._kubelet.faults.await_online()
            try:
                self._put(_NODES, "/status", self._node(), {"status": self._status()})
                self._put(_LEASES, "", self._lease(), {"spec": self._lease()["spec"]})
            except (OSError, Refused) as error:
                print("heartbeat:", error, flush=True)
            time.sleep(_SECONDS)

    def _put(self, path: str, part: str, whole: Object, change: Object) -> None:
        """Changes an object, and makes it first if it is not there."""
        try:
            self._kubelet.api.patch(f"{path}/{self._kubelet.name}{part}", change)
        except Refused as error:
            if error.status != 404:
                raise
            self._kubelet.api.create(path, whole)
            self._kubelet.api.patch(f"{path}/{self._kubelet.name}{part}", change)

    def _node(self) -> Object:
        labels = {"kubernetes.io/hostname": self._kubelet.name, "kubernetes.io/os": "linux"}
        return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self._kubelet.name, "labels": labels}}

    def _status(self) -> Object:
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "processes can be started"}
        return {
            "capacity": _ROOM,
            "allocatable": _ROOM,
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._kubelet.port}},
            "conditions": [ready | {"lastHeartbeatTime": now(), "lastTransitionTime": self._born}],
        }

    def _lease(self) -> Object:
        spec = {
            "holderIdentity": self._kubelet.name,
            "leaseDurationSeconds": 8,
            "renewTime": now("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        meta = {"name": self._kubelet.name, "namespace": "kube-node-lease"}
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}
