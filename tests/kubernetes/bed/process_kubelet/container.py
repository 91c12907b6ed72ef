"""One container of a pod: started, restarted, and its status."""

from __future__ import annotations

import itertools
import os
import pathlib
from typing import TYPE_CHECKING

from ..api import Object
from .beginning import check_beginning
from .environment import environment, expand
from .heartbeat import now
from .missing import NotYet
from .mounts import Mounts
from .processes import Process

if TYPE_CHECKING:
    from .pod import Pod

_NOT_STARTED = 128
# What containerd says before the reason.
_NO_TASK = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
    "runc create failed: unable to start container process"
)


class Container:
    """A container, run by the thread that calls `run`.

    Attributes:
        name: Its name in the pod.
        status: As the API server is told.
        ended: Whether it will not be started again.
    """

    def __init__(self, pod: Pod, spec: Object, *, first: bool) -> None:
        """Takes its part of the pod's manifest, and whether it is one of those that run first."""
        self.name, self.ended = spec["name"], False
        self.status: Object = {
            "name": self.name,
            "image": spec["image"],
            "imageID": "",
            "ready": False,
            "started": False,
            "restartCount": 0,
        }
        self.waits(
            "PodInitializing" if not first and pod.manifest["spec"].get("initContainers") else "ContainerCreating"
        )
        self._pod, self._spec, self._first = pod, spec, first
        self._process: Process | None = None
        self._reason = ""

    def run(self, volumes: dict[str, pathlib.Path]) -> int:
        """Runs it until it has ended for good; returns its last exit code."""
        try:
            pause = 0
            while True:
                code = self._run_once(volumes)
                if not self._is_restarted(code):
                    return code
                self.status["lastState"] = self.status["state"]
                if pause:
                    self._back_off(pause)
                self.status["restartCount"] += 1
                # A real kubelet goes on with ten seconds; tests need not wait for that.
                pause = min(pause * 2, 60) or 1
        finally:
            self.ended = True

    def waits(self, reason: str, message: str = "") -> None:
        """Says why it is not started."""
        self.status["state"] = {"waiting": {"reason": reason} | ({"message": message} if message else {})}

    def was_never_started(self) -> None:
        """Says that nothing of it will be found, as a pod ends without it."""
        message = "The container could not be located when the pod was terminated"
        self._ends({"exitCode": 137, "reason": "ContainerStatusUnknown", "message": message, "finishedAt": None})
        self.ended = True

    def terminate(self) -> None:
        """Asks its process to end."""
        if self._process is not None and not self.ended:
            self._process.terminate()

    def kill(self, reason: str = "") -> None:
        """Kills its processes; its status will tell the reason."""
        self._reason = reason
        if self._process is not None:
            self._process.kill()

    def runs(self) -> bool:
        """Tells whether its process runs."""
        return "running" in self.status["state"]

    def log(self, *, previous: bool) -> pathlib.Path:
        """Returns the log of its current or of its previous process."""
        return self._pod.folder / f"{self.name}.{self.status['restartCount'] - previous}.log"

    def _is_restarted(self, code: int) -> bool:
        policy = self._pod.manifest["spec"]["restartPolicy"]
        if self._pod.is_stopping() or policy == "Never":
            return False
        return code != 0 or (policy == "Always" and not self._first)

    def _back_off(self, seconds: int) -> None:
        pod = self._pod
        whose = f"container={self.name} pod={pod.name}_{pod.namespace}({pod.uid})"
        self.waits("CrashLoopBackOff", f"back-off {seconds}s restarting failed {whose}")
        pod.changed()
        pod.pause(seconds)

    def _run_once(self, volumes: dict[str, pathlib.Path]) -> int:
        tries = itertools.count()
        argv, env, folder = self._pod.patiently(lambda: self._prepare(volumes, next(tries)), self._lacks)
        begun = now()
        try:
            self._process = Process(f"{self._pod.uid}/{self.name}", argv, env, folder, self.log(previous=False))
        except OSError as error:
            self._ends({"exitCode": _NOT_STARTED, "reason": "StartError", "message": f"{_NO_TASK}: {error}: unknown"})
            return _NOT_STARTED
        self.status |= {"ready": True, "started": True, "imageID": self._spec["image"]}
        self.status |= {"containerID": f"process://{self._process.pid}", "state": {"running": {"startedAt": begun}}}
        self._pod.changed()
        if self._pod.is_stopping():  # It was not there yet when the pod was told to stop.
            self.terminate()
        code = self._process.wait()
        reason, self._reason = self._reason or ("Error" if code else "Completed"), ""
        self._ends({"exitCode": code, "reason": reason, "startedAt": begun, "containerID": self.status["containerID"]})
        return code

    def _lacks(self, missing: NotYet) -> None:
        self.waits(missing.reason, str(missing))
        self._pod.changed()

    def _prepare(self, volumes: dict[str, pathlib.Path], tries: int) -> tuple[list[str], dict[str, str], pathlib.Path]:
        """Returns command, environment and working directory of its process."""
        check_beginning(self._pod, self._spec["image"], tries)
        image = self._pod.kubelet.images.find(self._spec["image"]) or {}
        mounts = Mounts(self._spec, volumes)
        env = {"PATH": os.environ["PATH"], "HOSTNAME": self._pod.name} | image.get("env", {})
        env |= environment(self._pod, self._spec)
        command, args = self._spec.get("command"), self._spec.get("args")
        argv = command or image.get("entrypoint", [])
        argv = argv + (args or ([] if command else image.get("cmd", [])))
        if not argv:
            raise NotYet("no command specified", "CreateContainerError")
        folder = mounts.local(self._spec["workingDir"]) if "workingDir" in self._spec else self._pod.folder
        local = {name: mounts.local(value) for name, value in env.items()}
        return [mounts.local(expand(word, env)) for word in argv], local, pathlib.Path(folder)

    def _ends(self, terminated: Object) -> None:
        terminated = {"startedAt": None, "finishedAt": now()} | terminated
        done = self._first and terminated["exitCode"] == 0
        self.status |= {"ready": done, "started": False, "state": {"terminated": terminated}}
        self._pod.changed()
