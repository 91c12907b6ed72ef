"""Fills a server with some of everything that the UI shows."""

from __future__ import annotations

from support import Lite, eventually

RUN_ID = "full"

DAGS = '''
"""DAGs with groups, mapped tasks, assets, XComs, failures, a retry, a deadline and questions to people."""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import (
    DAG, Asset, AsyncCallback, DeadlineAlert, DeadlineReference, Param, TaskGroup, task, task_group,
)

NUMBERS = Asset("numbers", uri="x://numbers", extra={"unit": "pieces"})


async def late():
    """Is called when a deadline is missed."""


with DAG(
    "pipeline", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False, tags=["colour", "shape"],
    description="some of everything", doc_md="# Pipeline\\n*all* at once", owner_links={"ann": "https://example.com"},
    params={"depth": Param(3, type="integer", minimum=1), "name": Param("x", type=["null", "string"])},
    default_args={"owner": "ann"},
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=timedelta(days=1), callback=AsyncCallback(late),
        name="within a day",
    ),
):
    @task(doc_md="gives the *first* number")
    def start(params=None):
        print("a line of the log")
        return {"depth": params["depth"], "list": [1, None, "x"]}

    with TaskGroup("group", tooltip="a group") as group:
        @task(retries=1, retry_delay=timedelta(0))
        def shaky(ti=None):
            if ti.try_number == 1:
                raise ValueError("only at first")

        shaky() >> BashOperator(task_id="shell", bash_command="echo {{ params.depth }} {{ run_id }}")

    @task
    def add(number):
        return number + 1

    @task_group
    def each(number):
        add.override(task_id="twice")(number)

    @task(outlets=[NUMBERS])
    def publish(): ...

    @task
    def breaks():
        raise RuntimeError("as meant")

    @task
    def never(): ...

    started = start()
    started >> group >> publish()
    started >> [add.expand(number=[1, 2, 3]), each.expand(number=[4, 5])]
    started >> breaks() >> never()

with DAG("consumer", schedule=[NUMBERS], tags=["colour"]):
    @task(inlets=[NUMBERS])
    def consume(): ...

    consume()

with DAG("asks", schedule=None):
    HITLOperator(
        task_id="ask", subject="Which one?", body="There are **two**.", options=["this", "that"],
        params={"reason": Param("", type="string")},
    )
    ApprovalOperator(task_id="approve", subject="Go on?")

with DAG("nightly", schedule="@daily", start_date=datetime(2030, 1, 1), catchup=False):
    BashOperator(task_id="sleepless", bash_command="true")
'''

# For changes: everything in it is quick, and nobody looks at what its runs are like.
CHORES = '''
from datetime import datetime

from airflow.sdk import DAG, Param, TaskGroup, task

with DAG("chores", schedule=None, start_date=datetime(2026, 1, 1), tags=["home"], params={"soap": Param("green")}):
    @task
    def wash(params=None):
        print("::group::in detail")
        print(params["soap"])
        print("::endgroup::")
        return {"soap": params["soap"]}

    with TaskGroup("rooms") as rooms:
        @task
        def bath():
            raise RuntimeError("no water")

        @task
        def kitchen(): ...

        bath(), kitchen()

    @task
    def rest(): ...

    @task
    def dry(number): ...

    washed = wash()
    washed >> rooms >> rest()
    washed >> dry.expand(number=[1, 2])

with DAG("waits", schedule="@daily", start_date=datetime(2030, 1, 1), catchup=False):
    @task(pool="closed")
    def wait(): ...

    wait()
'''

# A file is only looked at if it speaks of a DAG and of airflow.
BROKEN = 'raise ValueError("a DAG for airflow, broken on purpose")\n'

FILES = {"everything.py": DAGS, "chores.py": CHORES, "broken.py": BROKEN}

_RUN = f"/api/v2/dags/pipeline/dagRuns/{RUN_ID}"

# Method, path, body.
CHANGES: list[tuple[str, str, object]] = [
    ("POST", "/api/v2/variables", {"key": "greeting", "value": "hello", "description": "said first"}),
    ("POST", "/api/v2/variables", {"key": "settings", "value": '{"depth": 3, "api_key": "secret"}'}),
    ("POST", "/api/v2/connections", {"connection_id": "web", "conn_type": "http", "host": "example.com"}),
    ("POST", "/api/v2/pools", {"name": "closed", "slots": 0, "include_deferred": False}),
    ("POST", "/api/v2/pools", {"name": "narrow", "slots": 2, "description": "two", "include_deferred": True}),
    ("PATCH", _RUN, {"note": "seen by a human"}),
    ("PATCH", f"{_RUN}/taskInstances/start", {"note": "this one, too"}),
    ("PUT", f"{_RUN}/taskInstances/start/state-store/offset", {"value": 17}),
    ("POST", "/api/v2/dags/nightly/favorite", None),
    (
        "POST",
        "/api/v2/backfills",
        {"dag_id": "nightly", "from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-03T00:00:00Z"},
    ),
]


def fill(lite: Lite) -> int:
    """Runs the DAGs and makes the changes; returns the asset's id.

    Raises:
        AssertionError: something was refused, or did not happen.
    """
    lite.await_dag("nightly", tasks=1)
    lite.await_dag("chores", tasks=5)
    for dag_id in ("chores", "consumer", "nightly", "waits"):
        assert lite.request("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False}).status == 200
    for dag_id in ("asks", "pipeline"):
        start(lite, dag_id, RUN_ID, "2026-01-02T00:00:00Z")
    lite.await_run("pipeline", RUN_ID, "failed")
    for method, path, body in CHANGES:
        answer = lite.request(method, path, body)
        assert answer.status < 300, (method, path, answer)
    [asset] = lite.get("/api/v2/assets")["assets"]
    change = {"value": "2026-01-02"}
    assert lite.request("PUT", f"/api/v2/assets/{asset['id']}/state-store/watermark", change).status < 300
    await_states(lite, "asks", RUN_ID, {"ask": "awaiting_input", "approve": "awaiting_input"})
    eventually(lambda: ended(lite, "nightly") >= 3, "the backfill ends")
    eventually(lambda: ended(lite, "consumer") >= 1, "the asset's run ends")
    eventually(lambda: lite.get("/api/v2/importErrors")["total_entries"], "the broken file is told")
    return int(asset["id"])


def start(lite: Lite, dag_id: str, run_id: str, logical_date: str | None = None) -> None:
    """Unpauses a DAG and starts a run with this id."""
    assert lite.request("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False}).status == 200
    body = {"dag_run_id": run_id, "logical_date": logical_date}
    assert lite.request("POST", f"/api/v2/dags/{dag_id}/dagRuns", body).status == 200


def do_chores(lite: Lite, run_id: str, logical_date: str | None = None) -> str:
    """Starts a run of the chores, and waits until it has failed, as it does; returns its path in the API."""
    start(lite, "chores", run_id, logical_date)
    lite.await_run("chores", run_id, "failed")
    return f"/api/v2/dags/chores/dagRuns/{run_id}"


def ended(lite: Lite, dag_id: str) -> int:
    """Returns how many runs of a DAG were successful."""
    return int(lite.get(f"/api/v2/dags/{dag_id}/dagRuns?state=success")["total_entries"])


def await_states(lite: Lite, dag_id: str, run_id: str, wanted: dict[str, str]) -> None:
    """Waits until task instances of a run are in these states."""

    def reached() -> bool:
        instances = lite.task_instances(dag_id, run_id)
        return all(instances.get(task_id, {}).get("state") == state for task_id, state in wanted.items())

    eventually(reached, f"{dag_id} has {wanted}")
