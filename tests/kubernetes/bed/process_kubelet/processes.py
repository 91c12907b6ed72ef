"""Starts a process, and ends all that came of it."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import threading

from .logs import write_log

_MARK = "BED_CONTAINER"


class Process:
    """The process of a container, with its log.

    A container ends with its first process, and nothing that it started survives. Here those are the descendants of
    the process and whatever still has its mark in the environment, in whichever session.
    """

    def __init__(
        self, mark: str, argv: list[str], env: dict[str, str], folder: pathlib.Path, log: pathlib.Path
    ) -> None:
        """Starts it. It is killed when the kubelet ends, however that happens: the calling thread must wait for it.

        Raises:
            OSError: there is no such program.
        """
        if shutil.which(argv[0], path=env["PATH"]) is None:
            raise FileNotFoundError(f'exec: "{argv[0]}": executable file not found in $PATH')
        self._mark = f"{_MARK}={mark}".encode()
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *argv],
            env=env | {_MARK: mark},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._writer = threading.Thread(target=write_log, args=(self._process.stdout, log), daemon=True)
        self._writer.start()

    def wait(self) -> int:
        """Waits for the end; returns the exit code as Kubernetes tells it: 128 and more after a signal."""
        code = self._process.wait()
        self.kill()
        self._writer.join()
        return 128 - code if code < 0 else code

    def terminate(self) -> None:
        """Asks the first process to end."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kills all of them; again, as long as one of them may have started another meanwhile."""
        while family := self._family():
            for pid in family:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    def _family(self) -> set[int]:
        """Returns all processes of the container that run."""
        parents, found = {}, set()
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
                if state == "Z":
                    continue
                parents[int(folder.name)] = int(parent)
                if self._mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.add(int(folder.name))
            except OSError:  # It is gone, or another user's.
                continue
        if self.pid in parents and self._process.returncode is None:
            found.add(self.pid)
        while children := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= children
        return found
