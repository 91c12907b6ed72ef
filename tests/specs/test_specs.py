"""Leoflow answers as Airflow's descriptions of its REST APIs say, as far as Airflow itself does."""

from __future__ import annotations

import pathlib

import pytest
from listed import reasons
from playing import files, play
from probing import Failure, Probe


@pytest.fixture(scope="module")
def failing(make_shared_lite, tmp_path_factory) -> dict[Failure, str]:
    """What schemathesis finds fault with."""
    server = make_shared_lite(files())
    play(server)
    return Probe(server, pathlib.Path(tmp_path_factory.mktemp("specs"))).cover()


def test_nothing_fails_but_what_fails_in_airflow_too(failing):
    unlisted = {failure: request for failure, request in failing.items() if not reasons(failure)}
    assert not unlisted, "\n".join(f"{failure}\n    {request}" for failure, request in sorted(unlisted.items()))
