"""Two DAGs of the same shape whose ids are all different, and requests of every operation about either of them."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from api.specification import Operation
from support import Lite, eventually

# All that is of a DAG has its name in it: ids, what it logs, what it gives on.
DAG = """
from datetime import datetime, timedelta
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, Asset, AsyncCallback, DeadlineAlert, DeadlineReference, TaskGroup, task

async def late(): ...

with DAG(
    "{who}",
    schedule=[Asset("{who}_asset"), Asset("{who}_other_asset")],
    tags=["{who}_tag"],
    doc_md="a secret of {who}",
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=timedelta(days=1), callback=AsyncCallback(late)
    ),
):
    @task(task_id="{who}_work")
    def work():
        print("a secret of {who}")
        return "a secret of {who}"

    @task(task_id="shared", outlets=[Asset("{who}_made")])
    def shared():
        print("a secret of {who}")
        return "a secret of {who}"

    with TaskGroup("{who}_group"):
        @task(task_id="{who}_inside")
        def inside(): ...

        inside()
    HITLOperator(task_id="{who}_asks", subject="a secret of {who}", options=["{who}_yes"])

    @task(task_id="{who}_mapped")
    def mapped(n):
        return "a secret of {who}"

    mapped.expand(n=[1, 2])
    work(), shared(){more}
"""
MORE = """

    @task(task_id="{who}_more")
    def more(): ...

    more()
"""

RUNS = "/api/v2/dags/{dag_id}/dagRuns"
RUN = RUNS + "/{dag_run_id}"
TASKS = RUN + "/taskInstances"
TASK = TASKS + "/{task_id}"
GROUP = RUN + "/taskGroupInstances/{group_id}"
_DATES = {"from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-02T00:00:00Z"}
_CONNECTION = {"connection_id": "{connection_id}", "conn_type": "http"}
_POOL = {"name": "{pool_name}", "slots": 3}
_VARIABLE = {"key": "{variable_key}", "value": "changed"}
_MARK = {"new_state": "failed", "note": "changed"}
_CLEAR = {"dry_run": False, "only_failed": False}


def _bulk(action: str, *entities: Any) -> dict[str, Any]:
    return {"actions": [{"action": action, "entities": list(entities)}]}


# What is sent with the operations that take a body; names in braces are filled in as in paths.
BODIES: dict[tuple[str, str], list[Any]] = {
    ("POST", "/api/v2/assets/events"): [{"asset_id": "{asset_id}"}],
    ("POST", "/api/v2/assets/{asset_id}/materialize"): [{}],
    ("PUT", "/api/v2/assets/{asset_id}/state-store/{key}"): [{"value": "changed"}],
    ("POST", "/api/v2/backfills"): [{"dag_id": "{dag_id}", **_DATES}],
    ("POST", "/api/v2/backfills/dry_run"): [{"dag_id": "{dag_id}", **_DATES}],
    ("PATCH", "/api/v2/connections/{connection_id}"): [_CONNECTION],
    ("POST", "/api/v2/connections/enqueue-test"): [_CONNECTION],
    ("POST", "/api/v2/connections/test"): [_CONNECTION],
    ("POST", "/api/v2/connections"): [{**_CONNECTION, "connection_id": "new"}],
    ("PATCH", "/api/v2/connections"): [_bulk("delete", "{connection_id}"), _bulk("update", _CONNECTION)],
    ("PATCH", RUN): [{"state": "failed", "note": "changed"}],
    ("PATCH", RUNS): [
        _bulk("update", {"dag_run_id": "{dag_run_id}", "note": "changed", "state": "failed"}),
        _bulk("delete", "{dag_run_id}"),
        _bulk("delete", {"dag_run_id": "{dag_run_id}"}),
    ],
    ("POST", RUNS): [{"logical_date": None}],
    ("POST", RUN + "/clear"): [_CLEAR, {"dry_run": True, "only_failed": False}],
    ("POST", "/api/v2/dags/~/dagRuns/list"): [{}],
    ("POST", RUNS + "/list"): [{}],
    ("POST", "/api/v2/dags/{dag_id}/clearDagRuns"): [
        {**_CLEAR, "dag_runs": [{"dag_run_id": "{dag_run_id}"}]},
        {**_CLEAR, "dag_runs": [{"dag_run_id": "{dag_run_id}", "dag_id": "{dag_id}"}]},
        {**_CLEAR, "dry_run": True, "dag_runs": [{"dag_run_id": "{dag_run_id}"}]},
    ],
    ("POST", "/api/v2/dags/{dag_id}/clearPartitions"): [
        {"run_id": "{dag_run_id}", "dry_run": False, "clear_task_instances": True},
        {"run_id": "{dag_run_id}", "dry_run": True},
    ],
    ("PATCH", "/api/v2/dags"): [{"is_paused": False}],
    ("PATCH", "/api/v2/dags/{dag_id}"): [{"is_paused": False}],
    ("PATCH", "/api/v2/pools/{pool_name}"): [{"pool": "{pool_name}", "slots": 3, "include_deferred": True}],
    ("POST", "/api/v2/pools"): [{**_POOL, "name": "new"}],
    ("PATCH", "/api/v2/pools"): [_bulk("delete", "{pool_name}"), _bulk("update", _POOL)],
    ("PUT", TASK + "/state-store/{key}"): [{"value": "changed"}],
    ("PATCH", TASK + "/state-store/{key}"): [{"value": "changed"}],
    ("PATCH", TASK + "/xcomEntries/{xcom_key}"): [{"value": "changed"}],
    ("POST", TASK + "/xcomEntries"): [{"key": "new", "value": "changed"}],
    ("PATCH", TASK): [_MARK, {"note": "changed"}],
    ("PATCH", TASK + "/{map_index}"): [_MARK, {"note": "changed"}],
    ("PATCH", TASK + "/dry_run"): [_MARK],
    ("PATCH", TASK + "/{map_index}/dry_run"): [_MARK],
    ("PATCH", TASKS): [
        _bulk("update", {"task_id": "{task_id}", "note": "changed", "new_state": "failed"}),
        _bulk("update", {"task_id": "{task_id}", "dag_run_id": "{dag_run_id}", "note": "changed", "map_index": -1}),
        _bulk("delete", "{task_id}"),
        _bulk("delete", {"task_id": "{task_id}", "dag_run_id": "{dag_run_id}"}),
    ],
    ("POST", TASKS + "/list"): [{}],
    ("POST", "/api/v2/dags/{dag_id}/clearTaskInstances"): [
        {**_CLEAR, "dag_run_id": "{dag_run_id}"},
        {**_CLEAR, "dag_run_id": "{dag_run_id}", "task_ids": ["{task_id}"], "include_upstream": True},
        {**_CLEAR, "task_ids": [["{task_id}", -1]]},
        {"dry_run": True, "only_failed": False, "task_ids": ["{task_id}"], "include_downstream": True},
    ],
    ("PATCH", GROUP): [_MARK],
    ("PATCH", GROUP + "/dry_run"): [_MARK],
    ("PATCH", "/api/v2/variables/{variable_key}"): [_VARIABLE],
    ("POST", "/api/v2/variables"): [{**_VARIABLE, "key": "new"}],
    ("PATCH", "/api/v2/variables"): [_bulk("delete", "{variable_key}"), _bulk("update", _VARIABLE)],
    ("PATCH", TASK + "/{map_index}/hitlDetails"): [{"chosen_options": ["{option}"]}],
    ("POST", "/ui/auth/token"): [{}],
}


# Some questions are about tasks that are mapped, or have asked people.
_TASKS = {"hitlDetails": "_asks", "listMapped": "_mapped"}


@dataclass(frozen=True)
class Request:
    """One request."""

    method: str
    path: str
    body: Any = None


def names_of(who: str, asset_id: int, version_number: int) -> dict[str, str]:
    """Returns the ids of a DAG by the names that paths have for them."""
    return {
        "dag_id": who,
        "dag_run_id": f"{who}_run",
        "run_id": f"{who}_run",
        "task_id": f"{who}_work",
        "group_id": f"{who}_group",
        "xcom_key": f"{who}_key",
        "key": f"{who}_key",
        "option": f"{who}_yes",
        "connection_id": f"{who}_connection",
        "variable_key": f"{who}_variable",
        "pool_name": f"{who}_pool",
        "asset_id": str(asset_id),
        "version_number": str(version_number),
        "map_index": "-1",
        "try_number": "1",
        "task_try_number": "1",
    }


def slots(text: str) -> list[str]:
    """Returns the names in braces."""
    return list(dict.fromkeys(re.findall(r"\{(\w+)\}", text)))


def fill(value: Any, names: dict[str, str]) -> Any:
    """Returns a body with ids in the place of the names in braces."""
    if isinstance(value, dict):
        return {key: fill(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, names) for inner in value]
    if value == "{asset_id}":
        return int(names["asset_id"])
    return re.sub(r"\{(\w+)\}", lambda slot: names[slot[1]], value) if isinstance(value, str) else value


def fill_path(operation: Operation, names: dict[str, str]) -> str:
    """Returns the path, with the task that the operation needs and the query that it must have."""
    for part, kind in _TASKS.items():
        if part in operation.path and names["task_id"].endswith("_work"):
            names = {**names, "task_id": names["task_id"].replace("_work", kind)}
    path = re.sub(r"\{(\w+)\}", lambda slot: urllib.parse.quote(names[slot[1]], safe="~"), operation.path)
    return path + "?interval=1" if operation.path.endswith("/wait") else path


def requests_of(operation: Operation, names: dict[str, str]) -> Iterator[Request]:
    """Yields requests of the operation about the things with these names."""
    for body in BODIES.get((operation.method, operation.path), [None]):
        yield Request(operation.method, fill_path(operation, names), fill(body, names))


def make(lite: Lite, *whos: str) -> None:
    """Runs the DAGs and fills all that can belong to one."""
    for who in whos:
        _make_one(lite, who)
    for who in whos:
        lite.await_run(who, f"{who}_run")
        lite.await_run(who, "shared")
        changed(lite, "PATCH", f"/api/v2/dags/{who}", {"is_paused": True})


def changed(lite: Lite, method: str, path: str, body: Any = None) -> Any:
    """Returns the answer to a request that succeeds."""
    answer = lite.request(method, path, body)
    assert answer.status < 300, (method, path, answer)
    return answer.body


def _make_one(lite: Lite, who: str) -> None:
    lite.await_dag(who)
    secret = f"a secret of {who}"
    changed(lite, "PATCH", f"/api/v2/dags/{who}", {"is_paused": False})
    for run_id in (f"{who}_run", "shared"):
        _make_run(lite, who, run_id)
    assets = {asset["name"]: asset["id"] for asset in lite.get("/api/v2/assets?limit=100")["assets"]}
    asset_id = assets[f"{who}_asset"]
    changed(lite, "POST", "/api/v2/assets/events", {"asset_id": asset_id, "extra": {"told": secret}})
    changed(lite, "PUT", f"/api/v2/assets/{asset_id}/state-store/{who}_key", {"value": secret})
    connection = {"connection_id": f"{who}_connection", "conn_type": "http", "host": "there"}
    changed(lite, "POST", "/api/v2/connections", connection)
    changed(lite, "POST", "/api/v2/variables", {"key": f"{who}_variable", "value": secret})
    changed(lite, "POST", "/api/v2/pools", {"name": f"{who}_pool", "slots": 1})


def _make_run(lite: Lite, who: str, run_id: str) -> None:
    secret = f"a secret of {who}"
    body = {"dag_run_id": run_id, "logical_date": None, "conf": {"told": secret}, "note": secret}
    changed(lite, "POST", f"/api/v2/dags/{who}/dagRuns", body)
    tasks = f"/api/v2/dags/{who}/dagRuns/{run_id}/taskInstances"
    for task_id in (f"{who}_work", "shared"):
        for key in (f"{who}_key", "shared"):
            changed(lite, "POST", f"{tasks}/{task_id}/xcomEntries", {"key": key, "value": secret})
            changed(lite, "PUT", f"{tasks}/{task_id}/state-store/{key}", {"value": secret})
        changed(lite, "PATCH", f"{tasks}/{task_id}", {"note": secret})
    asking = f"{tasks}/{who}_asks"
    eventually(lambda: lite.get(asking)["state"] == "awaiting_input", f"{who} asks people")
    changed(lite, "PATCH", f"{asking}/-1/hitlDetails", {"chosen_options": [f"{who}_yes"]})


_LISTS = (
    "variables?",
    "connections?",
    "pools?",
    "dags/~/dagRuns?",
    "dags/~/dagRuns/~/taskInstances?",
    "dags/~/dagRuns/~/taskInstances/~/xcomEntries?",
    "dags/~/dagRuns/~/hitlDetails?",
    "assets?",
    "assets/events?",
    "backfills?dag_id=north&",
)


def all_of(lite: Lite, *whos: str) -> dict[str, Any]:
    """Returns all that the requests could change, but for what is written down about them."""
    found: dict[str, Any] = {path: lite.get(f"/api/v2/{path}limit=100") for path in _LISTS}
    for dag in lite.get("/ui/dags?limit=100&exclude_stale=false")["dags"]:
        found[dag["dag_id"]] = [dag["is_paused"], dag["is_favorite"]]
    asset_ids = {asset["name"]: asset["id"] for asset in found["assets?"]["assets"]}
    for who in whos:
        more = [f"assets/{asset_ids[f'{who}_asset']}/state-store", f"dags/{who}/assets/queuedEvents"]
        more += [f"dags/{who}/dagRuns/{run}/taskInstances/{who}_work/state-store" for run in (f"{who}_run", "shared")]
        for path in more:
            found[path] = lite.get("/api/v2/" + path)
    return found


def text_of(body: Any) -> str:
    """Returns an answer's body as text."""
    return body if isinstance(body, str) else json.dumps(body, sort_keys=True)
