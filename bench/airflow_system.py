"""Apache Airflow as the benchmark drives it: LocalExecutor on PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import processes
from leoflow_system import Lite
from postgres import Postgres
from support import ROOT, eventually

ENVIRONMENT = ROOT / "build/bench-airflow"
# What Airflow needs beyond the pinned packages to talk to PostgreSQL.
_DRIVERS = ["psycopg2-binary", "asyncpg"]
_SERVICES = ["api-server", "scheduler", "dag-processor"]

# Airflow as a keen administrator of one small machine would set it: no idle waiting,
# files looked at every second, as many tasks considered at once as may run.
TUNED = {
    "AIRFLOW__CORE__PARALLELISM": "16",
    "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.05",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__MAX_TIS_PER_QUERY": "0",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "1",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "1",
    "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
}


def install(environment: pathlib.Path = ENVIRONMENT, extras: Sequence[str] = ()) -> None:
    """Makes a Python environment with the pinned Airflow and more packages, if it is not there."""
    pins = [line for line in (ROOT / "airflow.pin").read_text().split("\n") if line.startswith("apache-")]
    constraints = ROOT / "scripts/constraints/airflow.txt"
    packages = [*pins, *_DRIVERS, *extras]
    stamp, wanted = environment / ".stamp", "\n".join([*packages, constraints.read_text()])
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if environment.is_symlink():
        raise SystemExit(f"bench: {environment} is a link; what it points to would be emptied")
    print("== installing Airflow", flush=True)
    subprocess.run(["python3", "-m", "venv", "--clear", str(environment)], check=True)
    pip = [str(environment / "bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
    pip += ["--constraint", str(constraints)]
    subprocess.run([*pip, *packages], check=True)
    stamp.write_text(wanted)


@dataclass
class Airflow(Lite):
    """An install of Airflow. It shares with Lite the REST API, so what asks it is inherited."""

    name: str = "airflow"
    packages: pathlib.Path = ENVIRONMENT
    settings: dict[str, str] = field(default_factory=dict)
    postgres: Postgres = field(default_factory=Postgres)
    started_at: float = 0.0
    healthy_at: float = 0.0
    _services: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """Returns the environment of every Airflow process of this install."""
        bin_path = f"{self.packages / 'bin'}:{os.environ['PATH']}"
        return os.environ | self._base_settings() | self.settings | {"PATH": bin_path}

    def _base_settings(self) -> dict[str, str]:
        """Returns what any install has to set: where things are, and who may come in."""
        return {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__FERNET_KEY": "",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__SECRET_KEY": "bench",
            "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of the benchmark that is long enough for an HMAC of 512 bits",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(self.port + 1010),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{self._url}",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": f"postgresql+asyncpg://{self._url}",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        }

    def set_up(self) -> None:
        """Makes the database and migrates it."""
        install()
        self.postgres.start()
        self._url = self.postgres.make_database("airflow")
        with open(self.home / "migrate.log", "ab") as log:
            command = [str(self.packages / "bin/airflow"), "db", "migrate"]
            subprocess.run(command, env=self.environment, check=True, stdout=log, stderr=log)

    def start(self) -> None:
        """Starts API server, scheduler and DAG processor; notes when the API and the scheduler were healthy."""
        self.started_at = time.time()
        self._services = [self._start_service(service) for service in _SERVICES]
        eventually(self.is_healthy, "Airflow is healthy", 120)
        self.healthy_at = time.time()
        self.token = self.log_in()

    def _start_service(self, service: str) -> subprocess.Popen[bytes]:
        with open(self.home / f"{service}.log", "ab") as log:
            command = [str(self.packages / "bin/airflow"), service]
            # A session of its own, so that all its processes can be ended together.
            return subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, start_new_session=True)

    def is_healthy(self) -> bool:
        """Tells whether the API answers and the scheduler beats; fails if a process has ended."""
        for service, process in zip(_SERVICES, self._services, strict=True):
            assert process.poll() is None, (self.home / f"{service}.log").read_text()[-4000:]
        try:
            answer = self.request("GET", "/api/v2/monitor/health")
        except OSError:
            return False
        return answer.status == 200 and answer.body["scheduler"]["status"] == "healthy"

    def stop(self) -> None:
        """Ends the processes; the database stays."""
        for process in self._services:
            process.send_signal(signal.SIGTERM)
        for process in self._services:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._services = []

    def scheduling_pid(self) -> int:
        """Returns the process that schedules."""
        return self._services[_SERVICES.index("scheduler")].pid

    def scheduling_pids(self) -> set[int]:
        """Returns the process that schedules and those of its database."""
        return {self.scheduling_pid()} | processes.tree([self.postgres.pid()])

    def groups(self) -> dict[str, set[int]]:
        """Returns the processes: Airflow's, and PostgreSQL's."""
        return {
            "airflow": processes.tree(process.pid for process in self._services),
            "postgres": processes.tree([self.postgres.pid()]),
        }


def log_tail(home: pathlib.Path) -> str:
    """Returns the ends of Airflow's logs, for a failure report."""
    return "\n".join(f"--- {path.name}\n{path.read_text()[-1500:]}" for path in home.glob("*.log"))
