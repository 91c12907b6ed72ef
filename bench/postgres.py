"""A private PostgreSQL for the time of the benchmark."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field


def _programs() -> pathlib.Path:
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        raise SystemExit("bench: PostgreSQL is not installed; run scripts/setup test")
    return found[-1]


@dataclass
class Postgres:
    """A server on a private socket, durable as in production (fsync on).

    Attributes:
        folder: Where its files are.
        kept: They stay there when it stops, for another one.
    """

    folder: pathlib.Path = field(default_factory=lambda: pathlib.Path(tempfile.mkdtemp(prefix="bench-pg-")))
    kept: bool = False

    def start(self) -> None:
        """Makes the cluster, if it is not there, and starts it."""
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
        if not (self.folder / "data").exists():
            self._run("initdb", "-U", "airflow", "--auth=trust", "-E", "UTF8", "--locale=C")
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c max_connections=200"
        self._run("pg_ctl", "-l", str(self.folder / "log"), "-w", "-o", options, "start")

    def stop(self) -> None:
        """Ends the server and, unless they are kept, removes its files."""
        self._run("pg_ctl", "-m", "fast" if self.kept else "immediate", "-w", "stop", check=False)
        if not self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def pid(self) -> int:
        """Returns the server's process id."""
        return int((self.folder / "data/postmaster.pid").read_text().split()[0])

    def make_database(self, name: str) -> str:
        """Makes an empty database, if there is none; returns what comes after `driver://` in its URL."""
        server = ["-h", str(self.folder), "-U", "airflow"]
        there = f"SELECT 1 FROM pg_database WHERE datname = '{name}'"
        command = [str(_programs() / "psql"), *server, "-X", "-A", "-t", "-c", there, "postgres"]
        if not subprocess.run(command, check=True, capture_output=True).stdout:
            subprocess.run([str(_programs() / "createdb"), *server, name], check=True)
        return f"airflow@/{name}?host={self.folder}"

    def url(self, name: str) -> str:
        """Returns the URL of a database, as libpq reads it."""
        return f"postgresql://airflow@/{name}?host={self.folder}"

    def version(self) -> str:
        """Returns the server's version."""
        answer = subprocess.run([str(_programs() / "postgres"), "-V"], check=True, capture_output=True, text=True)
        return answer.stdout.split()[2]

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        command = [str(_programs() / program), "-D", str(self.folder / "data"), *arguments]
        # PostgreSQL refuses to run as root.
        user = "postgres" if os.getuid() == 0 else None
        subprocess.run(command, check=check, user=user, cwd="/", stdout=subprocess.DEVNULL)
