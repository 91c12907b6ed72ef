"""Fixtures: installs of Leoflow Lite that clean up after themselves."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator

import pytest
from support import Lite, installs


@pytest.fixture
def make_lite(tmp_path: pathlib.Path) -> Iterator[Callable[..., Lite]]:
    """Gives a function that starts an install with the given DAG files."""
    with installs(tmp_path) as make:
        yield make


@pytest.fixture(scope="module")
def make_shared_lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Lite]]:
    """Gives the same, for an install that all tests of a module share."""
    with installs(tmp_path_factory.mktemp("shared")) as make:
        yield make
