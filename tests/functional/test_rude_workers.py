"""A server among workers that send to its Task Execution API what makes no sense, with the token of a task that runs."""

from __future__ import annotations

import random
import urllib.parse
import uuid
from collections.abc import Callable, Iterator

import pytest
import rude_clients
from support import Lite, eventually
from test_execution_api import jwt
from test_foreign_tasks import BODIES, DAG, NOW, OTHER, QUERIES, fill, names_of, told_by_airflow
from test_rude_clients import CHAIN, Runs, memory_mb, status_of

# What a task may say of its state.
_STATES = (
    {"state": "success", "end_date": NOW},
    {"state": "up_for_retry", "end_date": NOW, "retry_delay_seconds": 1},
    {"state": "up_for_reschedule", "reschedule_date": NOW, "end_date": NOW},
    {"state": "deferred", "classpath": "none.Such", "trigger_kwargs": {}, "trigger_timeout": 1, "next_method": "go_on"},
    {"state": "awaiting_input"},
)


@pytest.fixture(scope="module")
def lite(make_shared_lite: Callable[..., Lite]) -> Lite:
    """An install with a DAG that runs, and one whose task waits."""
    install = make_shared_lite({"chain.py": CHAIN, "other.py": DAG.format(who=OTHER)})
    for dag_id in ("chain", OTHER):
        install.await_dag(dag_id)
    assert install.request("PATCH", f"/api/v2/dags/{OTHER}", {"is_paused": False}).status == 200
    run = {"dag_run_id": f"{OTHER}_run", "logical_date": None}
    assert install.request("POST", f"/api/v2/dags/{OTHER}/dagRuns", run).status == 200
    install.await_run("chain", install.trigger("chain"))
    return install


def odd_path(noise: random.Random, path: str, names: dict[str, str], queried: list[str]) -> str:
    """Returns the path of an operation with other bytes in one of its ids, or in what it is asked for."""
    odd = urllib.parse.quote(rude_clients.mutated(noise, NOW.encode()), safe="")
    if not queried or noise.random() < 0.3:
        return str(fill(path, names | {noise.choice(sorted(names)): odd}))
    joint = "&" if "?" in path else "?"
    return str(fill(path, names)) + joint + "&".join(f"{name}={odd}" for name in noise.choices(queried, k=2))


def requests(noise: random.Random, task: str) -> Iterator[tuple[str, str, bytes | None]]:
    """Yields method, path and body of odd requests, some of every operation; last what may end the task."""
    names = names_of(OTHER, task)
    operations = told_by_airflow(str(uuid.uuid4()), [])["operations"]
    assert len(operations) >= 55
    for method, path, queried in sorted(operations, key=lambda one: ("/state" in one[1], one[1].endswith("/clear"))):
        whole = path + (f"?{QUERIES[path]}" if path in QUERIES else "")
        for _ in range(20):
            where = odd_path(noise, whole, names, queried) if noise.random() < 0.5 else fill(whole, names)
            good = noise.choice(_STATES) if path.endswith("{task_instance_id}/state") else BODIES.get((method, path))
            body = rude_clients.odd_body(noise, fill(good, names)) if (method, path) in BODIES else None
            yield method, f"/execution{where}", body


def test_no_odd_request_of_a_worker_is_an_error_of_the_server_while_a_dag_runs(lite: Lite) -> None:
    noise = random.Random(13)
    instance = eventually(
        lambda: (found := lite.task_instances(OTHER, f"{OTHER}_run")[f"{OTHER}_work"])["state"] == "running" and found,
        "the task waits",
    )
    token = jwt(lite, instance["id"])
    before = memory_mb(lite)
    with Runs(lite):
        for method, path, body in requests(noise, instance["id"]):
            status = status_of(rude_clients.say(lite.port, rude_clients.request(method, path, token, body)))
            assert 200 <= status < 500, (method, path, status, body)
    assert memory_mb(lite) - before < 100
