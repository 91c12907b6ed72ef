"""A Redis outside the cluster of a bed, where replicas reach it: as production has it."""

from __future__ import annotations

import secrets
import subprocess

from support import eventually

from .ports import free_ports
from .services import Services

_NAME = "redis"


class Redis:
    """The server of one bed, with a password and nothing on a disk.

    Attributes:
        url: What `leoflow server` is told.
    """

    def __init__(self, services: Services, host: str = "127.0.0.1") -> None:
        """Takes the services of the bed and the address to listen on."""
        self._services, self._host = services, host
        self._port, self._password = free_ports(1)[0], secrets.token_hex(16)
        self.url = f"redis://:{self._password}@{host}:{self._port}/0"

    def start(self) -> None:
        """Starts it, empty; returns when it answers."""
        command = ["redis-server", "--bind", self._host, "--port", str(self._port), "--requirepass", self._password,
                   "--save", "", "--appendonly", "no"]  # fmt: skip
        self._services.run(_NAME, command)
        eventually(lambda: self.ask("PING") == "PONG", "Redis answers", 30)

    def stop(self) -> None:
        """Kills it; what it holds is gone."""
        self._services.stop(_NAME)

    def pause(self) -> None:
        """Has it hang: it takes connections and does not answer."""
        subprocess.run(["kill", "-STOP", str(self._services.pid(_NAME))], check=True)

    def version(self) -> str:
        """Returns its version."""
        return next(line for line in self.ask("INFO", "server").splitlines() if line.startswith("redis_version:"))[14:]

    def ask(self, *command: str) -> str:
        """Returns what it answers to a command; nothing if it does not."""
        asked = ["redis-cli", "-h", self._host, "-p", str(self._port), "-a", self._password, "--no-auth-warning", *command]
        return subprocess.run(asked, check=False, capture_output=True, text=True).stdout.strip()
