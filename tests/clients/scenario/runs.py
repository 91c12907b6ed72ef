"""DAG runs: made, read, marked, cleared, deleted."""

from __future__ import annotations

from typing import Any

from airflow_client.client import DAGApi, DagRunApi, ExperimentalApi
from airflow_client.client.models import (
    BulkBodyBulkDAGRunBody,
    BulkDAGRunClearBody,
    ClearPartitionsBody,
    DAGPatchBody,
    DAGRunClearBody,
    DAGRunPatchBody,
    DAGRunsBatchBody,
    TriggerDAGRunPostBody,
)
from recorder import Recorder, until

# Nothing runs in a DAG that is paused: what is changed stays so.
_DAG = "quick"


def play(recorder: Recorder) -> None:
    """Plays with runs of a quick DAG."""
    runs = recorder.of(DagRunApi)
    _make(recorder, runs)
    runs.get_dag_run(_DAG, "one")
    runs.get_dag_runs(_DAG, order_by=["run_id"])
    runs.get_dag_runs("~", run_id_pattern="two", state=["success"])
    runs.get_list_dag_runs_batch("~", DAGRunsBatchBody(dag_ids=[_DAG], states=["success"], order_by="-run_id"))
    runs.get_upstream_asset_events(_DAG, "one")
    runs.wait_dag_run_until_finished(_DAG, "one", 1, result=["first"])
    recorder.of(ExperimentalApi).wait_dag_run_until_finished(_DAG, "one", 1)
    _change(runs)


def pause(recorder: Recorder, dag_id: str, is_paused: bool) -> None:
    """Pauses a DAG or lets it go on; not recorded."""
    DAGApi(recorder.client).patch_dag(dag_id, DAGPatchBody(is_paused=is_paused))


def await_end(recorder: Recorder, dag_id: str, run_id: str) -> None:
    """Waits until a run is over."""
    runs = DagRunApi(recorder.client)
    until(lambda: runs.get_dag_run(dag_id, run_id).state in ("success", "failed"), f"{dag_id} {run_id} ends")


def _make(recorder: Recorder, runs: Any) -> None:
    runs.trigger_dag_run(_DAG, TriggerDAGRunPostBody(dag_run_id="one", conf={"depth": 1}, note="the first"))
    runs.trigger_dag_run(_DAG, TriggerDAGRunPostBody(dag_run_id="one"))
    runs.trigger_dag_run(_DAG, TriggerDAGRunPostBody(dag_run_id="two", logical_date="2026-01-02T00:00:00Z"))
    runs.trigger_dag_run(_DAG, TriggerDAGRunPostBody(dag_run_id="three"))
    pause(recorder, _DAG, False)
    for run_id in ("one", "two", "three"):
        await_end(recorder, _DAG, run_id)
    pause(recorder, _DAG, True)


def _change(runs: Any) -> None:
    runs.patch_dag_run(_DAG, "one", DAGRunPatchBody(state="failed", note="marked"))
    runs.clear_dag_run(_DAG, "one", DAGRunClearBody(dry_run=True))
    runs.clear_dag_run(_DAG, "one", DAGRunClearBody(dry_run=False, note="cleared"))
    bulk = {"dag_runs": [{"dag_run_id": "two"}, {"dag_run_id": "three"}], "dry_run": True}
    runs.clear_dag_runs(_DAG, BulkDAGRunClearBody.from_dict(bulk))
    runs.clear_dag_runs(_DAG, BulkDAGRunClearBody.from_dict(bulk | {"dry_run": False}))
    actions = [
        {"action": "update", "entities": [{"dag_run_id": "two", "state": "success", "note": "marked"}]},
        {"action": "delete", "entities": ["three"]},
    ]
    runs.bulk_dag_runs(_DAG, BulkBodyBulkDAGRunBody.from_dict({"actions": actions}))
    runs.get_dag_runs(_DAG, order_by=["run_id"])
    runs.delete_dag_run(_DAG, "one")
    runs.delete_dag_run(_DAG, "two")
    runs.delete_dag_run(_DAG, "two")
    runs.trigger_dag_run("by_partition", TriggerDAGRunPostBody(dag_run_id="us", partition_key="us"))
    runs.clear_dag_run_partitions("by_partition", ClearPartitionsBody(partition_key="us"))
    runs.clear_dag_run_partitions("by_partition", ClearPartitionsBody(run_id="us", dry_run=False))
    runs.get_dag_run("by_partition", "us")
