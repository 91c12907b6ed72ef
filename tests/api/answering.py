"""Makes the world on a server of its own, and asks it everything."""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import world
from asking import Asker
from masks import Masks
from player import Player
from support import Lite

# Starts a server with DAG files in an empty folder: one of `servers.py`.
Start = Callable[[pathlib.Path, dict[str, str]], AbstractContextManager[tuple[Lite, Masks]]]


def answers_of(start: Start, settled_seconds: float) -> dict[str, dict[str, Any]]:
    """Returns the masked answers of a server by question.

    Args:
        start: Starts the server.
        settled_seconds: Its DAG files are parsed when there was nothing new for so long.
    """
    with tempfile.TemporaryDirectory(prefix="leoflow-api-", ignore_cleanup_errors=True) as folder:
        with start(pathlib.Path(folder), world.files()) as (server, masks):
            Player(server, masks, 1).await_dags(settled_seconds)
            world.make(server)
            return Asker(server, masks).ask_all(at_once=2)
