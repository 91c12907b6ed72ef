"""Fixtures: installs of Leoflow Lite that clean up after themselves."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from support import Lite


@contextmanager
def _installs(root: pathlib.Path) -> Iterator[Callable[..., Lite]]:
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


@pytest.fixture
def make_lite(tmp_path: pathlib.Path) -> Iterator[Callable[..., Lite]]:
    """Gives a function that starts an install with the given DAG files."""
    with _installs(tmp_path) as make:
        yield make


@pytest.fixture(scope="module")
def make_shared_lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Lite]]:
    """Gives the same, for an install that all tests of a module share."""
    with _installs(tmp_path_factory.mktemp("shared")) as make:
        yield make
