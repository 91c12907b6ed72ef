"""Airflow with its example DAGs: LocalExecutor on a PostgreSQL of its own, as the benchmark starts it."""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from masks import Masks
from player import Player
from support import ROOT

sys.path.insert(0, str(ROOT / "bench"))
import airflow_system  # noqa: E402 - found only now
from postgres import Postgres  # noqa: E402

# The DAGs are where the wheels have them.
_SETTINGS = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "True",
    "AIRFLOW__CORE__PARALLELISM": "6",
    # What is secret is masked wherever it occurs, so it had better be no word.
    "AIRFLOW__API__SECRET_KEY": "7d0f2c1be96a",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
}


@dataclass
class Airflow(airflow_system.Airflow):
    """An install of Airflow that defers, too."""

    def start(self) -> None:
        """Starts the services, the triggerer among them."""
        super().start()
        self._services.append(self._start_service("triggerer"))


@contextmanager
def airflow(folder: pathlib.Path, makes_runs: bool) -> Iterator[Player]:
    """Starts Airflow with the examples in an empty folder, and stops it at the end.

    Args:
        folder: Where all of it lives.
        makes_runs: Whether the scheduler makes runs, for schedules and for assets; else only what is triggered runs.
    """
    settings = _SETTINGS | {"AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": str(makes_runs)}
    server = Airflow(home=folder / "home", dags=folder / "dags", settings=settings, postgres=Postgres())
    airflow_system.install()
    server.home.mkdir(parents=True)
    server.dags.mkdir()
    environment = airflow_system.ENVIRONMENT
    package = next((environment / "lib").glob("python3*/site-packages/airflow"))
    places = {
        str(package / "example_dags"): "<examples>",
        str(package / "providers/standard/example_dags"): "<examples>",
        str(server.home): "<home>",
        str(environment): "<environment>",
    }
    try:
        server.set_up()
        server.start()
        player = Player(
            server,
            Masks(places),
            at_once=6,
            log=lambda line: print(line, flush=True),
            # Airflow fails a task that is to go on before the scheduler has heard that its first part is over.
            reaction_seconds=8,
        )
        player.await_dags(settled_seconds=40)
        yield player
    finally:
        server.stop()
        server.postgres.stop()
