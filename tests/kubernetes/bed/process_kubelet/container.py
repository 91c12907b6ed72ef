"""One container of a pod: started, restarted, and its status."""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING, Any

from ..api import Object
from .environment import environment, expand
from .heartbeat import now
from .mounts import Mounts
from .processes import Process
from .sources import NotYet

if TYPE_CHECKING:
    from .pod import Pod

_NOT_STARTED = 128


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
        self.waits("PodInitializing" if not first and pod.manifest["spec"].get("initContainers") else "ContainerCreating")
        self._pod, self._spec, self._first = pod, spec, first
        self._process: Process | None = None
        self._reason = ""

    def run(self, volumes: dict[str, pathlib.Path]) -> int:
        """Runs it until it has ended for good; returns its last exit code."""
        try:
            pause = 1  # A real kubelet begins with ten seconds; tests need not wait for that.
            while True:
                code = self._run_once(volumes)
                if not self._is_restarted(code):
                    return code
                self.status["lastState"] = self.status["state"]
                self.status["restartCount"] += 1
                self.waits("CrashLoopBackOff", f"back-off {pause}s restarting failed container={self.name}")
                self._pod.changed()
                self._pod.pause(pause)
                pause = min(pause * 2, 60)
        finally:
            self.ended = True

    def waits(self, reason: str, message: str = "") -> None:
        """Says why it is not started."""
        self.status["state"] = {"waiting": {"reason": reason} | ({"message": message} if message else {})}

    def was_never_started(self) -> None:
        """Says that nothing of it will be found, as a pod ends without it."""
        message = "The container could not be located when the pod was terminated"
        self._ends({"exitCode": 137, "reason": "ContainerStatusUnknown", "message": message})
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

    def _run_once(self, volumes: dict[str, pathlib.Path]) -> int:
        argv, env, folder = self._pod.patiently("CreateContainerConfigError", lambda: self._prepare(volumes), self)
        if not argv:
            self._pod.patiently("CreateContainerError", _no_command, self)
        begun = now()
        try:
            self._process = Process(f"{self._pod.uid}/{self.name}", argv, env, folder, self.log(previous=False))
        except OSError as error:
            self._ends({"exitCode": _NOT_STARTED, "reason": "StartError", "message": f"failed to create task: {error}"})
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

    def _prepare(self, volumes: dict[str, pathlib.Path]) -> tuple[list[str], dict[str, str], pathlib.Path]:
        """Returns command, environment and working directory of its process."""
        image = self._pod.kubelet.images.find(self._spec["image"]) or {}
        mounts = Mounts(self._spec, volumes)
        env = {"PATH": os.environ["PATH"], "HOSTNAME": self._pod.name} | image.get("env", {})
        env |= environment(self._pod, self._spec)
        command, args = self._spec.get("command"), self._spec.get("args")
        argv = command or image.get("entrypoint", [])
        argv = argv + (args or ([] if command else image.get("cmd", [])))
        folder = mounts.local(self._spec["workingDir"]) if "workingDir" in self._spec else self._pod.folder
        local = {name: mounts.local(value) for name, value in env.items()}
        return [mounts.local(expand(word, env)) for word in argv], local, pathlib.Path(folder)

    def _ends(self, terminated: Object) -> None:
        terminated = {"startedAt": None} | terminated | {"finishedAt": now()}
        self.status |= {"ready": False, "started": False, "state": {"terminated": terminated}}
        self._pod.changed()


def _no_command() -> Any:
    raise NotYet("no command specified")
