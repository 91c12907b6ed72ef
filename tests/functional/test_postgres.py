"""Lite on PostgreSQL instead of its own file."""

from __future__ import annotations

import os
import uuid

import pytest
import test_assets
import test_deferral
import test_mapping
import test_semantics
from support import PASSWORD, ROOT


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


def test_a_name_with_a_nul_is_not_the_name_before_it(make_lite, database_url):
    lite = make_lite({}, "--database-url", database_url)
    login = {"username": "admin@leoflow.local", "password": PASSWORD}
    assert lite.request("POST", "/auth/token", login, {}).status == 201
    assert lite.request("POST", "/auth/token", login | {"username": login["username"] + "\0x"}, {}).status == 401


@pytest.mark.parametrize(
    "scenario",
    [
        test_assets.test_dags_run_when_the_assets_that_they_wait_for_change,
        test_mapping.test_mapped_tasks_and_groups_see_what_airflow_shows_them,
        test_semantics.test_a_dag_triggers_another_again_and_waits_for_its_group,
    ],
)
def test_what_works_on_sqlite_works_here(make_lite, database_url, scenario):
    scenario(lambda files: make_lite(files, "--database-url", database_url))


def test_deferral_works_here_as_on_sqlite(make_lite, database_url, tmp_path):
    test_deferral.test_deferred_tasks_go_on_as_their_triggers_say(
        lambda files: make_lite(files, "--database-url", database_url), tmp_path
    )
