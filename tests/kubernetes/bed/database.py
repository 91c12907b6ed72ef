"""A PostgreSQL outside the cluster of a whole node, where pods reach it: as production has it."""

from __future__ import annotations

import os
import pathlib
import pwd
import secrets
import subprocess

from support import eventually

from .machine import HOST, PODS
from .ports import free_ports
from .services import Services

_NAME, _USER = "postgres", "leoflow"


class Database:
    """The server of one bed, with a password.

    Attributes:
        url: Of a database on it that the server of Leoflow makes.
    """

    def __init__(self, services: Services, folder: pathlib.Path) -> None:
        """Takes the services of the bed and an empty folder that others may enter."""
        self._services, self._data = services, folder / "data"
        self._programs = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        self._port, self._password = free_ports(1)[0], secrets.token_hex(16)
        self.url = f"postgresql://{_USER}:{self._password}@{HOST}:{self._port}/leoflow"

    def start(self) -> None:
        """Makes and starts it; returns when it takes connections."""
        folder = self._data.parent
        password = folder / "password"
        password.write_text(self._password)
        # PostgreSQL refuses to run as root.
        owner = pwd.getpwnam("postgres")
        for path in (folder, password):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        self._run(
            "initdb", "-D", self._data, "-U", _USER, "--auth=scram-sha-256", "--pwfile", password,
            "-E", "UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip
        with open(self._data / "pg_hba.conf", "a") as access:
            access.write(f"host all all {PODS} scram-sha-256\n")
        self._services.run(
            _NAME,
            self._as_owner("postgres", "-D", self._data, "-c", f"listen_addresses={HOST}", "-c", f"port={self._port}",
                           "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"),
        )  # fmt: skip
        eventually(self._answers, "PostgreSQL answers", 30)

    def version(self) -> str:
        """Returns its version."""
        told = subprocess.run([self._programs / "postgres", "--version"], check=True, capture_output=True, text=True)
        return told.stdout.split()[2]

    def stop(self) -> None:
        """Stops it; what it holds is not needed any more."""
        self._services.stop(_NAME)

    def _answers(self) -> bool:
        asked = [self._programs / "pg_isready", "-q", "-h", HOST, "-p", str(self._port)]
        return subprocess.run(asked, check=False).returncode == 0

    def _run(self, program: str, *arguments: str | pathlib.Path) -> None:
        subprocess.run(self._as_owner(program, *arguments), check=True, capture_output=True, cwd="/")

    def _as_owner(self, program: str, *arguments: str | pathlib.Path) -> list[str]:
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
        return [*user, str(self._programs / program), *map(str, arguments)]
