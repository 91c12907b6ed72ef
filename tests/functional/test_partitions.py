"""Partitions of assets, and timetables, mappers and weights of the user's own, with the real SDK."""

from __future__ import annotations

import pytest
from support import eventually

DAGS = """
from airflow.sdk import (DAG, Asset, CronPartitionTimetable, DayWindow, PartitionedAssetTimetable,
                         PartitionedAtRuntime, RollupMapper, StartOfDayMapper, task)
from mine import UpperMapper

regions = Asset(uri="x://regions", name="regions")
hours = Asset(uri="x://hours", name="hours")

with DAG("makes_regions", schedule=PartitionedAtRuntime()):
    @task(outlets=[regions])
    def make(*, outlet_events):
        outlet_events[regions].add_partitions(["us", "eu"])
    make()

with DAG("per_region", schedule=PartitionedAssetTimetable(assets=regions)):
    @task
    def seen(dag_run=None, triggering_asset_events=None):
        return [dag_run.partition_key, [e.partition_key for e in triggering_asset_events[regions]]]
    seen()

with DAG("per_shouted_region", schedule=PartitionedAssetTimetable(assets=regions, default_partition_mapper=UpperMapper())):
    @task
    def seen(dag_run=None):
        return dag_run.partition_key
    seen()

with DAG("makes_hours", schedule=CronPartitionTimetable("0 * * * *", timezone="UTC")):
    @task(outlets=[hours])
    def make(partition_key=None, partition_date=None):
        return [partition_key, str(partition_date)]
    make()

with DAG("per_day", schedule=PartitionedAssetTimetable(
    assets=hours, default_partition_mapper=RollupMapper(upstream_mapper=StartOfDayMapper(), window=DayWindow()))):
    @task
    def seen(dag_run=None):
        return [dag_run.partition_key, str(dag_run.partition_date)]
    seen()
"""

PLUGINS = """
import datetime
from airflow.partition_mappers.base import PartitionMapper
from airflow.plugins_manager import AirflowPlugin
from airflow.task.priority_strategy import PriorityWeightStrategy
from airflow.timetables.base import DagRunInfo, DataInterval, Timetable

class UpperMapper(PartitionMapper):
    def to_downstream(self, key):
        if key == "eu":
            raise ValueError("eu does not shout")
        return key.upper()

class EverySecondDay(Timetable):
    description = "Every second day"
    @property
    def summary(self):
        return "2 days"
    def infer_manual_data_interval(self, *, run_after):
        return DataInterval(run_after - datetime.timedelta(days=2), run_after)
    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        start = last_automated_data_interval.end if last_automated_data_interval else restriction.earliest
        if restriction.latest and start > restriction.latest:
            return None
        return DagRunInfo.interval(start, start + datetime.timedelta(days=2))
    def generate_run_id(self, *, run_type, run_after, data_interval, **extra):
        return f"{run_type.value}-{run_after:%Y%m%d}-{'none' if data_interval is None else data_interval.start.day}"

class Broken(EverySecondDay):
    def next_dagrun_info(self, **kwargs):
        raise RuntimeError("no idea when")

class Falling(PriorityWeightStrategy):
    def get_weight(self, ti):
        return 100 - ti.try_number - len(ti.task_id)

class Curious(PriorityWeightStrategy):
    def get_weight(self, ti):
        return len(ti.run_id)

class Mine(AirflowPlugin):
    name = "mine"
    partition_mappers = [UpperMapper]
    timetables = [EverySecondDay, Broken]
    priority_weight_strategies = [Falling, Curious]
"""

CUSTOM = """
import datetime
from airflow.sdk import DAG, task
from mine import {classes}

with DAG("{dag_id}", {arguments}):
    @task({task_arguments})
    def t(data_interval_start=None):
        return str(data_interval_start)
    t()
"""


@pytest.fixture(scope="module")
def lite(make_shared_lite):
    """A server for all tests of this module."""
    return make_shared_lite()


def write_plugins(lite):
    """Puts the plugins beside the DAGs."""
    (lite.dags / "plugins").mkdir(exist_ok=True)
    (lite.dags / "plugins" / "mine.py").write_text(PLUGINS)


def runs(lite, dag_id):
    """Returns the runs of a DAG, oldest first."""
    return lite.get(f"/api/v2/dags/{dag_id}/dagRuns?order_by=run_after")["dag_runs"]


def returned(lite, run, task_id="seen"):
    """Returns what a task of a run returned."""
    path = f"/api/v2/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances/{task_id}/xcomEntries/return_value"
    return lite.get(path)["value"]


def unpause(lite, *dag_ids):
    """Lets DAGs run."""
    for dag_id in dag_ids:
        lite.await_dag(dag_id)
        lite.request("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})


def trigger(lite, dag_id, **body):
    """Triggers a run and waits for its end; returns it."""
    made = lite.request("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None, **body})
    assert made.status == 200, made.body
    lite.await_run(dag_id, made.body["dag_run_id"])
    return lite.get(f"/api/v2/dags/{dag_id}/dagRuns/{made.body['dag_run_id']}")


def ended(lite, dag_id, count):
    """Waits for runs of a DAG and their ends; returns them by partition key."""

    def look():
        found = runs(lite, dag_id)
        return found if len(found) == count and all(run["state"] == "success" for run in found) else None

    return {run["partition_key"]: run for run in eventually(look, f"{count} runs of {dag_id}")}


def test_dags_run_for_each_partition_that_a_task_makes(lite):
    write_plugins(lite)
    lite.write_dag("partitions.py", DAGS)
    unpause(lite, "makes_regions", "per_region", "per_shouted_region")
    trigger(lite, "makes_regions")
    found = ended(lite, "per_region", 2)
    assert {key: returned(lite, run) for key, run in found.items()} == {"us": ["us", ["us"]], "eu": ["eu", ["eu"]]}
    # The mapper of the user's own takes one key and refuses the other, which the audit log tells.
    assert list(ended(lite, "per_shouted_region", 1)) == ["US"]
    refusals = "/api/v2/eventLogs?event=failed%20to%20map%20partition_key"
    log = eventually(lambda: lite.get(refusals)["event_logs"], "the refusal is in the log")
    assert len(log) == 1
    assert "eu does not shout" in log[0]["extra"]


def test_a_rollup_waits_for_all_partitions_over_a_restart(lite):
    unpause(lite, "makes_hours", "per_day")
    hours = [f"2026-01-02T{hour:02}:00:00" for hour in range(24)]
    first = trigger(lite, "makes_hours", partition_key=hours[0])
    assert first["partition_date"] == "2026-01-02T00:00:00Z"
    assert returned(lite, first, "make") == [hours[0], "2026-01-02 00:00:00+00:00"]
    lite.kill()
    lite.start()
    for hour in hours[1:23]:
        trigger(lite, "makes_hours", partition_key=hour)
    waiting = lite.get("/ui/pending_partitioned_dag_run/per_day?partition_key=2026-01-02")
    assert (waiting["total_received"], waiting["total_required"]) == (23, 24)
    assert waiting["assets"][0]["required_keys"] == hours
    assert runs(lite, "per_day") == []
    trigger(lite, "makes_hours", partition_key=hours[23])
    (run,) = ended(lite, "per_day", 1).values()
    assert returned(lite, run) == ["2026-01-02", "2026-01-02 00:00:00+00:00"]
    # The hour in which the test runs may have ended, and made a partition of today.
    of_the_day = lite.get("/ui/partitioned_dag_runs?dag_id=per_day")["partitioned_dag_runs"]
    (listed,) = [partition for partition in of_the_day if partition["partition_key"] == "2026-01-02"]
    assert (listed["state"], listed["created_dag_run_id"], listed["total_received"]) == ("success", run["dag_run_id"], 24)


def test_a_partition_key_that_does_not_fit_is_refused(lite):
    lite.await_dag("makes_hours")
    bad = lite.request("POST", "/api/v2/dags/makes_hours/dagRuns", {"logical_date": None, "partition_key": "noon"})
    assert bad.status == 400
    assert "'noon' does not match the timetable's key_format" in bad.body["detail"]


def test_a_backfill_makes_a_run_for_each_partition(lite):
    unpause(lite, "makes_hours")
    body = {"dag_id": "makes_hours", "from_date": "2025-05-01T00:00:00Z", "to_date": "2025-05-01T03:00:00Z"}
    planned = lite.request("POST", "/api/v2/backfills/dry_run", body).body["backfills"]
    assert [run["partition_key"] for run in planned] == [f"2025-05-01T0{hour}:00:00" for hour in range(4)]
    assert lite.request("POST", "/api/v2/backfills", body).status == 200

    def look():
        made = [run for run in runs(lite, "makes_hours") if run["run_type"] == "backfill"]
        return made if len(made) == 4 and all(run["state"] == "success" for run in made) else None

    made = eventually(look, "the backfill's runs")
    assert [run["partition_date"] for run in made] == [f"2025-05-01T0{hour}:00:00Z" for hour in range(4)]


def custom(lite, dag_id, classes, arguments, task_arguments=""):
    """Writes a DAG that uses classes of the plugins."""
    source = CUSTOM.format(dag_id=dag_id, classes=classes, arguments=arguments, task_arguments=task_arguments)
    lite.write_dag(f"{dag_id}.py", source)


def test_a_timetable_of_the_users_own_schedules_its_dag(lite):
    write_plugins(lite)
    dates = "start_date=datetime.datetime(2026, 1, 1), end_date=datetime.datetime(2026, 1, 6), catchup=True"
    custom(lite, "second_days", "EverySecondDay", f"schedule=EverySecondDay(), {dates}")
    unpause(lite, "second_days")

    def look():
        found = runs(lite, "second_days")
        return found if len(found) == 3 and all(run["state"] == "success" for run in found) else None

    found = eventually(look, "three runs")
    assert [run["dag_run_id"] for run in found] == ["scheduled-20260103-1", "scheduled-20260105-3", "scheduled-20260107-5"]
    assert [run["data_interval_start"] for run in found] == [f"2026-01-0{day}T00:00:00Z" for day in (1, 3, 5)]
    assert returned(lite, found[1], "t") == "2026-01-03 00:00:00+00:00"
    dag = lite.get("/api/v2/dags/second_days")
    assert (dag["timetable_summary"], dag["timetable_description"]) == ("2 days", "Every second day")
    manual = trigger(lite, "second_days", logical_date="2026-02-05T00:00:00Z", run_after="2026-02-05T00:00:00Z")
    assert manual["dag_run_id"] == "manual-20260205-3"
    assert manual["data_interval_start"] == "2026-02-03T00:00:00Z"
    planned = lite.request(
        "POST",
        "/api/v2/backfills/dry_run",
        {"dag_id": "second_days", "from_date": "2025-01-01T00:00:00Z", "to_date": "2025-01-04T00:00:00Z"},
    )
    assert [run["logical_date"] for run in planned.body["backfills"]] == ["2025-01-01T00:00:00Z", "2025-01-03T00:00:00Z"]


def test_a_timetable_that_fails_is_an_import_error(lite):
    write_plugins(lite)
    custom(lite, "never", "Broken", "schedule=Broken()")
    look = lambda: [e for e in lite.get("/api/v2/importErrors")["import_errors"] if "never" in e["filename"]]  # noqa: E731
    (error,) = eventually(look, "the import error")
    assert "no idea when" in error["stack_trace"]


def test_a_weight_rule_of_the_users_own_decides_the_priority(lite):
    write_plugins(lite)
    custom(lite, "weighted", "Falling", "", "weight_rule=Falling()")
    custom(lite, "curious", "Curious", "", "weight_rule=Curious()")
    unpause(lite, "weighted")
    run = trigger(lite, "weighted")
    assert lite.task_instances("weighted", run["dag_run_id"])["t"]["priority_weight"] == 99
    clear = {"dry_run": False, "dag_run_id": run["dag_run_id"], "task_ids": ["t"], "only_failed": False}
    assert lite.request("POST", "/api/v2/dags/weighted/clearTaskInstances", clear).status == 200
    lite.await_run("weighted", run["dag_run_id"])
    assert lite.task_instances("weighted", run["dag_run_id"])["t"]["priority_weight"] == 98
    look = lambda: [e for e in lite.get("/api/v2/importErrors")["import_errors"] if "curious" in e["filename"]]  # noqa: E731
    (error,) = eventually(look, "the import error")
    assert "cannot look at 'run_id'" in error["stack_trace"]
