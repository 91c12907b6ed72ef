"""Fixtures: a Kubernetes for the whole run, and a namespace for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from bed.bed import Bed
from bed.process_node import ProcessNode
from bed.programs import NotBuilt
from pods import Namespace

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """Gives a control plane without nodes."""
    bed = Bed(tmp_path_factory.mktemp("kubernetes"))
    try:
        bed.start_control_plane()
        yield bed
    except NotBuilt as error:
        pytest.exit(str(error), returncode=1)
    finally:
        bed.down()


@pytest.fixture(scope="session")
def node(control_plane: Bed) -> ProcessNode:
    """Gives the one node of the control plane; its containers are processes."""
    return control_plane.start_process_node()


@pytest.fixture
def namespace(control_plane: Bed) -> Iterator[Namespace]:
    """Gives a namespace of its own to a test."""
    made = Namespace.make(control_plane.api, f"test-{next(_NUMBERS)}")
    yield made
    made.delete()
