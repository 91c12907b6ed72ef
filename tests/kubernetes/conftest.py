"""Fixtures: a Kubernetes for the whole run, and a namespace for each test."""

from __future__ import annotations

import itertools
import os
import pathlib
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from bed.archives import archive
from bed.bed import Bed
from bed.machine import hindrance
from bed.process_node import ProcessNode
from bed.programs import NotBuilt
from chart import WARM, apply_rights
from control_plane import Server
from pods import Namespace
from support import ROOT

_NUMBERS = itertools.count(1)


def _wants_whole_node(item: pytest.Item) -> bool:
    return "whole" in getattr(item, "fixturenames", ())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the tests of a file in one process, and all on whole nodes, the slowest: a machine can have one of those."""
    items.sort(key=lambda item: not _wants_whole_node(item))
    for item in items:
        group = "whole" if _wants_whole_node(item) else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begins no test after `LEOFLOW_TESTS_END`, in seconds since 1970, if that is set."""
    if time.time() > float(os.environ.get("LEOFLOW_TESTS_END", "inf")):
        pytest.skip("the time for tests is over")


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
    """Gives another control plane with a whole node, which has the image localhost/tools:1, where that can be."""
    if why := hindrance():
        pytest.skip(f"no whole node on this machine: {why}")
    with _started(Bed(tmp_path_factory.mktemp("whole"), whole=True)) as bed:
        bed.start_whole_node().load(archive("tools"))
        yield bed


@pytest.fixture
def namespace(control_plane: Bed) -> Iterator[Namespace]:
    """Gives a namespace of its own to a test."""
    made = Namespace.make(control_plane.api, f"test-{next(_NUMBERS)}")
    yield made
    made.delete()


@pytest.fixture
def make_server(
    control_plane: Bed, node: ProcessNode, namespace: Namespace
) -> Iterator[Callable[..., Server]]:
    """Gives a function that starts a control plane with settings, all in one namespace and on one database."""
    url = os.environ.get("LEOFLOW_TEST_POSTGRES")
    assert url, "LEOFLOW_TEST_POSTGRES is not set; scripts/with-postgres sets it"
    at = url.index("?")
    database = f"{url[:at]}leoflow_{uuid.uuid4().hex[:8]}{url[at:]}"
    made: list[Server] = []
    # Not below /tmp, where pods have a volume: what their processes are given would be changed.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="servers-", dir=ROOT / "build/kubernetes"))
    rights = apply_rights(control_plane.kubeconfig, control_plane.api, namespace.name, folder / "kubeconfig")

    def make(**settings: str) -> Server:
        if settings.get("LEOFLOW_EXECUTOR_WARM_PODS") == "true":
            apply_rights(control_plane.kubeconfig, control_plane.api, namespace.name, rights, WARM)
        home = folder / f"server{len(made)}"
        home.mkdir()
        server = Server(home=home, dags=home / "dags", node=node, namespace=namespace, kubeconfig=rights,
                        database_url=database, settings=settings)  # fmt: skip
        made.append(server)
        if len(made) == 1:
            server.have_ca()
        server.set_up()
        server.start()
        return server

    yield make
    for server in made:
        server.stop()
    node.have_every_image()
    shutil.rmtree(folder)
