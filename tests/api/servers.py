"""Starts both servers with the same DAG files; only what is triggered runs."""

from __future__ import annotations

import json
import os
import pathlib
import sys
import unittest.mock
from collections.abc import Iterator
from contextlib import contextmanager

from examples import write_plugins
from masks import Masks
from support import PASSWORD, PYTHON, ROOT, USER, Lite

# Words that the masker would find in other texts are no secrets.
_SETTINGS = {
    "AIRFLOW__API__SECRET_KEY": "7d0f2c1be96a",
    "AIRFLOW__CORE__FERNET_KEY": "PtTK6Fi0VYx50k8fDbFzXwUbX4i87ghWsJ6XoTPgFVc=",  # of this test only
    "AIRFLOW__CORE__PARALLELISM": "6",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
    "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
}


@contextmanager
def airflow(folder: pathlib.Path, files: dict[str, str], closed: bool = False) -> Iterator[tuple[Lite, Masks]]:
    """Starts Airflow with DAG files in an empty folder and stops it at the end; gives what masks its places.

    Args:
        folder: Where all of it lives.
        files: The contents of the DAG files by name.
        closed: Whether to come in takes the administrator's password, as in Leoflow; else everybody is one.
    """
    sys.path.insert(0, str(ROOT / "bench"))
    import airflow_system
    from airflow_answers import Airflow
    from postgres import Postgres

    airflow_system.install()
    settings = _SETTINGS | _nobodys(folder)
    settings |= {"AIRFLOW__CORE__PLUGINS_FOLDER": str(write_plugins(folder / "plugins"))}
    if closed:
        settings |= _close(folder / "passwords.json")
    server = Airflow(home=folder / "home", dags=folder / "dags", settings=settings, postgres=Postgres())
    server.home.mkdir(parents=True)
    _write(server, files)
    places = {
        str(server.dags): "<dags>",
        str(server.home): "<home>",
        str(folder): "<folder>",
        str(airflow_system.ENVIRONMENT): "<environment>",
    }
    try:
        server.set_up()
        server.start()
        yield server, Masks(places)
    finally:
        server.stop()
        server.postgres.stop()


def _nobodys(folder: pathlib.Path) -> dict[str, str]:
    # A shell of a task whose input is a socket reads ~/.bashrc, and what that says is in the task's log.
    return {"HOME": str(folder)}


def _close(passwords: pathlib.Path) -> dict[str, str]:
    passwords.write_text(json.dumps({USER: PASSWORD}))
    return {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
    }


def leoflow_environment(folder: pathlib.Path) -> dict[str, str]:
    """Returns what has to be in the environment of a Leoflow that is compared."""
    return _nobodys(folder) | {
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(write_plugins(folder / "plugins")),
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
    }


def leoflow_masks(server: Lite) -> Masks:
    """Returns what masks the places of a Leoflow."""
    places = {
        str(server.dags): "<dags>",
        str(server.home / "dev/agent/airflow"): "<home>",
        str(server.home / "dev/logs"): "<home>/logs",
        str(server.home): "<home>",
        str(server.home.parent): "<folder>",
        str(PYTHON.parent.parent): "<environment>",
    }
    return Masks(places)


@contextmanager
def leoflow(folder: pathlib.Path, files: dict[str, str]) -> Iterator[tuple[Lite, Masks]]:
    """Starts Leoflow with DAG files in an empty folder and stops it at the end; gives what masks its places."""
    server = Lite(home=folder / "home", dags=folder / "dags")
    server.home.mkdir(parents=True)
    _write(server, files)
    with unittest.mock.patch.dict(os.environ, leoflow_environment(folder)):
        server.set_up()
        try:
            server.start()
            yield server, leoflow_masks(server)
        finally:
            server.stop()


def _write(server: Lite, files: dict[str, str]) -> None:
    for name, source in files.items():
        server.write_dag(name, source)
