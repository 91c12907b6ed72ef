"""Fixtures: a Kubernetes for the whole run, and a namespace for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from bed.archives import archive
from bed.bed import Bed
from bed.process_node import ProcessNode
from bed.programs import NotBuilt
from pods import Namespace

_NUMBERS = itertools.count(1)


@contextmanager
def _started(bed: Bed) -> Iterator[Bed]:
    try:
        bed.start_control_plane()
        yield bed
    except NotBuilt as error:
        pytest.exit(str(error), returncode=1)
    finally:
        bed.down()


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """Gives a control plane whose one node is `node`."""
    with _started(Bed(tmp_path_factory.mktemp("kubernetes"))) as bed:
        yield bed


@pytest.fixture(scope="session")
def node(control_plane: Bed) -> ProcessNode:
    """Gives the one node of the control plane; its containers are processes."""
    return control_plane.start_process_node()


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """Gives another control plane with a whole node, which has the image localhost/tools:1. Needs root."""
    with _started(Bed(tmp_path_factory.mktemp("whole"), whole=True)) as bed:
        bed.start_whole_node().load(archive("tools"))
        yield bed


@pytest.fixture
def namespace(control_plane: Bed) -> Iterator[Namespace]:
    """Gives a namespace of its own to a test."""
    made = Namespace.make(control_plane.api, f"test-{next(_NUMBERS)}")
    yield made
    made.delete()
