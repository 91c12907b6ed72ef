"""Backfills: runs for a range of dates, their order and limit, pause, cancel, and a restart in the middle."""

from __future__ import annotations

import pytest
from support import Lite, eventually

DAGS = """
import datetime, pathlib, time
from airflow.sdk import DAG, task

with DAG("daily", schedule="@daily", start_date=datetime.datetime(2030, 1, 1), catchup=False):
    @task
    def work(dag_run=None):
        if dag_run.conf.get("fail"):
            raise ValueError("as asked")
        while not pathlib.Path({gate!r}).exists():
            time.sleep(0.02)

    work()

with DAG("chained", schedule="@daily", start_date=datetime.datetime(2030, 1, 1), catchup=False):
    @task(depends_on_past=True)
    def link(): ...

    link()

with DAG("unscheduled", schedule=None):
    @task
    def alone(): ...

    alone()
"""


@pytest.fixture
def lite(tmp_path):
    """Gives a server with a scheduled DAG whose tasks wait for a file."""
    lite = Lite(home=tmp_path / "home", dags=tmp_path / "dags")
    lite.home.mkdir()
    lite.dags.mkdir()
    lite.set_up()
    lite.write_dag("dags.py", DAGS.format(gate=str(tmp_path / "gate")))
    lite.start()
    lite.await_dag("unscheduled", tasks=1)
    for dag_id in ("daily", "chained", "unscheduled"):
        assert lite.request("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False}).status == 200
    yield lite
    lite.stop()


def request(dag_id: str = "daily", first: int = 1, last: int = 5, **more: object) -> dict[str, object]:
    """Returns the body that asks for runs of some days of January 2026."""
    day = "2026-01-{:02}T00:00:00Z".format
    return {"dag_id": dag_id, "from_date": day(first), "to_date": day(last)} | more


def runs(lite: Lite, dag_id: str = "daily") -> dict[str, str]:
    """Returns the states of a DAG's runs by day, in the order of their start."""
    listed = lite.get(f"/api/v2/dags/{dag_id}/dagRuns?order_by=start_date&limit=100")["dag_runs"]
    return {run["logical_date"][8:10]: run["state"] for run in listed}


def completed(lite: Lite, backfill_id: int) -> bool:
    """Tells whether a backfill is complete."""
    return lite.get(f"/api/v2/backfills/{backfill_id}")["completed_at"] is not None


def test_a_backfill_runs_its_days_within_its_limit_even_over_a_restart(lite, tmp_path):
    planned = lite.request("POST", "/api/v2/backfills/dry_run", request()).body
    assert [b["logical_date"][:10] for b in planned["backfills"]] == [f"2026-01-0{day}" for day in range(1, 6)]
    made = lite.request("POST", "/api/v2/backfills", request(max_active_runs=2))
    assert made.status == 200, made
    eventually(lambda: list(runs(lite).values()).count("running") == 2, "two runs are running")
    assert list(runs(lite).values()).count("queued") == 3
    assert lite.request("POST", "/api/v2/backfills", request()).status == 409
    [active] = lite.get("/ui/backfills?dag_id=daily&active=true")["backfills"]
    assert active["id"] == made.body["id"] and active["max_active_runs"] == 2
    lite.kill()
    lite.start()
    assert list(runs(lite).values()).count("queued") == 3
    (tmp_path / "gate").touch()
    eventually(lambda: completed(lite, made.body["id"]), "the backfill is complete")
    assert runs(lite) == {f"0{day}": "success" for day in range(1, 6)}
    [run, *_] = lite.get("/api/v2/dags/daily/dagRuns?limit=1")["dag_runs"]
    assert run["run_type"] == "backfill" and run["triggered_by"] == "backfill"


def test_backwards_the_newest_day_runs_first(lite, tmp_path):
    (tmp_path / "gate").touch()
    made = lite.request("POST", "/api/v2/backfills", request(run_backwards=True, max_active_runs=1))
    eventually(lambda: completed(lite, made.body["id"]), "the backfill is complete")
    assert list(runs(lite)) == ["05", "04", "03", "02", "01"]


def test_a_paused_backfill_starts_nothing_and_a_cancelled_one_fails_what_waits(lite, tmp_path):
    made = lite.request("POST", "/api/v2/backfills", request(max_active_runs=1)).body
    eventually(lambda: "running" in runs(lite).values(), "a run is running")
    assert lite.request("PUT", f"/api/v2/backfills/{made['id']}/pause").body["is_paused"] is True
    (tmp_path / "gate").touch()
    eventually(lambda: "success" in runs(lite).values(), "the first run ends")
    assert list(runs(lite).values()).count("queued") == 4
    cancelled = lite.request("PUT", f"/api/v2/backfills/{made['id']}/cancel").body
    assert cancelled["completed_at"] is not None
    assert sorted(runs(lite).values()) == ["failed"] * 4 + ["success"]
    assert lite.request("PUT", f"/api/v2/backfills/{made['id']}/unpause").status == 409
    assert lite.request("PUT", "/api/v2/backfills/99/cancel").status == 404


def test_what_ran_before_runs_again_only_if_asked(lite, tmp_path):
    (tmp_path / "gate").touch()

    def backfill(**more: object) -> dict[str, str]:
        made = lite.request("POST", "/api/v2/backfills", request(first=1, last=2, **more))
        assert made.status == 200, made
        eventually(lambda: completed(lite, made.body["id"]), "the backfill is complete")
        return runs(lite)

    assert backfill(dag_run_conf={"fail": True}) == {"01": "failed", "02": "failed"}
    assert backfill() == {"01": "failed", "02": "failed"}
    assert backfill(reprocess_behavior="failed", dag_run_conf={}) == {"01": "success", "02": "success"}
    assert backfill(reprocess_behavior="completed") == {"01": "success", "02": "success"}
    tries = [ti["try_number"] for ti in lite.get("/api/v2/dags/daily/dagRuns/~/taskInstances")["task_instances"]]
    assert tries == [3, 3]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (request("unscheduled"), 422, "non-periodic"),
        (request("nobody"), 404, "nobody"),
        (request(first=5, last=1), 422, "must not be after"),
        (request() | {"from_date": "2050-01-01T00:00:00Z", "to_date": "2050-02-01T00:00:00Z"}, 422, "future"),
        (request("chained", run_backwards=True), 422, "reverse"),
        (request("chained"), 422, "reprocess"),
        (request(max_active_runs=0), 422, "max_active_runs"),
    ],
)
def test_what_cannot_be_backfilled_is_refused_with_the_reason(lite, body, status, words):
    for path in ("/api/v2/backfills", "/api/v2/backfills/dry_run"):
        answer = lite.request("POST", path, body)
        assert answer.status == status and words in str(answer.body["detail"]), answer
    assert lite.get("/ui/backfills")["total_entries"] == 0
