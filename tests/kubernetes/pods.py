"""Makes pods in a namespace, and looks at them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bed.api import Api, Object, Refused
from support import eventually


@dataclass(frozen=True)
class Namespace:
    """A namespace, with what tests do in it.

    Attributes:
        api: The API server.
        name: Of the namespace.
    """

    api: Api
    name: str

    @classmethod
    def make(cls, api: Api, name: str) -> Namespace:
        """Makes a namespace; returns it when pods can be made in it."""
        made = cls(api, name)
        api.create("/api/v1/namespaces", {"metadata": {"name": name}})
        # Pods are refused until the controllers have made their service account.
        eventually(lambda: made.find("serviceaccounts", "default"), f"the namespace {name} has a service account")
        return made

    def delete(self) -> None:
        """Has it deleted with all that is in it, and does not wait for that."""
        self.api.delete(f"/api/v1/namespaces/{self.name}")

    def path(self, kind: str, name: str = "") -> str:
        """Returns the path of a list or of an object."""
        return f"/api/v1/namespaces/{self.name}/{kind}{'/' if name else ''}{name}"

    def find(self, kind: str, name: str) -> Object | None:
        """Returns an object, None if there is none."""
        try:
            return self.api.get(self.path(kind, name))
        except Refused as error:
            if error.status != 404:
                raise
            return None

    def add(self, kind: str, name: str, **rest: Any) -> Object:
        """Makes an object, such as a secret with `stringData`."""
        return self.api.create(self.path(kind), {"metadata": {"name": name}, **rest})

    def run(self, name: str, script: str, *, annotations: dict[str, str] | None = None, **spec: Any) -> None:
        """Makes a pod that runs a shell script, once.

        Args:
            name: Of the pod.
            script: What its one container runs.
            annotations: Of the pod.
            **spec: More of the pod's specification; `container` is more of its container's.
        """
        container = {"name": "main", "image": "any", "command": ["sh", "-c", script], **spec.pop("container", {})}
        spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 5, "containers": [container]} | spec
        meta = {"name": name, "annotations": annotations or {}}
        self.api.create(self.path("pods"), {"metadata": meta, "spec": spec})

    def status(self, name: str) -> Object:
        """Returns the status of a pod, empty if it is gone."""
        return (self.find("pods", name) or {}).get("status", {})

    def state(self, name: str) -> Object:
        """Returns the state of the one container of a pod, empty while there is none."""
        containers = self.status(name).get("containerStatuses", [{}])
        return containers[0].get("state", {})

    def log(self, name: str, **query: Any) -> str:
        """Returns the log of a pod."""
        return self.api.text(self.path("pods", name) + "/log", **query)

    def end(self, name: str) -> tuple[str, int, str]:
        """Waits for the end of a pod; returns its phase, and exit code and reason of its one container."""
        eventually(lambda: self.phase_is(name, "Succeeded", "Failed"), f"{name} ends", 30)
        ended = self.state(name)["terminated"]
        return self.status(name)["phase"], ended["exitCode"], ended["reason"]

    def delete_pod(self, name: str, grace: int = 5) -> None:
        """Deletes a pod, with so many seconds to end, and waits until it is gone."""
        self.api.delete(self.path("pods", name), {"gracePeriodSeconds": grace})
        eventually(lambda: self.find("pods", name) is None, f"{name} is gone", 30)

    def await_running(self, name: str) -> None:
        """Waits until the containers of a pod run."""
        eventually(lambda: self.phase_is(name, "Running"), f"{name} runs", 30)

    def await_reason(self, name: str, reason: str) -> Object:
        """Waits until the one container of a pod waits with a reason; returns what it says."""
        return eventually(self._waits(name, reason), f"{name} waits with {reason}", 30)

    def phase_is(self, name: str, *phases: str) -> bool:
        """Tells whether a pod is in one of these phases."""
        return self.status(name).get("phase") in phases

    def _waits(self, name: str, reason: str) -> Callable[[], Object | None]:
        def look() -> Object | None:
            waiting = self.state(name).get("waiting", {})
            return waiting if waiting.get("reason") == reason else None

        return look


def wait_for_file(file: Path) -> str:
    """Returns the part of a script that waits until a file is there."""
    return f"while [ ! -e {file} ]; do sleep 0.02; done"
