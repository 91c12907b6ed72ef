"""Programs in the background of a bed, which can be stopped and started again."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import select
import signal
import subprocess
from typing import Any


class Services:
    """The programs of one bed, by name.

    What is known of each is in a file below `folder`, so that another process can stop and start it as well.
    """

    def __init__(self, folder: pathlib.Path, *, kept: bool) -> None:
        """Takes the folder of the bed, which may know services already.

        Args:
            folder: Where the files and logs are.
            kept: Whether the programs outlive this process. Otherwise the kernel ends them when the thread that
                started them ends, however that happens: start them in the main thread.
        """
        self._known, self._logs, self._kept = folder / "services", folder / "logs", kept
        self._known.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(exist_ok=True)
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def run(self, name: str, command: list[str], end: signal.Signals = signal.SIGKILL) -> None:
        """Starts a program; `start` will do so with the same command.

        Args:
            name: What it is called in this bed.
            command: The program and its arguments.
            end: What ends it. One that loses nothing is killed: it is quicker, and as sudden as an outage is.
        """
        self._write(name, {"command": command, "end": end.name, "pid": 0, "born": ""})
        self.start(name)

    def start(self, name: str) -> None:
        """Starts a program that was run before, unless it runs."""
        if self.runs(name):
            return
        known = self._read(name)
        tied = [] if self._kept else ["setpriv", "--pdeathsig", known["end"].removeprefix("SIG"), "--"]
        with open(self._logs / f"{name}.log", "ab") as log:
            child = subprocess.Popen(
                tied + known["command"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._children[child.pid] = child
        self._write(name, known | {"pid": child.pid, "born": _born(child.pid)})

    def stop(self, name: str, seconds: float = 10) -> None:
        """Ends a program, by force when it takes longer than `seconds`."""
        known = self._read(name)
        if self.runs(name):
            handle = os.pidfd_open(known["pid"])
            try:
                signal.pidfd_send_signal(handle, signal.Signals[known["end"]])
                if not select.select([handle], [], [], seconds)[0]:
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
                    select.select([handle], [], [])
            finally:
                os.close(handle)
        if known["pid"] in self._children:
            self._children.pop(known["pid"]).wait()
        self._write(name, known | {"pid": 0, "born": ""})

    def runs(self, name: str) -> bool:
        """Tells whether a program runs."""
        known = self._read(name)
        return bool(known["pid"]) and _born(known["pid"]) == known["born"]

    def pid(self, name: str) -> int:
        """Returns the process of a program, 0 if it was stopped."""
        return self._read(name)["pid"]

    def died(self) -> list[str]:
        """Returns those that have ended without being stopped."""
        return [name for name in self.names() if self._read(name)["pid"] and not self.runs(name)]

    def names(self) -> list[str]:
        """Returns all that are known, the one that was started or stopped last first."""
        files = sorted(self._known.glob("*.json"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
        return [file.stem for file in files]

    def log_end(self, name: str) -> str:
        """Returns the last lines of a program's log."""
        return "\n".join((self._logs / f"{name}.log").read_text(errors="replace").splitlines()[-10:])

    def _read(self, name: str) -> dict[str, Any]:
        return json.loads((self._known / f"{name}.json").read_text())

    def _write(self, name: str, known: dict[str, Any]) -> None:
        (self._known / f"{name}.json").write_text(json.dumps(known))


def _born(pid: int) -> str:
    """Returns when a process was born, empty if it is gone: pids are used again, the two together are not."""
    with contextlib.suppress(OSError):
        state, *fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        if state != "Z":
            return fields[18]
    return ""
