"""What goes wrong on purpose.

A fault of the beginning is the annotation `bed/fault` of a pod, or is planned for all pods whose name fits. It lasts
until the annotation or the plan is gone; then the pod starts.
"""

from __future__ import annotations

import fnmatch
import threading

from ..api import Object

ANNOTATION = "bed/fault"

EVICTED = ("Evicted", "The node was low on resource: memory. ")
TOO_LONG = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")


class Faults:
    """The faults that are planned, and whether the node is cut off."""

    def __init__(self) -> None:
        """Plans nothing."""
        self._plans: dict[str, str] = {}
        self._online = threading.Event()
        self._online.set()

    def plan(self, names: str, fault: str) -> None:
        """Plans a fault of the beginning for the pods whose names fit a pattern; an empty one takes it back."""
        self._plans[names] = fault

    def of(self, manifest: Object) -> str:
        """Returns the fault that a pod is to have, or an empty string."""
        meta = manifest["metadata"]
        planned = [fault for names, fault in list(self._plans.items()) if fnmatch.fnmatch(meta["name"], names)]
        return meta.get("annotations", {}).get(ANNOTATION, "") or next(filter(None, planned), "")

    def cut_off(self) -> None:
        """Loses the node: no report, no news, no logs. Its containers go on."""
        self._online.clear()

    def reconnect(self) -> None:
        """Brings the node back."""
        self._online.set()

    def is_online(self) -> bool:
        """Tells whether the node is not lost."""
        return self._online.is_set()

    def await_online(self) -> None:
        """Waits while the node is lost."""
        self._online.wait()
