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

_SHELL = "bin/bash"


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
    settings = _SETTINGS | {"AIRFLOW__CORE__PLUGINS_FOLDER": str(write_plugins(folder / "plugins"))}
    if closed:
        settings |= _close(folder / "passwords.json")
    server = Airflow(home=folder / "home", dags=folder / "dags", settings=settings, postgres=Postgres())
    server.home.mkdir(parents=True)
    _write(server, files)
    places = {
        str(server.dags): "<dags>",
        str(server.home): "<home>",
        str(folder / _SHELL): "/usr/bin/bash",
        str(folder): "<folder>",
        str(airflow_system.ENVIRONMENT): "<environment>",
    }
    with unittest.mock.patch.dict(os.environ, _quiet_shell(folder)):
        try:
            server.set_up()
            server.start()
            yield server, Masks(places)
        finally:
            server.stop()
            server.postgres.stop()


def _quiet_shell(folder: pathlib.Path) -> dict[str, str]:
    # bash reads the .bashrc of its account where its input is a socket, as a task's is, and what that file prints would
    # be in the task's log. An empty HOME does not help: BashOperator's `env` leaves no HOME.
    shell = folder / _SHELL
    shell.parent.mkdir(parents=True, exist_ok=True)
    shell.write_text('#!/bin/sh\nexec /bin/bash --norc "$@"\n')
    shell.chmod(0o755)
    return {"PATH": f"{shell.parent}{os.pathsep}{os.environ['PATH']}"}


def _close(passwords: pathlib.Path) -> dict[str, str]:
    passwords.write_text(json.dumps({USER: PASSWORD}))
    return {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
    }


def leoflow_environment(folder: pathlib.Path) -> dict[str, str]:
    """Returns what has to be in the environment of a Leoflow that is compared."""
    return _quiet_shell(folder) | {
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
        str(server.home.parent / _SHELL): "/usr/bin/bash",
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
