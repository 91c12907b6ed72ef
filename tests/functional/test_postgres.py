"""Lite on PostgreSQL instead of its own file."""

from __future__ import annotations

import os
import uuid

import pytest
from support import ROOT


@pytest.fixture
def database_url() -> str:
    """Gives the URL of a database that does not exist yet."""
    server = os.environ.get("LEOFLOW_TEST_POSTGRES")
    if not server:
        pytest.skip("LEOFLOW_TEST_POSTGRES is not set; scripts/with-postgres sets it")
    at = server.index("?")
    return f"{server[:at]}leoflow_{uuid.uuid4().hex[:8]}{server[at:]}"


def test_the_sample_project_runs_and_survives_a_killed_server(make_lite, database_url):
    hello = (ROOT / "dags/hello/dag.py").read_text()
    lite = make_lite({"hello/dag.py": hello}, "--database-url", database_url)
    lite.await_dag("hello", 5)
    lite.await_run("hello", lite.trigger("hello"))
    lite.kill()
    lite.start()
    lite.await_run("hello", lite.trigger("hello"))
    assert lite.get("/api/v2/dags/hello/dagRuns?run_type=manual")["total_entries"] == 2
