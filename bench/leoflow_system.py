"""Leoflow Lite as the benchmark drives it."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import processes

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from support import Lite


@dataclass
class Leoflow(Lite):
    """An install of Leoflow Lite with its defaults."""

    name: str = "leoflow"
    started_at: float = 0.0
    healthy_at: float = 0.0

    def start(self) -> None:
        """Starts the server and its agent, and notes when the API was healthy."""
        self.started_at, self.healthy_at = time.time(), 0.0
        super().start()

    def is_healthy(self) -> bool:
        """Tells whether the server answers; notes the first time it does."""
        healthy = super().is_healthy()
        if healthy and not self.healthy_at:
            self.healthy_at = time.time()
        return healthy

    def scheduling_pid(self) -> int:
        """Returns the process that schedules: the server."""
        assert self.process is not None
        return self.process.pid

    def scheduling_pids(self) -> set[int]:
        """Returns the process that schedules; its database is in it."""
        return {self.scheduling_pid()}

    def groups(self) -> dict[str, set[int]]:
        """Returns the processes: the server, and the agent with its Python."""
        assert self.process is not None
        agent = processes.tree([self.agent_pid()])
        return {"server": processes.tree([self.process.pid]) - agent, "agent": agent}
