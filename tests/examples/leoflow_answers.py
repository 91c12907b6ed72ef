"""Leoflow with the example DAGs."""

from __future__ import annotations

import os
import pathlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from masks import Masks
from player import Player
from support import PYTHON, Lite

# The examples use plugins that come with them; this loads these plugins in Airflow's own code.
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "True"


def package() -> pathlib.Path:
    """Returns the folder of the installed `airflow` package."""
    return next((PYTHON.parent.parent / "lib").glob("python3*/site-packages/airflow"))


def copy_examples(folder: pathlib.Path) -> None:
    """Copies the examples into a DAG folder."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package() / "example_dags", folder / "core", ignore=ignored, dirs_exist_ok=True)
    standard = package() / "providers/standard/example_dags"
    shutil.copytree(standard, folder / "standard", ignore=ignored, dirs_exist_ok=True)


def player_of(lite: Lite, at_once: int = 8) -> Player:
    """Returns what plays examples on this install."""
    places = {
        str(lite.dags / "core"): "<examples>",
        str(lite.dags / "standard"): "<examples>",
        str(lite.home / "dev"): "<home>",
        str(lite.home): "<home>",
        str(PYTHON.parent.parent): "<environment>",
    }
    return Player(lite, Masks(places), at_once)


@contextmanager
def leoflow(folder: pathlib.Path) -> Iterator[Player]:
    """Starts Leoflow with the examples in an empty folder, and stops it at the end."""
    lite = Lite(home=folder / "home", dags=folder / "dags")
    lite.home.mkdir(parents=True)
    copy_examples(lite.dags)
    lite.set_up()
    try:
        lite.start()
        player = player_of(lite)
        player.await_dags(settled_seconds=4)
        yield player
    finally:
        lite.stop()
