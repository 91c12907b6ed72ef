"""Plays the scenarios against a server, in the environment of the clients."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from typing import Any

from support import PASSWORD, ROOT, USER, Lite, eventually

_HERE = pathlib.Path(__file__).parent
_PYTHON = ROOT / "build/clients/bin/python"


def files() -> dict[str, str]:
    """Returns the contents of the DAG files by name."""
    return {file.name: file.read_text() for file in sorted((_HERE / "dags").glob("*.py"))}


def play(server: Lite) -> dict[str, Any]:
    """Waits for the DAGs, then plays everything.

    Args:
        server: Has the DAG files, and has played nothing yet.

    Returns:
        What `scenario/play.py` prints: what the clients offer, and what each call was answered.
    """
    eventually(lambda: server.get("/api/v2/dags")["total_entries"] == 8, "all DAGs are there", 120)
    eventually(lambda: server.get("/api/v2/importErrors")["total_entries"] == 1, "there is an import error", 120)
    health = "/api/v2/monitor/health"
    eventually(lambda: server.get(health)["triggerer"]["status"] == "healthy", "the triggerer is healthy", 120)
    command = [str(_PYTHON), str(_HERE / "scenario/play.py"), server.url, USER, PASSWORD]
    environment = os.environ | {
        "AIRFLOW_HOME": str(server.home / "terminal"),
        "AIRFLOW_CLI_DEBUG_MODE": "true",  # keeps tokens in files, not in the desktop's keyring
        "AIRFLOW_CLI_API_RETRIES": "1",
        "COLUMNS": "1000",
    }
    played = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert played.returncode == 0, played.stderr
    return dict(json.loads(played.stdout))
