"""Deadlines of runs and their callbacks, with the real SDK."""

from __future__ import annotations

import json

from support import eventually

DAGS = """
import time
from datetime import datetime, timedelta
from airflow.sdk import DAG, AsyncCallback, DeadlineAlert, DeadlineReference, SyncCallback, task
from airflow.sdk.definitions.deadline import VariableInterval
from late import tell, tell_async

with DAG("too_late", deadline=[
    DeadlineAlert(name="soon", reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=timedelta(seconds=1),
                  callback=SyncCallback(tell, kwargs={{"to": {folder!r}}})),
    DeadlineAlert(reference=DeadlineReference.DAGRUN_LOGICAL_DATE, interval=VariableInterval("patience"),
                  callback=AsyncCallback(tell_async, kwargs={{"to": {folder!r}}})),
    DeadlineAlert(name="average", reference=DeadlineReference.AVERAGE_RUNTIME(3, 1), interval=timedelta(0),
                  callback=SyncCallback(tell, kwargs={{"to": {folder!r}}})),
]):
    @task
    def slow():
        time.sleep(3)
    slow()

with DAG("in_time", deadline=DeadlineAlert(
    name="later", reference=DeadlineReference.FIXED_DATETIME(datetime(2100, 1, 1)), interval=timedelta(days=1),
    callback=SyncCallback(tell, kwargs={{"to": {folder!r}}}))):
    @task
    def quick():
        pass
    quick()
"""

LATE = """
import json, pathlib, uuid

def tell(to, context):
    told = {"run": context["dag_run"]["dag_run_id"], "state": context["dag_run"]["state"],
            "at": context["deadline"]["deadline_time"]}
    path = pathlib.Path(to) / f"{uuid.uuid4()}.part"
    path.write_text(json.dumps(told))
    path.rename(path.with_suffix(".json"))

async def tell_async(to, context):
    tell(to, context)
"""


def test_a_run_that_is_late_calls_back_and_one_in_time_does_not(make_lite, tmp_path):
    told = tmp_path / "told"
    told.mkdir()
    lite = make_lite({"late.py": LATE, "deadlines.py": DAGS.format(folder=str(told))})
    lite.await_dag("too_late")
    lite.await_dag("in_time")
    assert lite.request("POST", "/api/v2/variables", {"key": "patience", "value": "5"}).status == 201
    (alert, *others) = lite.get("/ui/dags/too_late/deadlineAlerts?order_by=-name")["deadline_alerts"]
    assert (alert["name"], alert["interval"], alert["reference_type"]) == ("soon", 1.0, "DagRunQueuedAtDeadline")
    assert sorted(str(other["interval"]) for other in others) == ["0.0", "None"]

    lite.request("PATCH", "/api/v2/dags/too_late", {"is_paused": False})
    body = {"dag_run_id": "r", "logical_date": "2026-01-01T00:00:00Z"}
    assert lite.request("POST", "/api/v2/dags/too_late/dagRuns", body).status == 200
    messages = eventually(
        lambda: (found := [json.loads(path.read_text()) for path in told.glob("*.json")]) and len(found) == 2 and found,
        "two callbacks",
    )
    assert {message["state"] for message in messages} == {"running"}
    assert "2026-01-01T00:00:05Z" in {message["at"] for message in messages}
    lite.await_run("too_late", "r")
    deadlines = lite.get("/ui/dags/too_late/dagRuns/r/deadlines")["deadlines"]
    assert [deadline["missed"] for deadline in deadlines] == [True, True], "there was no run to take the average of"
    assert {deadline["alert_name"] for deadline in deadlines} == {None, "soon"}

    run = lite.trigger("in_time")
    lite.await_run("in_time", run)
    assert lite.get(f"/ui/dags/in_time/dagRuns/{run}/deadlines")["deadlines"] == []
    assert len(list(told.glob("*.json"))) == 2
