"""Starts, kills and asks a real `leoflow lite`."""

from __future__ import annotations

import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("LEOFLOW_BIN", ROOT / "build/release/bin"))
PYTHON = ROOT / "build/airflow/bin/python"
USER = "admin@leoflow.local"
PASSWORD = "a password for tests"

T = TypeVar("T")


def eventually(look: Callable[[], T], what: str, seconds: float = 60.0) -> T:
    """Looks again and again until the answer is true; returns it.

    Raises:
        AssertionError: it was not within `seconds`; names `what` and the last answer.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:.0f} s; last seen: {answer!r}")
        time.sleep(0.02)


def free_port() -> int:
    """Returns an HTTP port whose gRPC and metrics neighbours are free as well.

    Any of them: a server may take a minute to its port, and other tests must not be given it meanwhile. Tests that run
    in another process at the same time have ports of their own.
    """
    process, processes = os.environ.get("PYTEST_XDIST_WORKER", "gw0"), os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
    ports = range(20000, 31700, 17)[int(process.removeprefix("gw")) :: int(processes)]
    for port in random.sample(ports, len(ports)):
        try:
            for offset in (0, 1010, 1011):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port + offset))
            return port
        except OSError:
            continue
    raise RuntimeError("no free port")


def run_script(script: str, home: pathlib.Path) -> str:
    """Runs a script in the project's Python and returns its last line."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "python"),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": "[]",
    }
    result = subprocess.run([PYTHON, "-c", script], env=environment, capture_output=True, text=True, check=True)
    return result.stdout.splitlines()[-1]


@dataclass
class Answer:
    """An HTTP answer: its status, headers and body, as JSON where it is JSON."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class Lite:
    """One install of Leoflow Lite and its processes."""

    home: pathlib.Path
    dags: pathlib.Path
    port: int = field(default_factory=free_port)
    arguments: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    token: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """Returns the environment of every command of this install."""
        return os.environ | {"LEOFLOW_HOME": str(self.home), "LEOFLOW_ADMIN_PASSWORD": PASSWORD}

    @property
    def url(self) -> str:
        """Returns the address of the web UI."""
        return f"http://127.0.0.1:{self.port}"

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a `leoflow` command of this install to its end."""
        return subprocess.run(
            [str(BIN / "leoflow"), *arguments],
            env=self.environment,
            check=check,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def set_up(self) -> None:
        """Prepares the home with the build's Python environment."""
        self.command("setup", "--non-interactive", "--python", str(PYTHON))

    def start(self) -> None:
        """Starts the server and logs in."""
        log = open(self.home / "server.log", "ab")  # noqa: SIM115 - lives as long as the server
        self.process = subprocess.Popen(
            [str(BIN / "leoflow"), "lite", str(self.dags), "--port", str(self.port), *self.arguments],
            env=self.environment,
            stdout=log,
            stderr=log,
        )
        eventually(self.is_healthy, "the server is healthy", 30)
        if not self.token:
            self.token = self.log_in()

    def log_in(self) -> str:
        """Returns a new token of the administrator."""
        answer = self.request("POST", "/auth/token", {"username": USER, "password": PASSWORD})
        assert answer.status == 201, answer
        return str(answer.body["access_token"])

    def is_healthy(self) -> bool:
        """Tells whether the server answers; fails if it has ended."""
        assert self.process is not None and self.process.poll() is None, (self.home / "server.log").read_text()
        try:
            return self.request("GET", "/api/v2/monitor/health").status == 200
        except OSError:
            return False

    def kill(self) -> None:
        """Ends the server as a power cut would; its agent goes on."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ends the server in order, and its agent with it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        pid = self.agent_pid()
        if pid:
            os.kill(pid, signal.SIGKILL)

    def agent_pid(self) -> int:
        """Returns the agent's pid, 0 if none is known."""
        try:
            pid = int((self.home / "dev/agent/agent.pid").read_text().split()[0])
            os.kill(pid, 0)
            return pid
        except (OSError, ValueError, IndexError):
            return 0

    def trigger_host_pids(self) -> list[int]:
        """Returns the processes that wait for this install's triggers."""
        agent, pids = self.agent_pid(), []
        for status in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                is_host = status.read_bytes().startswith(b"leoflow-agent: trigger host")
                warm = int(status.with_name("stat").read_text().rsplit(")", 1)[1].split()[1])
                if is_host and int(pathlib.Path(f"/proc/{warm}/stat").read_text().rsplit(")", 1)[1].split()[1]) == agent:
                    pids.append(int(status.parent.name))
            except (OSError, IndexError):
                continue
        return pids

    def request(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Sends one HTTP request with this install's token."""
        request = urllib.request.Request(self.url + path, method=method)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return self._answer(response)
        except urllib.error.HTTPError as error:
            return self._answer(error)

    @staticmethod
    def _answer(response: Any) -> Answer:
        raw = response.read()
        try:
            body = json.loads(raw)
        except ValueError:
            body = raw.decode(errors="replace")
        return Answer(response.status, dict(response.headers), body)

    def get(self, path: str) -> Any:
        """Returns the body of a GET that succeeds."""
        answer = self.request("GET", path)
        assert answer.status == 200, (path, answer)
        return answer.body

    def await_dag(self, dag_id: str, tasks: int | None = None, seconds: float = 60) -> None:
        """Waits until a DAG is there (with that many tasks)."""

        def there() -> bool:
            answer = self.request("GET", f"/api/v2/dags/{dag_id}/tasks")
            return answer.status == 200 and (tasks is None or answer.body["total_entries"] == tasks)

        eventually(there, f"DAG {dag_id} is there", seconds)

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None, logical_date: str | None = None) -> str:
        """Unpauses the DAG, starts a run, returns its id."""
        unpaused = self.request("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})
        assert unpaused.status == 200, unpaused.body
        body = {"logical_date": logical_date, "conf": conf or {}}
        answer = self.request("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)
        assert answer.status == 200, answer
        return str(answer.body["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Returns a run's state."""
        return str(self.get(f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id)}")["state"])

    def await_run(self, dag_id: str, run_id: str, state: str = "success", seconds: float = 120) -> None:
        """Waits until a run has ended, and checks how."""
        ended = eventually(
            lambda: (s := self.run_state(dag_id, run_id)) in ("success", "failed") and s, f"run {run_id} ends", seconds
        )
        assert ended == state, self.task_instances(dag_id, run_id)

    def task_instances(self, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
        """Returns a run's task instances by task id; of a mapped task the last."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(
                f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id)}/taskInstances?limit=100&offset={len(found)}"
            )
            found += page["task_instances"]
            if len(found) >= page["total_entries"] or not page["task_instances"]:
                return {ti["task_id"]: ti for ti in found}

    def log(self, dag_id: str, run_id: str, task_id: str, attempt: int = 1) -> list[dict[str, Any]]:
        """Returns the log records of one attempt."""
        body = self.get(
            f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id)}/taskInstances/{task_id}/logs/{attempt}"
            "?full_content=true"
        )
        return list(body["content"])

    def write_dag(self, name: str, source: str) -> pathlib.Path:
        """Writes a DAG file as editors do: beside it, then renamed."""
        path = self.dags / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part")
        temporary.write_text(source)
        temporary.rename(path)
        return path


@contextmanager
def installs(root: pathlib.Path) -> Iterator[Callable[..., Lite]]:
    """Gives a function that starts an install with the given DAG files; stops all of them at the end."""
    made: list[Lite] = []

    def make(files: dict[str, str] | None = None, *arguments: str) -> Lite:
        folder = root / f"install{len(made)}"
        lite = Lite(home=folder / "home", dags=folder / "dags", arguments=list(arguments))
        lite.home.mkdir(parents=True)
        lite.dags.mkdir()
        for name, source in (files or {}).items():
            lite.write_dag(name, source)
        made.append(lite)
        lite.set_up()
        lite.start()
        return lite

    yield make
    for lite in made:
        lite.stop()
