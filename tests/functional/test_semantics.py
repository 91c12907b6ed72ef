"""Airflow's rules of what runs when, in real DAGs with the real SDK."""

from __future__ import annotations

from support import eventually

SENSOR = """
import pathlib
from airflow.sdk import DAG, task

with DAG("sensor"):
    @task.sensor(mode="reschedule", poke_interval=0.2, timeout=60)
    def wait(ti=None, task_reschedule_count=None):
        looks = pathlib.Path({looks!r})
        with looks.open("a") as file:
            file.write(f"{{ti.try_number}}\\n")
        return len(looks.read_text().split()) >= 3

    wait()
"""

SETUPS = """
from airflow.sdk import DAG, setup, task, teardown

with DAG("setups"):
    @setup
    def make():
        return 1

    @task
    def fails():
        raise ValueError("as asked")

    @task
    def below():
        pass

    @teardown
    def drop():
        pass

    made = make()
    failing = fails()
    made >> failing >> below() >> drop().as_teardown(setups=made)
"""

PAST = """
from airflow.sdk import DAG, task

with DAG("past", schedule=None):
    @task(depends_on_past=True)
    def strict(params=None):
        if (params or {}).get("fail"):
            raise ValueError("as asked")

    strict()
"""

FAST = """
import pathlib, time
from airflow.sdk import DAG, task

with DAG("fast", fail_fast=True):
    @task
    def fails():
        while not pathlib.Path({running!r}).exists():
            time.sleep(0.01)
        raise ValueError("as asked")

    @task
    def long():
        pathlib.Path({running!r}).touch()
        time.sleep(600)

    @task
    def later():
        pass

    fails()
    long() >> later()
"""

TIMEOUT = """
import datetime, time
from airflow.sdk import DAG, task

with DAG("timeout", dagrun_timeout=datetime.timedelta(seconds=2)):
    @task
    def long():
        time.sleep(600)

    @task
    def later():
        pass

    long() >> later()
"""


def states(lite, dag_id, run_id):
    """Returns the state of each task of a run."""
    return {task_id: ti["state"] for task_id, ti in lite.task_instances(dag_id, run_id).items()}


def trigger_at(lite, dag_id, date, conf=None):
    """Triggers a run with a logical date and returns its id."""
    answer = lite.request("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": date, "conf": conf or {}})
    assert answer.status == 200, answer
    return answer.body["dag_run_id"]


def test_runs_end_as_airflow_ends_them(make_lite, tmp_path):
    looks = tmp_path / "looks"
    lite = make_lite(
        {
            "sensor.py": SENSOR.format(looks=str(looks)),
            "setups.py": SETUPS,
            "fast.py": FAST.format(running=str(tmp_path / "running")),
            "timeout.py": TIMEOUT,
        }
    )
    for dag_id in ("sensor", "setups", "fast", "timeout"):
        lite.await_dag(dag_id)
    sensor, setups, fast, timeout = (lite.trigger(dag_id) for dag_id in ("sensor", "setups", "fast", "timeout"))

    lite.await_run("setups", setups, "failed")
    assert states(lite, "setups", setups) == {
        "make": "success",
        "fails": "failed",
        "below": "upstream_failed",
        "drop": "success",
    }
    lite.await_run("fast", fast, "failed")
    assert states(lite, "fast", fast) == {"fails": "failed", "long": "failed", "later": "skipped"}
    lite.await_run("timeout", timeout, "failed")
    assert states(lite, "timeout", timeout) == {"long": "skipped", "later": "skipped"}
    lite.await_run("sensor", sensor, "success")
    assert looks.read_text().split() == ["1", "1", "1"], "every look is the same try"


def test_a_task_that_depends_on_its_past_waits_until_that_is_mended(make_lite):
    lite = make_lite({"past.py": PAST})
    lite.await_dag("past")
    assert lite.request("PATCH", "/api/v2/dags/past", {"is_paused": False}).status == 200
    first = trigger_at(lite, "past", "2026-01-01T00:00:00Z", {"fail": True})
    lite.await_run("past", first, "failed")
    second = trigger_at(lite, "past", "2026-01-02T00:00:00Z")
    eventually(lambda: lite.run_state("past", second) == "running", "the second run is there")
    assert states(lite, "past", second) == {"strict": None}
    # What it waits for is not in memory any more.
    lite.kill()
    lite.start()
    assert states(lite, "past", second) == {"strict": None}
    path = f"/api/v2/dags/past/dagRuns/{first}/taskInstances/strict"
    answer = lite.request("PATCH", path, {"new_state": "success"})
    assert answer.status == 200, answer
    lite.await_run("past", second, "success")


TRIGGERS = """
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG, task, task_group

with DAG("caller"):
    again = TriggerDagRunOperator(
        task_id="again", trigger_dag_id="called", trigger_run_id="mine", reset_dag_run=True,
        wait_for_completion=True, poke_interval=1, deferrable=True, logical_date="2026-01-01T00:00:00+00:00",
    )
    for group in ("work",):
        again >> ExternalTaskSensor(
            task_id="sees", external_dag_id="called", external_task_group_id=group,
            execution_date_fn=lambda date: __import__("datetime").datetime(2026, 1, 1, tzinfo=__import__("datetime").timezone.utc),
            deferrable=True, poke_interval=1, timeout=60,
        )

with DAG("called"):
    @task_group
    def work():
        @task
        def remembers(task_state_store=None):
            count = task_state_store.get("count", default=0) + 1
            task_state_store.set("count", count)
            return count

        remembers()

    work()
"""


def test_a_dag_triggers_another_again_and_waits_for_its_group(make_lite):
    lite = make_lite({"triggers.py": TRIGGERS})
    for dag_id in ("caller", "called"):
        lite.await_dag(dag_id)
        assert lite.request("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False}).status == 200
    first = trigger_at(lite, "caller", "2026-02-01T00:00:00Z")
    lite.await_run("caller", first, "success")
    run = lite.get("/api/v2/dags/called/dagRuns/mine")
    assert (run["run_type"], run["triggered_by"], run["state"]) == ("operator_triggered", "operator", "success")
    second = trigger_at(lite, "caller", "2026-02-02T00:00:00Z")
    lite.await_run("caller", second, "success")
    task_id = "work.remembers"
    assert lite.task_instances("called", "mine")[task_id]["try_number"] == 2
    path = f"/api/v2/dags/called/dagRuns/mine/taskInstances/{task_id}/xcomEntries/return_value"
    assert lite.get(path)["value"] == 2, "what it stored outlives the clearing"
