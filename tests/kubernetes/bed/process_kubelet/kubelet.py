"""Which pods are bound to the node, and what they share."""

from __future__ import annotations

import pathlib
import threading
from collections.abc import Iterator
from typing import Any

from ..api import Api, Object, Refused
from .faults import Faults
from .heartbeat import Heartbeat
from .images import Images
from .pod import Pod
from .reports import Reports


class Kubelet:
    """A node and its pods.

    Attributes:
        api: The API server.
        name: Of the node.
        port: Where logs are served.
        faults: What is to go wrong.
        images: What there is to run.
        reports: Tells the API server how the pods are.
    """

    def __init__(self, api: Api, name: str, port: int, folder: pathlib.Path) -> None:
        """Takes the API server and where the files of the pods go."""
        self.api, self.name, self.port = api, name, port
        self.faults, self.images = Faults(), Images(folder / "images.json")
        self.reports = Reports(api, self.faults)
        self._folder = folder
        self._pods: dict[str, Pod] = {}
        self._addresses = 0

    def start(self) -> None:
        """Begins to report the node and to follow its pods."""
        for run in (Heartbeat(self).run, self.reports.run, self._follow):
            threading.Thread(target=run, daemon=True).start()

    def find(self, namespace: str, name: str) -> Pod | None:
        """Returns a pod of the node; of several with one name the latest."""
        found = [pod for pod in list(self._pods.values()) if (pod.namespace, pod.name) == (namespace, name)]
        return found[-1] if found else None

    def kill_all(self) -> None:
        """Ends every container at once."""
        for pod in list(self._pods.values()):
            pod.kill()

    def _follow(self) -> None:
        for kind, manifest in self._bound():
            self.faults.await_online()
            uid, meta = manifest["metadata"]["uid"], manifest["metadata"]
            if kind == "DELETED":
                if uid in self._pods:
                    self._pods.pop(uid).forget()
            elif uid in self._pods:
                self._pods[uid].update(manifest)
            elif manifest["status"].get("phase") not in ("Succeeded", "Failed") or "deletionTimestamp" in meta:
                self._pods[uid] = Pod(self, manifest, self._folder / uid, self._next_address())

    def _bound(self) -> Iterator[tuple[str, Object]]:
        """Yields what happens to the pods of this node, for ever: lists them, watches, and begins again."""
        known: dict[str, Object] = {}
        query: dict[str, Any] = {"fieldSelector": f"spec.nodeName={self.name}"}
        while True:
            try:
                listed = self.api.get("/api/v1/pods", **query)
                there = {pod["metadata"]["uid"]: pod for pod in listed["items"]}
                for uid in known.keys() - there.keys():
                    yield "DELETED", known.pop(uid)
                for pod in there.values():
                    yield "MODIFIED", pod
                known |= there
                since = {"resourceVersion": listed["metadata"]["resourceVersion"], "timeoutSeconds": 300}
                for kind, pod in self.api.watch("/api/v1/pods", **query, **since):
                    if kind == "DELETED":
                        known.pop(pod["metadata"]["uid"], None)
                    else:
                        known[pod["metadata"]["uid"]] = pod
                    yield kind, pod
            except (OSError, ValueError, Refused) as error:
                print("pods:", error, flush=True)
                threading.Event().wait(0.3)

    def _next_address(self) -> str:
        """Returns an address of this machine that no other pod of the node has."""
        self._addresses += 1
        return f"127.1.{self._addresses // 250 % 250}.{self._addresses % 250 + 1}"
