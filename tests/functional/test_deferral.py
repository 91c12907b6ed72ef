"""Deferrable operators with the real SDK: triggers in the server and in Python, time-outs, restarts."""

from __future__ import annotations

import os
import signal

from support import eventually

DEFERS = """
import asyncio, datetime, pathlib, time
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import DAG, BaseOperator, task
from airflow.sdk.timezone import utcnow
from my_triggers import FileAppears, Fails, Says

class Waits(BaseOperator):
    def __init__(self, trigger, timeout=None, **kwargs):
        super().__init__(**kwargs)
        self.trigger, self.time_limit = trigger, timeout

    def execute(self, context):
        self.defer(trigger=self.trigger, method_name="go_on", kwargs={{"mine": 1}}, timeout=self.time_limit)

    def go_on(self, context, mine, event=None):
        return [mine, event, context["ti"].try_number]

with DAG("defers"):
    Waits(task_id="python", trigger=Says({{"x": [1, 2]}}))
    Waits(task_id="fails", trigger=Fails())
    Waits(task_id="too_long", trigger=FileAppears("/nowhere"), timeout=datetime.timedelta(seconds=1))
    TimeDeltaSensor(task_id="delta", delta=datetime.timedelta(seconds=0), deferrable=True)
    DateTimeSensorAsync(task_id="at_once", target_time="2020-01-01T00:00:00+00:00", start_from_trigger=True)
    DateTimeSensorAsync(task_id="templated", target_time="{{{{ dag_run.run_after }}}}", start_from_trigger=True)
    DateTimeSensorAsync(task_id="ended", target_time="2020-01-01T00:00:00+00:00", start_from_trigger=True, end_from_trigger=True)

with DAG("waits"):
    Waits(task_id="file", trigger=FileAppears({file!r}))
    Waits(task_id="other", trigger=FileAppears({file!r}))
"""

# An hour between two looks: whoever asks again and again does not see it end in this test.
WITHOUT_PYTHON = """
import datetime
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.sdk import DAG, task

with DAG("upstream"):
    @task
    def hold():
        pass
    FileSensor(task_id="gate", filepath={gate!r}, fs_conn_id="fs", deferrable=True, poke_interval=0.1) >> hold()

with DAG("downstream"):
    same = dict(external_dag_id="upstream", deferrable=True, poke_interval=3600)
    ExternalTaskSensor(task_id="run", **same)
    ExternalTaskSensor(task_id="task", external_task_id="hold", **same)
    ExternalTaskSensor(task_id="never", external_task_id="hold", allowed_states=["failed"], failed_states=["success"], **same)

with DAG("starts_it"):
    TriggerDagRunOperator(task_id="start", trigger_dag_id="upstream", trigger_run_id="started", wait_for_completion=True,
                          deferrable=True, poke_interval=3600)
"""

TRIGGERS = """
import asyncio, pathlib
from airflow.triggers.base import BaseTrigger, TriggerEvent

class Says(BaseTrigger):
    def __init__(self, what):
        super().__init__()
        self.what = what

    def serialize(self):
        return "my_triggers.Says", {"what": self.what}

    async def run(self):
        self.log.info("SAYING it")
        yield TriggerEvent(self.what)

class Fails(BaseTrigger):
    def serialize(self):
        return "my_triggers.Fails", {}

    async def run(self):
        raise ValueError("as asked")
        yield

class FileAppears(BaseTrigger):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def serialize(self):
        return "my_triggers.FileAppears", {"path": self.path}

    async def run(self):
        while not pathlib.Path(self.path).exists():
            await asyncio.sleep(0.05)
        yield TriggerEvent(self.path)
"""


def states(lite, dag_id, run_id):
    """Returns the state of each task of a run."""
    return {task_id: ti["state"] for task_id, ti in lite.task_instances(dag_id, run_id).items()}


def returned(lite, dag_id, run_id, task_id):
    """Returns what a task returned."""
    path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
    return lite.request("GET", path).body["value"]


def files(tmp_path):
    """Returns the DAG file and the module with its triggers."""
    return {"defers.py": DEFERS.format(file=str(tmp_path / "file")), "my_triggers.py": TRIGGERS}


def test_deferred_tasks_go_on_as_their_triggers_say(make_lite, tmp_path):
    lite = make_lite(files(tmp_path))
    lite.await_dag("defers")
    run = lite.trigger("defers")
    lite.await_run("defers", run, "failed")
    assert states(lite, "defers", run) == {
        "python": "success",
        "fails": "failed",
        "too_long": "failed",
        "delta": "success",
        "at_once": "success",
        "templated": "success",
        "ended": "success",
    }
    assert returned(lite, "defers", run, "python") == [1, {"x": [1, 2]}, 1]
    assert "SAYING it" in str(lite.log("defers", run, "python"))
    assert "as asked" in str(lite.log("defers", run, "fails"))


def test_a_trigger_outlives_the_server_and_the_process_that_waits_for_it(make_lite, tmp_path):
    lite = make_lite(files(tmp_path))
    lite.await_dag("waits")
    run = lite.trigger("waits")
    both_wait = {"file": "deferred", "other": "deferred"}
    eventually(lambda: states(lite, "waits", run) == both_wait, "the tasks are deferred")
    lite.kill()
    lite.start()
    assert states(lite, "waits", run) == both_wait
    eventually(lambda: lite.trigger_host_pids(), "the trigger host runs")
    for pid in lite.trigger_host_pids():
        os.kill(pid, signal.SIGKILL)
    (tmp_path / "file").touch()
    lite.await_run("waits", run, "success")
    assert returned(lite, "waits", run, "file") == [1, str(tmp_path / "file"), 1]


def test_files_runs_and_tasks_are_waited_for_without_python(make_lite, tmp_path):
    lite = make_lite({"chain.py": WITHOUT_PYTHON.format(gate=str(tmp_path / "gate"))})
    connection = {"connection_id": "fs", "conn_type": "fs", "extra": '{"path": "/"}'}
    assert lite.request("POST", "/api/v2/connections", connection).status == 201
    for dag_id in ("upstream", "downstream", "starts_it"):
        lite.await_dag(dag_id)
    date = "2026-01-02T00:00:00Z"
    waits = lite.trigger("downstream", logical_date=date)
    starts = lite.trigger("starts_it")
    eventually(lambda: set(states(lite, "downstream", waits).values()) == {"deferred"}, "the sensors are deferred")
    run = lite.trigger("upstream", logical_date=date)
    eventually(lambda: states(lite, "upstream", run)["gate"] == "deferred", "the gate is deferred")
    eventually(lambda: states(lite, "starts_it", starts)["start"] == "deferred", "the other waits for its run")
    assert lite.trigger_host_pids() == []
    lite.kill()
    lite.start()
    (tmp_path / "gate").touch()
    lite.await_run("upstream", run, "success")
    lite.await_run("starts_it", starts, "success")
    lite.await_run("downstream", waits, "failed")
    assert states(lite, "downstream", waits) == {"run": "success", "task": "success", "never": "failed"}
    assert lite.trigger_host_pids() == []


def test_marking_a_deferred_task_ends_its_waiting(make_lite, tmp_path):
    lite = make_lite(files(tmp_path))
    lite.await_dag("waits")
    run = lite.trigger("waits")
    eventually(lambda: states(lite, "waits", run)["file"] == "deferred", "the task is deferred")
    for task_id in ("file", "other"):
        path = f"/api/v2/dags/waits/dagRuns/{run}/taskInstances/{task_id}"
        answer = lite.request("PATCH", path, {"new_state": "success"})
        assert answer.status == 200, answer
    lite.await_run("waits", run, "success")


TELLS_SECRETS = '''
from asgiref.sync import sync_to_async
from airflow.sdk import Variable
from airflow.triggers.base import BaseTrigger, TriggerEvent

class Tells(BaseTrigger):
    def serialize(self):
        return "my_triggers.Tells", {}

    async def run(self):
        self.log.info("it is <%s>", await sync_to_async(Variable.get)("the_password"))
        yield TriggerEvent("told")
'''
TELLS = '''
from airflow.sdk import DAG, BaseOperator

class Tell(BaseOperator):
    def execute(self, context):
        from my_triggers import Tells

        self.defer(trigger=Tells(), method_name="done")

    def done(self, context, event):
        return event

with DAG("tells"):
    Tell(task_id="tell")
'''


def test_a_secret_that_json_writes_otherwise_is_masked_in_what_a_trigger_logs(make_lite):
    lite = make_lite({"tells.py": TELLS, "my_triggers.py": TELLS_SECRETS})
    secret = 'in "two"\nlines, with a \\'
    assert lite.request("POST", "/api/v2/variables", {"key": "the_password", "value": secret}).status == 201
    lite.await_dag("tells")
    run_id = lite.trigger("tells")
    lite.await_run("tells", run_id)
    assert "it is <***>" in [record["event"] for record in lite.log("tells", run_id, "tell")]
