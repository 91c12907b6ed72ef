"""What is written down of who asked for what: the operations that Airflow writes down, with what it says of them."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest
from support import PYTHON

# The operations whose routes depend on its action logging.
THEIRS = """
import json
from fastapi import FastAPI
from fastapi.routing import APIRoute
from airflow.api_fastapi.core_api.app import init_views

def dependencies(dependant):
    for inner in dependant.dependencies:
        yield inner.call
        yield from dependencies(inner)

app = FastAPI()
init_views(app)
print(json.dumps({
    f"{method} {route.path}": route.endpoint.__name__
    for route in app.routes if isinstance(route, APIRoute) for method in route.methods
    if any(getattr(call, "__qualname__", "").startswith("action_logging") for call in dependencies(route.dependant))
}))
"""
# It is asked by POST, but changes nothing.
ONLY_A_LOOK = "POST /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list"


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Airflow's answer: the names of the events by "METHOD path"."""
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow"))}
    told = subprocess.run([PYTHON, "-c", THEIRS], env=environment, check=True, capture_output=True, text=True)
    events = json.loads(told.stdout.splitlines()[-1])
    assert len(events) > 40
    del events[ONLY_A_LOOK]
    return events


def events_of(lite) -> list[dict]:
    return lite.get("/api/v2/eventLogs?order_by=event_log_id&limit=100")["event_logs"]


def test_whoever_asks_is_written_down_as_in_airflow_even_if_refused(make_lite, theirs):
    lite = make_lite({})
    for name in theirs:
        method, path = name.split(" ", 1)
        # Nothing of this is there: nearly all are refused.
        lite.request(method, re.sub(r"\{[^}]*\}", "1", path), {"dry_run": False})
    written = events_of(lite)
    assert [event["event"] for event in written] == list(theirs.values())
    of_run = written[list(theirs).index("PATCH /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}")]
    assert (of_run["dag_id"], of_run["run_id"], of_run["owner"]) == ("1", "1", "admin@leoflow.local")
    assert json.loads(of_run["extra"]) == {"dry_run": False, "method": "PATCH"}


def test_secrets_are_not_written_down(make_lite):
    lite = make_lite({})
    connection = {"connection_id": "web", "conn_type": "http", "password": "hidden", "extra": '{"a": "hidden"}'}
    lite.request("POST", "/api/v2/connections", connection)
    lite.request("PATCH", "/api/v2/connections", {"actions": [{"action": "create", "entities": [connection]}]})
    lite.request("POST", "/api/v2/variables", {"key": "one", "value": "hidden"})
    lite.request("POST", "/api/v2/dags/none/dagRuns", {"logical_date": None, "conf": {"api_key": "hidden", "n": 1}})
    lite.request("PUT", "/api/v2/assets/1/state-store/one", {"value": "hidden"})
    one, many, variable, run, state = [json.loads(event["extra"]) for event in events_of(lite)]
    masked = {"connection_id": "web", "conn_type": "http", "password": "***", "extra": {"a": "***"}}
    assert one == masked | {"method": "POST"}
    assert many == {"actions": [{"action": "create", "entities": [masked]}], "method": "PATCH"}
    assert variable == {"key": "one", "value": "***", "method": "POST"}
    assert run == {"logical_date": None, "conf": {"api_key": "***", "n": 1}, "method": "POST"}
    assert state == {"asset_id": "1", "key": "one", "method": "PUT"}


def test_a_look_at_what_would_be_cleared_is_not_written_down(make_lite):
    lite = make_lite({})
    for body in ({"dry_run": True}, {}, {"dry_run": False}):
        lite.request("POST", "/api/v2/dags/none/clearTaskInstances", body)
    assert [event["event"] for event in events_of(lite)] == ["post_clear_task_instances"]
