"""Every example DAG of the pinned wheels ends in Leoflow as it did in Airflow, but for what `cases.py` says."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import answers
import pytest
from cases import case_of
from compare import compare
from examples import example_files, write_plugins
from leoflow_answers import player_of
from support import Lite


def test_examples_end_as_in_airflow(
    make_lite: Callable[..., Lite], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plays all but the slow ones."""
    monkeypatch.setenv("AIRFLOW__CORE__PLUGINS_FOLDER", str(write_plugins(tmp_path / "plugins")))
    player = player_of(make_lite(example_files()))
    player.await_dags(settled_seconds=4)
    ours = answers.ask(player, with_slow=False)
    found = compare(answers.read(), ours)
    unexpected = {
        name: result.lines for name, result in found.items() if not result.is_expected and not case_of(name).slow
    }
    assert not unexpected
