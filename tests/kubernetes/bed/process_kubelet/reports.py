"""Tells the API server how the pods are, in a thread of its own: no pod waits for the API server to end."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from ..api import Api, Refused
from .faults import Faults
from .status import status

if TYPE_CHECKING:
    from .pod import Pod


class Reports:
    """The pods that changed since they were reported."""

    def __init__(self, api: Api, faults: Faults) -> None:
        """Takes whom to tell, and what may be in between."""
        self._api, self._faults = api, faults
        self._changed: dict[str, Pod] = {}
        self._news = threading.Condition()

    def add(self, pod: Pod) -> None:
        """Has a pod reported, as it is by then."""
        with self._news:
            self._changed[pod.uid] = pod
            self._news.notify()

    def run(self) -> None:
        """Reports for ever; again what the API server could not take."""
        while True:
            with self._news:
                self._news.wait_for(lambda: self._changed)
                pod = self._changed.pop(next(iter(self._changed)))
            self._faults.await_online()
            try:
                self._report(pod)
            except Refused as error:
                if error.status not in (404, 409, 422):  # It is gone, or another has its name.
                    print("report:", error, flush=True)
                    self._again(pod)
            except OSError as error:
                print("report:", error, flush=True)
                self._again(pod)

    def _again(self, pod: Pod) -> None:
        time.sleep(0.3)
        self.add(pod)

    def _report(self, pod: Pod) -> None:
        path, ended = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}", pod.ended
        self._api.patch(f"{path}/status", {"metadata": {"uid": pod.uid}, "status": status(pod)})
        if ended and pod.is_deleted():
            self._api.delete(path, {"gracePeriodSeconds": 0, "preconditions": {"uid": pod.uid}})
