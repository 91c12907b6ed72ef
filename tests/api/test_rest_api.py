"""Leoflow answers every GET of both REST APIs as Airflow did when it was asked, but where `known.py` says why not."""

from __future__ import annotations

import pytest
import recorded
import servers
from answering import answers_of
from comparing import Tally, compare, unused


@pytest.fixture(scope="module")
def tallies() -> dict[str, Tally]:
    """How the answers compare, by operation."""
    return compare(recorded.read(), answers_of(servers.leoflow, settled_seconds=4))


def test_every_get_is_answered_as_by_airflow_but_for_known_differences(tallies):
    differing = [line for tally in tallies.values() for line in tally.unknown]
    assert not differing, "\n".join([f"{len(differing)} differences", *differing[:100]])


def test_every_known_difference_is_still_one(tallies):
    assert not unused(tallies)
