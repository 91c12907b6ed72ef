"""Fixtures: installs of Leoflow Lite that clean up after themselves."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest
from support import Lite


@pytest.fixture
def make_lite(tmp_path: pathlib.Path) -> Iterator:
    """Gives a function that starts an install with the given DAG files."""
    made: list[Lite] = []

    def make(files: dict[str, str] | None = None, *arguments: str) -> Lite:
        folder = tmp_path / f"install{len(made)}"
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
