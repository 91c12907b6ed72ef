"""The Task Execution API: Airflow's list of operations, its words for bad requests, and its own workers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support import PYTHON, Answer, Lite, eventually

NEWEST = "2026-06-30"
TASK = str(uuid.uuid4())
OF_TASK = f"/task-instances/{TASK}"
END = "2026-01-01T00:00:00Z"
DATES = ("data_interval_start", "data_interval_end", "start_date", "end_date")

# Requests that Airflow refuses before it looks at its database.
BAD_REQUESTS: list[tuple[str, str, str, Any]] = [
    ("PATCH", f"{OF_TASK}/run", NEWEST, {"state": "running", "foo": 1}),
    ("PATCH", f"{OF_TASK}/run", NEWEST, []),
    ("PATCH", f"{OF_TASK}/run", NEWEST, {"state": "running", "hostname": 1, "unixname": None, "pid": "5x"}),
    ("PUT", f"{OF_TASK}/heartbeat", NEWEST, {"hostname": "h", "more": 1}),
    ("PUT", f"{OF_TASK}/rtif", NEWEST, [1]),
    ("PATCH", f"{OF_TASK}/rendered-map-index", NEWEST, 3),
    ("PATCH", f"{OF_TASK}/skip-downstream", NEWEST, {"tasks": "all"}),
    ("GET", "/task-instances/count?map_index=q", NEWEST, None),
    ("GET", "/task-instances/previous/a/b?state=zz&map_index=a", NEWEST, None),
    ("GET", "/task-instances/breadcrumbs?dag_id=d", NEWEST, None),
    ("GET", "/variables/keys?limit=0&offset=-1", NEWEST, None),
    ("GET", "/variables/keys?limit=20000", NEWEST, None),
    ("PUT", "/variables/a/b", NEWEST, {"val": 3, "q": 1}),
    ("POST", "/xcoms/a/b/c/d?map_index=z&dag_result=q&mapped_length=f", NEWEST, 1),
    ("GET", "/xcoms/a/b/c/d/slice?start=a&stop=b&step=c&include_prior_dates=f2", NEWEST, None),
    ("GET", "/xcoms/a/b/c/d/item/x", NEWEST, None),
    ("POST", "/dag-runs/a/b", NEWEST, {"conf": [], "reset_dag_run": "maybe", "zz": 1}),
    ("GET", "/dag-runs/previous?dag_id=a", NEWEST, None),
    ("GET", "/dag-runs/count", NEWEST, None),
    ("GET", f"/dag-runs/previous?dag_id=a&logical_date={END}&state=zz", NEWEST, None),
    ("GET", "/assets/by-name", NEWEST, None),
    ("GET", "/asset-events/by-asset?limit=x&ascending=no", NEWEST, None),
    ("GET", "/asset-events/by-asset?name=&uri=", NEWEST, None),
    ("POST", f"/hitlDetails/{TASK}", NEWEST, {"ti_id": TASK, "options": [], "params": 3}),
    ("POST", f"/hitlDetails/{TASK}", NEWEST, {"ti_id": TASK, "options": ["a"], "assigned_users": [{"id": 1}]}),
    ("PATCH", f"/hitlDetails/{TASK}", NEWEST, {"chosen_options": []}),
    ("PUT", f"/store/ti/{TASK}/k", NEWEST, {"value": None}),
    ("PUT", f"/store/ti/{TASK}/k", NEWEST, {"value": 1, "z": 1}),
    ("PUT", "/store/asset/by-name/value?name=", NEWEST, {}),
    ("GET", "/nothing", NEWEST, None),
    ("POST", "/health", NEWEST, None),
    ("GET", "/health", "2024-01-01", None),
    ("GET", "/dags/d", "2025-11-05", None),
]

DAG = """
import pathlib
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import DAG, BaseHook, BaseOperator, Variable, get_current_context, task
from my_triggers import Says

class Waits(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Says("hello"), method_name="go_on", kwargs={{"mine": 1}})

    def go_on(self, context, mine, event=None):
        return [mine, event]

with DAG("stock"):
    @task
    def reads():
        print("a task of a stock worker")
        return [Variable.get("where"), BaseHook.get_connection("it").password, Variable.get("none", default=None)]

    @task
    def adds(values, more):
        Variable.set("told", "by the task")
        return [*values, more]

    @task(retries=1, retry_delay=0)
    def second_try():
        tries = get_current_context()["ti"].try_number
        if tries == 1:
            raise RuntimeError("not the first time")
        return tries

    @task.sensor(mode="reschedule", poke_interval=0.1)
    def second_look():
        mark = pathlib.Path({mark!r})
        looked_before = mark.exists()
        mark.touch()
        return looked_before

    @task
    def one(n):
        return n * n

    waits = Waits(task_id="waits")
    adds(reads(), waits.output)
    one.expand(n=[2, 3])
    second_look() >> second_try()

with DAG("killed"):
    @task(retries=1, retry_delay=0)
    def hangs():
        import os, time
        if get_current_context()["ti"].try_number == 1:
            pathlib.Path({pid!r}).write_text(f"{{os.getppid()}} {{os.getpid()}}")
            time.sleep(600)

    hangs()

with DAG("stopped"):
    @task
    def sleeps():
        import os, time
        pathlib.Path({sleeper!r}).write_text(str(os.getpid()))
        time.sleep(600)

    sleeps()
"""

TRIGGERS = """
from airflow.triggers.base import BaseTrigger, TriggerEvent

class Says(BaseTrigger):
    def __init__(self, what):
        super().__init__()
        self.what = what

    def serialize(self):
        return "my_triggers.Says", {"what": self.what}

    async def run(self):
        yield TriggerEvent(self.what)
"""


def jwt(lite: Lite, subject: str) -> str:
    """Returns a task's token, made with the install's secret."""
    config = (lite.home / "config.yaml").read_text()
    secret = re.search(r"^jwt_secret: (\w+)$", config, re.MULTILINE)
    assert secret, config

    def encode(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    now = int(time.time())
    claims = {"sub": subject, "aud": "urn:airflow.apache.org:task", "scope": "execution"}
    claims |= {"iat": now, "nbf": now, "exp": now + 600}
    text = ".".join(encode(json.dumps(part).encode()) for part in ({"alg": "HS512", "typ": "JWT"}, claims))
    return text + "." + encode(hmac.new(secret.group(1).encode(), text.encode(), hashlib.sha512).digest())


def ask(lite: Lite, method: str, path: str, version: str, body: Any = None, token: str = "") -> Answer:
    """Sends a request to the Task Execution API."""
    user, lite.token = lite.token, token
    try:
        return lite.request(method, "/execution" + path, body, {"Airflow-API-Version": version})
    finally:
        lite.token = user


def written(path: pathlib.Path) -> str:
    """Waits until a task has written the file, and returns its text."""
    return eventually(lambda: path.exists() and path.read_text(), f"the task writes {path.name}", 120) or ""


@pytest.fixture(scope="module")
def stock(
    make_shared_lite: Callable[..., Lite], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Lite, pathlib.Path]]:
    """An install whose tasks run in Airflow's own workers, and a folder that they write to.

    On PostgreSQL if there is one; the unit tests have SQLite.
    """
    folder = tmp_path_factory.mktemp("written")
    dag = DAG.format(mark=str(folder / "mark"), pid=str(folder / "pid"), sleeper=str(folder / "sleeper"))
    arguments = ["--executor=stock"]
    if server := os.environ.get("LEOFLOW_TEST_POSTGRES"):
        arguments += ["--database-url", server.replace("/?", f"/leoflow_{uuid.uuid4().hex[:8]}?")]
    lite = make_shared_lite({"plugins/my_triggers.py": TRIGGERS, "stock.py": dag}, *arguments)
    assert lite.request("POST", "/api/v2/variables", {"key": "where", "value": "here"}).status == 201
    connection = {"connection_id": "it", "conn_type": "http", "password": "a secret of it"}
    assert lite.request("POST", "/api/v2/connections", connection).status == 201
    yield lite, folder


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Airflow's own server says."""
    out = tmp_path_factory.mktemp("airflow") / "answers.json"
    script = pathlib.Path(__file__).with_name("execution_reference.py")
    asked = json.dumps(BAD_REQUESTS)
    run = subprocess.run([str(PYTHON), str(script), str(out)], input=asked, capture_output=True, text=True, timeout=300)
    assert out.exists(), run.stderr[-3000:]
    answers: dict[str, Any] = json.loads(out.read_text())
    return answers


def test_every_version_has_the_operations_that_airflow_lists(
    stock: tuple[Lite, pathlib.Path], airflow: dict[str, Any]
) -> None:
    lite, _ = stock
    newest = {tuple(operation) for operation in airflow["operations"][NEWEST]}
    assert len(newest) > 45
    for version, listed in airflow["operations"].items():
        there = {tuple(operation) for operation in listed}
        for method, path in there | newest:
            status = ask(lite, method, re.sub(r"{\w+}", TASK, path), version).status
            if path.startswith("/health"):
                assert status == 200, (version, method, path)
            elif (method, path) in there:
                assert status == 401, (version, method, path)
            elif path != "/variables/keys":  # in older versions that is a variable's name
                assert status in (404, 405), (version, method, path)


def test_bad_requests_are_refused_in_airflows_words(
    stock: tuple[Lite, pathlib.Path], airflow: dict[str, Any]
) -> None:
    lite, _ = stock
    token = jwt(lite, TASK)
    differences = []
    for request, (status, body) in zip(BAD_REQUESTS, airflow["answers"], strict=True):
        ours = ask(lite, *request, token=token)
        if (ours.status, ours.body) != (status, body):
            differences.append((request, (ours.status, ours.body), (status, body)))
    assert not differences


def test_stock_workers_run_a_dag(stock: tuple[Lite, pathlib.Path]) -> None:
    lite, _ = stock
    lite.await_dag("stock")
    run = lite.trigger("stock")
    lite.await_run("stock", run, seconds=300)

    def value(task_id: str, map_index: int = -1) -> Any:
        path = f"/api/v2/dags/stock/dagRuns/{run}/taskInstances/{task_id}/xcomEntries/return_value"
        return lite.get(f"{path}?map_index={map_index}")["value"]

    assert value("adds") == ["here", "a secret of it", None, [1, "hello"]]
    assert value("second_try") == 2
    assert [value("one", n) for n in (0, 1)] == [4, 9]
    assert lite.get("/api/v2/variables/told")["value"] == "by the task"
    said = [record.get("event") for record in lite.log("stock", run, "reads")]
    assert "a task of a stock worker" in said
    assert lite.get(f"/api/v2/dags/stock/dagRuns/{run}/taskInstances/reads")["pid"] > 0


def test_a_worker_that_dies_takes_its_task_along_and_the_task_is_tried_again(
    stock: tuple[Lite, pathlib.Path],
) -> None:
    lite, folder = stock
    lite.await_dag("killed")
    run = lite.trigger("killed")
    worker, task = (int(pid) for pid in written(folder / "pid").split())
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: not pathlib.Path(f"/proc/{task}").exists(), "the task is gone")
    lite.await_run("killed", run)
    assert lite.task_instances("killed", run)["hangs"]["try_number"] == 2


def test_questions_that_only_the_database_can_answer(stock: tuple[Lite, pathlib.Path]) -> None:
    lite, _ = stock
    lite.await_dag("stock")
    token = jwt(lite, TASK)
    store = f"/store/ti/{TASK}/key"
    asked: list[tuple[str, str, Any, int, Any]] = [
        ("GET", "/task-instances/count?dag_id=none&states=null&states=running&run_ids=r", None, 200, 0),
        ("GET", f"/task-instances/count?dag_id=none&logical_dates={END}", None, 200, 0),
        ("GET", "/task-instances/states?dag_id=none&task_ids=a&task_ids=b", None, 200, {"task_states": {}}),
        ("GET", f"/task-instances/previous/none/t?logical_date={END}&state=success", None, 200, None),
        ("GET", "/task-instances/breadcrumbs?dag_id=none&run_id=r", None, 200, {"breadcrumbs": []}),
        ("GET", f"{OF_TASK}/previous-successful-dagrun", None, 200, dict.fromkeys(DATES)),
        ("GET", f"/task-reschedules/{TASK}/start_date", None, 200, None),
        ("GET", f"/dag-runs/previous?dag_id=none&logical_date={END}", None, 200, None),
        ("GET", "/xcoms/none/r/t/k/slice?include_prior_dates=true&step=-1", None, 200, []),
        ("GET", "/asset-events/by-asset?name=a&uri=&limit=0", None, 200, {"asset_events": []}),
        ("GET", "/asset-events/by-asset-alias?name=a&ascending=false", None, 200, {"asset_events": []}),
        ("GET", "/assets/by-alias?alias_name=a", None, 200, []),
        ("DELETE", "/variables/none", None, 204, ""),
        ("PUT", f"{OF_TASK}/heartbeat", {"hostname": "h", "pid": 1}, 404, None),
        ("PATCH", f"{OF_TASK}/state", {"state": "failed", "end_date": END}, 404, None),
        ("GET", f"/hitlDetails/{TASK}", None, 404, None),
        ("PUT", store, {"value": 1}, 404, None),
        ("GET", "/store/asset/by-uri/value?uri=none&key=k", None, 404, None),
    ]
    for method, path, body, status, expected in asked:
        answer = ask(lite, method, path, NEWEST, body, token)
        assert answer.status == status, (method, path, answer)
        if status == 404:
            assert answer.body["detail"]["reason"] == "not_found", (path, answer)
        else:
            assert answer.body == expected, (path, answer)


def test_a_task_that_is_marked_as_failed_is_stopped(stock: tuple[Lite, pathlib.Path]) -> None:
    lite, folder = stock
    lite.await_dag("stopped")
    run = lite.trigger("stopped")
    task = int(written(folder / "sleeper"))
    path = f"/api/v2/dags/stopped/dagRuns/{run}/taskInstances/sleeps"
    assert lite.request("PATCH", path, {"new_state": "failed"}).status == 200
    eventually(lambda: not pathlib.Path(f"/proc/{task}").exists(), "the task is gone")
    lite.await_run("stopped", run, "failed")
