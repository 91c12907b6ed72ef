"""What both servers get before they are asked: examples that are played, and changes made over the REST API."""

from __future__ import annotations

import pathlib
import urllib.parse
from typing import Any

from examples import example_files
from support import Lite, eventually

LOGICAL_DATE = "2026-01-02T00:00:00Z"
RUN_ID = "example"

# Examples that are quick and end alike each time, one after the other: events and ids get the same order everywhere.
PLAYED = (
    "rich",
    "example_bash_operator",
    "example_branch_labels",
    "example_dynamic_task_mapping",
    "example_task_group",
    "example_task_group_mapping",
    "example_setup_teardown_taskflow",
    "example_short_circuit_operator",
    "example_params_trigger_ui",
    "example_failed_dag",
    "example_time_delta_sensor_async",
    "example_trigger_target_dag",
    "example_xcom",
    "example_xcom_args",
    "example_skip_dag",
    "example_display_name",
    "asset_produces_1",
    "asset_alias_example_alias_producer",
    "example_asset_state_store_producer",
    "tutorial",
    "tutorial_taskflow_api",
)

# Where every parameter is tried.
CHIEF = "example_bash_operator"

# Stays in the middle: its only task waits for a human.
WAITING = "asks"
WAITING_TASK = "ask"

_RUN = f"/api/v2/dags/example_bash_operator/dagRuns/{RUN_ID}"
_MAPPED = f"/api/v2/dags/example_dynamic_task_mapping/dagRuns/{RUN_ID}"
_FAILED = f"/api/v2/dags/example_failed_dag/dagRuns/{RUN_ID}"

# Method, path, body; all succeed in both.
CHANGES: list[tuple[str, str, Any]] = [
    ("POST", "/api/v2/variables", {"key": "a_password", "value": "secret"}),
    ("POST", "/api/v2/variables", {"key": "folder/name with space", "value": ""}),
    ("POST", "/api/v2/variables", {"key": "greeting", "value": "hello", "description": "said first"}),
    ("POST", "/api/v2/variables", {"key": "settings", "value": '{"depth": 3, "api_key": "secret"}'}),
    (
        "POST",
        "/api/v2/connections",
        {
            "connection_id": "warehouse",
            "conn_type": "postgres",
            "description": "numbers",
            "host": "db.example.com",
            "login": "reader",
            "password": "secret",
            "schema": "numbers",
            "port": 5432,
            "extra": '{"sslmode": "require", "password": "secret"}',
        },
    ),
    ("POST", "/api/v2/connections", {"connection_id": "web", "conn_type": "http", "host": "example.com"}),
    ("POST", "/api/v2/pools", {"name": "endless", "slots": -1}),
    ("POST", "/api/v2/pools", {"name": "narrow", "slots": 2, "description": "two", "include_deferred": True}),
    ("PATCH", _RUN, {"note": "seen by a human"}),
    ("PATCH", f"{_RUN}/taskInstances/run_after_loop", {"note": "this one, too"}),
    ("PATCH", f"{_MAPPED}/taskInstances/add_one/1", {"note": "the second"}),
    ("PATCH", f"{_FAILED}/taskInstances/fail_task", {"new_state": "success"}),
    ("POST", f"{_RUN}/taskInstances/run_this_last/xcomEntries", {"key": "by_hand", "value": {"a": [1, None, "x"]}}),
    ("POST", "/api/v2/dags/example_bash_operator/favorite", None),
    ("POST", "/api/v2/dags/tutorial/favorite", None),
    ("PATCH", "/api/v2/dags/tutorial", {"is_paused": False}),
    ("PATCH", "/api/v2/dags/tutorial", {"is_paused": True}),
    (
        "POST",
        "/api/v2/backfills",
        {"dag_id": "example_branch_labels", "from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-03T00:00:00Z"},
    ),
    ("PUT", f"{_RUN}/taskInstances/run_this_last/state-store/seen", {"value": {"rows": 3}}),
    ("PUT", f"{_RUN}/taskInstances/run_this_last/state-store/offset", {"value": 17}),
]


def files() -> dict[str, str]:
    """Returns the contents of all DAG files by name: the examples, and those in `dags/`."""
    examples = example_files()
    # Two examples name one place differently: which of them has it depends on who was parsed first.
    examples = {name: text for name, text in examples.items() if not name.endswith("example_inlet_event_extra.py")}
    beside = sorted((pathlib.Path(__file__).parent / "dags").glob("*.py"))
    return examples | {file.name: file.read_text() for file in beside}


def make(server: Lite) -> None:
    """Makes the world on a server whose DAGs are parsed.

    Raises:
        AssertionError: one of the requests was refused.
    """
    for dag_id in PLAYED:
        _play(server, dag_id)
    _start(server, WAITING)
    waiting = f"/api/v2/dags/{WAITING}/dagRuns/{RUN_ID}/taskInstances/{WAITING_TASK}"
    eventually(lambda: server.get(waiting)["state"] in ("deferred", "awaiting_input"), "a task waits for a human", 120)
    for method, path, body in CHANGES:
        answer = server.request(method, path, body)
        assert answer.status < 300, (method, path, answer)
    assets = server.get("/api/v2/assets?name_pattern=s3://dag1/output_1.txt")["assets"]
    event = {"asset_id": assets[0]["id"], "extra": {"by": "hand"}}
    assert server.request("POST", "/api/v2/assets/events", event).status == 200
    store = f"/api/v2/assets/{assets[0]['id']}/state-store/watermark"
    assert server.request("PUT", store, {"value": "2026-01-02"}).status < 300


def _start(server: Lite, dag_id: str) -> str:
    assert server.request("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False}).status == 200
    body = {"dag_run_id": RUN_ID, "logical_date": LOGICAL_DATE, "conf": {}}
    answer = server.request("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)
    assert answer.status == 200, (dag_id, answer)
    return f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(RUN_ID)}"


def _play(server: Lite, dag_id: str) -> None:
    run = _start(server, dag_id)
    eventually(lambda: server.get(run)["state"] in ("success", "failed"), f"{dag_id} ends", 180)
    assert server.request("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": True}).status == 200
