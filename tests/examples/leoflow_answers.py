"""Leoflow with the example DAGs."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager

from examples import example_files, write_plugins
from masks import Masks
from player import Player
from support import PYTHON, Lite


def player_of(lite: Lite) -> Player:
    """Returns what plays examples on an install that has them as its DAG files."""
    places = {
        str(lite.dags / "core"): "<examples>",
        str(lite.dags / "standard"): "<examples>",
        str(lite.home / "dev/agent/airflow"): "<home>",
        str(lite.home): "<home>",
        str(PYTHON.parent.parent): "<environment>",
    }
    return Player(lite, Masks(places), at_once=8)


@contextmanager
def leoflow(folder: pathlib.Path) -> Iterator[Player]:
    """Starts Leoflow with the examples in an empty folder, and stops it at the end."""
    lite = Lite(home=folder / "home", dags=folder / "dags")
    lite.home.mkdir(parents=True)
    for name, source in example_files().items():
        lite.write_dag(name, source)
    os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(write_plugins(folder / "plugins"))
    lite.set_up()
    try:
        lite.start()
        player = player_of(lite)
        player.await_dags(settled_seconds=4)
        yield player
    finally:
        lite.stop()
