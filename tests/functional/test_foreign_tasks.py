"""A task's token and ids of another task, for every operation of the Task Execution API: what Airflow refuses, and
nothing else, is refused, and of it nothing happens."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from support import PYTHON, Lite, eventually
from test_execution_api import NEWEST, ask, jwt

OWN, OTHER = "north", "south"
NOW = "2026-01-01T00:00:00Z"

DAG = """
import time
from airflow.sdk import DAG, Asset, task

with DAG("{who}"):
    @task(task_id="{who}_work", outlets=[Asset("{who}_asset", uri="x://{who}")])
    def work():
        time.sleep(600)

    @task(task_id="{who}_next")
    def after(): ...

    work() >> after()
"""

# Why a task reaches what is not its own: in Airflow, without teams, the tasks of an install trust each other.
REACHED = {
    "/assets/": "any task reads which assets there are",
    "/asset-events/": "a task reads the events of its inlets, which other DAGs make",
    "/connections/": "connections are the install's",
    "/variables/": "variables are the install's",
    "/dags/": "TriggerDagRunOperator looks whether the other DAG is paused",
    "/dag-runs/": "TriggerDagRunOperator and ExternalTaskSensor start, clear and await runs of other DAGs",
    "/task-instances/count": "ExternalTaskSensor counts task instances of other DAGs",
    "/task-instances/states": "ExternalTaskSensor reads states of task instances of other DAGs",
    "/task-instances/previous/": "a task's context tells of the one before",
    "/task-instances/breadcrumbs": "a task tells OpenLineage and others what ran before it",
    "/xcoms/": "xcom_pull(dag_id=...) reads, and a task clears what an earlier try of it left",
    "/store/asset/": "what is remembered of an asset is for all tasks",
    "/health": "asked without a token",
}

_HITL = {"options": ["yes"], "subject": "which?"}
# What is sent with the operations that take a body.
BODIES: dict[tuple[str, str], Any] = {
    ("PATCH", "/task-instances/{task_instance_id}/run"): {
        **{"state": "running", "hostname": "else", "unixname": "me", "pid": 5, "start_date": NOW}
    },
    ("PATCH", "/task-instances/{task_instance_id}/state"): {"state": "success", "end_date": NOW},
    ("PATCH", "/task-instances/{task_instance_id}/skip-downstream"): {"tasks": ["{who}_next"]},
    ("PUT", "/task-instances/{task_instance_id}/heartbeat"): {"hostname": "else", "pid": 5},
    ("PUT", "/task-instances/{task_instance_id}/rtif"): {"changed": "by the other"},
    ("PATCH", "/task-instances/{task_instance_id}/rendered-map-index"): "changed",
    ("POST", "/hitlDetails/{task_instance_id}"): {"ti_id": "{task_instance_id}", **_HITL},
    ("PATCH", "/hitlDetails/{task_instance_id}"): {"ti_id": "{task_instance_id}", "chosen_options": ["yes"]},
    ("PUT", "/store/ti/{task_instance_id}/{key}"): {"value": "changed"},
    ("PATCH", "/connection-tests/{connection_test_id}"): {"state": "success"},
    ("POST", "/dag-runs/{dag_id}/{run_id}"): {},
    ("PUT", "/variables/{variable_key}"): {"val": "changed"},
    ("POST", "/xcoms/{dag_id}/{run_id}/{task_id}/{key}"): "changed",
    ("PUT", "/store/asset/by-name/value"): {"value": "changed"},
    ("PUT", "/store/asset/by-uri/value"): {"value": "changed"},
}
# What the operations need in their queries.
QUERIES = {
    "/assets/by-name": "name={who}_asset",
    "/assets/by-uri": "uri=x://{who}",
    "/assets/by-alias": "alias_name={who}",
    "/asset-events/by-asset": "name={who}_asset&uri=x://{who}",
    "/asset-events/by-asset-alias": "name={who}",
    "/dag-runs/count": "dag_id={who}",
    "/dag-runs/previous": f"dag_id={{who}}&logical_date={NOW}",
    "/task-instances/count": "dag_id={who}",
    "/task-instances/states": "dag_id={who}",
    "/task-instances/breadcrumbs": "dag_id={who}&run_id={who}_run",
    "/store/asset/by-name/value": "name={who}_asset&key={who}_key",
    "/store/asset/by-name/clear": "name={who}_asset",
    "/store/asset/by-uri/value": "uri=x://{who}&key={who}_key",
    "/store/asset/by-uri/clear": "uri=x://{who}",
}

Asked = tuple[str, str, Any]


def names_of(who: str, task: str) -> dict[str, str]:
    """Returns the ids of a DAG and its task instance by the names that paths have for them."""
    return {
        "who": who,
        "task_instance_id": task,
        "connection_test_id": task,
        "dag_id": who,
        "run_id": f"{who}_run",
        "task_id": f"{who}_work",
        "key": f"{who}_key",
        "offset": "0",
        "connection_id": f"{who}_connection",
        "variable_key": f"{who}_variable",
    }


def fill(value: Any, names: dict[str, str]) -> Any:
    """Returns a body with ids in the place of the names in braces."""
    return json.loads(re.sub(r"\{(\w+)\}", lambda slot: names[slot[1]], json.dumps(value)))


def request_of(method: str, path: str, names: dict[str, str]) -> Asked:
    """Returns a request of the operation about the things with these names."""
    query = f"?{QUERIES[path]}" if path in QUERIES else ""
    return method, fill(path + query, names), fill(BODIES.get((method, path)), names)


@pytest.fixture(scope="module")
def lite(make_shared_lite: Callable[..., Lite]) -> Lite:
    """An install whose two DAGs each have a task that runs, with things of its own."""
    lite = make_shared_lite({f"{who}.py": DAG.format(who=who) for who in (OWN, OTHER)}, "--executor=stock")
    for who in (OWN, OTHER):
        lite.await_dag(who)
        for method, path, body in [
            ("PATCH", f"dags/{who}", {"is_paused": False}),
            ("POST", f"dags/{who}/dagRuns", {"dag_run_id": f"{who}_run", "logical_date": None}),
            ("POST", "variables", {"key": f"{who}_variable", "value": "a secret"}),
            ("POST", "connections", {"connection_id": f"{who}_connection", "conn_type": "http"}),
        ]:
            answer = lite.request(method, f"/api/v2/{path}", body)
            assert answer.status < 300, answer
        works = lambda who=who: lite.task_instances(who, f"{who}_run")[f"{who}_work"]["state"] == "running"  # noqa: E731
        eventually(works, f"{who} works", 120)
    return lite


@pytest.fixture(scope="module")
def names(lite: Lite) -> dict[str, dict[str, str]]:
    """The ids of both."""
    found = {who: lite.task_instances(who, f"{who}_run")[f"{who}_work"]["id"] for who in (OWN, OTHER)}
    return {who: names_of(who, task) for who, task in found.items()}


@pytest.fixture(scope="module")
def operations() -> list[tuple[str, str]]:
    """What the pinned wheel has."""
    return [(method, path) for method, path, _ in told_by_airflow(str(uuid.uuid4()), [])["operations"]]


def told_by_airflow(task: str, asked: list[Asked]) -> dict[str, Any]:
    """Returns what Airflow's own server says to the token of a task instance, and its operations."""
    script = pathlib.Path(__file__).with_name("execution_access_reference.py")
    given = json.dumps({"token_of": task, "requests": asked})
    run = subprocess.run([str(PYTHON), str(script)], input=given, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr[-3000:]
    return dict(json.loads(run.stdout.splitlines()[-1]))


def state_of(lite: Lite) -> dict[str, Any]:
    """Returns all that the requests could change of either task instance."""
    found: dict[str, Any] = {}
    for who in (OWN, OTHER):
        tasks = f"/api/v2/dags/{who}/dagRuns/{who}_run/taskInstances"
        found |= {
            path: lite.request("GET", path).body
            for path in (tasks, f"{tasks}/{who}_work/state-store", f"{tasks}/{who}_work/-1/hitlDetails")
        }
    for one in [task for told in found.values() for task in told.get("task_instances", ())]:
        one["duration"] = None  # it runs
    return found


def test_what_is_said_about_another_task_instance_is_refused_as_in_airflow_and_nothing_changes(
    lite: Lite, names: dict[str, dict[str, str]], operations: list[tuple[str, str]]
) -> None:
    assert len(operations) >= 55
    asked = [request_of(*operation, names[OTHER]) for operation in operations]
    own_task = names[OWN]["task_instance_id"]
    theirs = told_by_airflow(own_task, asked)["answers"]
    refused = [(request, body) for request, (status, body) in zip(asked, theirs, strict=True) if status == 403]
    assert len(refused) == 18
    token, before = jwt(lite, own_task), state_of(lite)
    differences = [
        (request, ours)
        for request, body in refused
        if (ours := ask(lite, request[0], request[1], NEWEST, request[2], token)).status != 403 or ours.body != body
    ]
    assert not differences
    assert state_of(lite) == before


def test_ids_of_another_task_in_a_body_are_none_beside_those_of_the_path(
    lite: Lite, names: dict[str, dict[str, str]], operations: list[tuple[str, str]]
) -> None:
    token, before = jwt(lite, names[OWN]["task_instance_id"]), state_of(lite)
    mixed = [
        (method, fill(path, names[OWN]), fill(body, names[OTHER]))
        for (method, path), body in BODIES.items()
        if (method, path) in operations and re.search(r"\{(who|task_instance_id)\}", json.dumps(body))
    ]
    assert len(mixed) == 3
    statuses = {request[0:2]: ask(lite, request[0], request[1], NEWEST, request[2], token) for request in mixed}
    own = names[OWN]["task_instance_id"]
    assert [answer.status for answer in statuses.values()] == [204, 201, 200]
    assert [answer.body["ti_id"] for answer in statuses.values() if answer.status == 201] == [own]
    after = state_of(lite)
    assert {path: told for path, told in after.items() if OTHER in path} == {
        path: told for path, told in before.items() if OTHER in path
    }


def test_what_is_not_refused_is_what_tasks_share_and_is_answered_like_the_others_own_task(
    lite: Lite, names: dict[str, dict[str, str]], operations: list[tuple[str, str]]
) -> None:
    tokens = [jwt(lite, names[who]["task_instance_id"]) for who in (OWN, OTHER)]
    shared = [one for one in operations if "{task_instance_id}" not in one[1] and "connection-tests" not in one[1]]
    reached = [one for part in REACHED for one in shared if one[1].startswith(part)]
    assert sorted(reached) == sorted(shared)
    # What makes things comes before what asks for them, what deletes them after it; what stops the tasks is last.
    order = ["PUT", "POST", "HEAD", "GET", "DELETE"]
    unlike = []
    for operation in sorted(shared, key=lambda one: (one[1].endswith("/clear"), order.index(one[0]))):
        method, path, body = request_of(*operation, names[OTHER])
        answers = [ask(lite, method, path, NEWEST, body, token) for token in tokens]
        told = [(answer.status, answer.body) for answer in answers]
        if told[0] != told[1] or told[0][0] in (401, 403, 405, 422, 500):
            unlike.append((operation, told))
    assert not unlike
