"""The life of a pod: what it waits for, what it runs, how it ends."""

from __future__ import annotations

import pathlib
import shutil
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ..api import Object
from .container import Container
from .faults import EVICTED, TOO_LONG
from .heartbeat import now
from .missing import NotYet
from .sources import Sources
from .volumes import make_volumes

if TYPE_CHECKING:
    from .kubelet import Kubelet

T = TypeVar("T")
_RETRY_SECONDS = 0.3


class Stopped(Exception):
    """The pod is told to stop while it waits for something."""


class Pod:
    """A pod that is bound to the node; lives in threads of its own.

    Attributes:
        manifest: As the API server knows it.
        address: An address of this machine that no other pod has.
        failure: Reason and message, if the kubelet itself ended it.
        has_volumes: Whether its containers can be started.
        ended: Whether nothing of it runs any more, nor will.
    """

    def __init__(self, kubelet: Kubelet, manifest: Object, folder: pathlib.Path, address: str) -> None:
        """Begins its life."""
        self.kubelet, self.manifest, self.folder, self.address = kubelet, manifest, folder, address
        meta, spec = manifest["metadata"], manifest["spec"]
        self.namespace, self.name, self.uid = meta["namespace"], meta["name"], meta["uid"]
        self.sources = Sources(kubelet, self.namespace)
        self.born, self.failure = now(), ("", "")
        self.has_volumes = self.ended = False
        self.first = [Container(self, container, first=True) for container in spec.get("initContainers", [])]
        self.containers = [Container(self, container, first=False) for container in spec["containers"]]
        self._conditions: dict[str, tuple[str, str]] = {}
        self._stopping, self._forgotten = threading.Event(), threading.Event()
        folder.mkdir(parents=True, exist_ok=True)
        threading.Thread(target=self._live, daemon=True).start()
        self.update(manifest)

    def update(self, manifest: Object) -> None:
        """Takes what the API server knows now."""
        self.manifest = manifest
        if self.is_deleted():
            self.stop(manifest["metadata"]["deletionGracePeriodSeconds"])
            self.changed()

    def is_deleted(self) -> bool:
        """Tells whether the API server waits for its end."""
        return "deletionTimestamp" in self.manifest["metadata"]

    def forget(self) -> None:
        """Ends it, for the API server does not know it any more."""
        self._forgotten.set()
        self.stop(1)
        if self.ended:
            shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self, grace: float) -> None:
        """Asks its containers to end, and kills them after so many seconds."""
        if not self._stopping.is_set():
            self._stopping.set()
            for container in self.first + self.containers:
                container.terminate()
        self._later(grace, self.kill)

    def kill(self) -> None:
        """Kills its containers."""
        for container in self.first + self.containers:
            if not container.ended:
                container.kill()

    def evict(self) -> None:
        """Fails it, as a kubelet does that runs out of memory."""
        self._fail(EVICTED, 1)

    def is_initialized(self) -> bool:
        """Tells whether all containers that run first have succeeded."""
        return all(container.status["state"].get("terminated", {}).get("exitCode") == 0 for container in self.first)

    def is_stopping(self) -> bool:
        """Tells whether it was told to stop."""
        return self._stopping.is_set()

    def pause(self, seconds: float) -> None:
        """Waits.

        Raises:
            Stopped: it was told to stop.
        """
        if self._stopping.wait(seconds):
            raise Stopped

    def since(self, condition: str, state: str) -> str:
        """Returns since when a condition of it is in a state, which is now if it was in another when last asked."""
        if self._conditions.get(condition, ("", ""))[0] != state:
            self._conditions[condition] = (state, now())
        return self._conditions[condition][1]

    def changed(self) -> None:
        """Has the API server told how it is."""
        self.kubelet.reports.add(self)

    def patiently(self, make: Callable[[], T], say: Callable[[NotYet], None]) -> T:
        """Returns what `make` returns as soon as nothing is missing; until then says what is.

        Raises:
            Stopped: it was told to stop meanwhile.
        """
        said = ("", "")
        while True:
            try:
                return make()
            except NotYet as missing:
                if said != (missing.reason, str(missing)):
                    said = (missing.reason, str(missing))
                    say(missing)
                self.pause(_RETRY_SECONDS)

    def _live(self) -> None:
        self.changed()
        if "activeDeadlineSeconds" in self.manifest["spec"]:
            grace = self.manifest["spec"]["terminationGracePeriodSeconds"]
            self._later(self.manifest["spec"]["activeDeadlineSeconds"], lambda: self._fail(TOO_LONG, grace))
        try:
            # Why there are no volumes, a real kubelet does not tell in the status either.
            volumes = self.patiently(lambda: make_volumes(self), lambda why: print(self.name, why, flush=True))
            self.has_volumes = True
            self._run(volumes)
        except Stopped:
            pass
        for container in self.first + (self.containers if self.is_initialized() else []):
            if "terminated" not in container.status["state"]:
                container.was_never_started()
        self.ended = True
        self.changed()
        if self._forgotten.is_set():
            shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, volumes: dict[str, pathlib.Path]) -> None:
        for container in self.first:
            if container.run(volumes) != 0:
                return
        threads = [threading.Thread(target=_run, args=(container, volumes)) for container in self.containers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _fail(self, failure: tuple[str, str], grace: float) -> None:
        if not self.ended and not self._stopping.is_set():
            self.failure = failure
            self.stop(grace)

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, act)
        timer.daemon = True
        timer.start()


def _run(container: Container, volumes: dict[str, pathlib.Path]) -> None:
    try:
        container.run(volumes)
    except Stopped:
        pass
