"""What is known of DAGs without their runs, and of the installation."""

from __future__ import annotations

from typing import Any

from airflow_client.client import (
    DAGApi,
    DAGParsingApi,
    DagSourceApi,
    DagStatsApi,
    DagVersionApi,
    DagWarningApi,
    EventLogApi,
    ImportErrorApi,
    JobApi,
    MonitorApi,
    PluginApi,
    ProviderApi,
    TaskApi,
    VersionApi,
)
from airflow_client.client.models import DAGPatchBody
from recorder import Recorder


def play(recorder: Recorder) -> None:
    """Asks for everything; pauses, unpauses and deletes."""
    _dags(recorder)
    _files(recorder)
    recorder.of(TaskApi).get_tasks("pipeline", order_by="task_id")
    recorder.of(TaskApi).get_task("pipeline", "work")
    recorder.of(MonitorApi).get_health()
    recorder.of(JobApi).get_jobs(job_type="SchedulerJob", is_alive=True)
    recorder.of(PluginApi).get_plugins()
    recorder.of(PluginApi).import_errors()
    recorder.of(ProviderApi).get_providers()
    recorder.of(VersionApi).get_version()


def events(recorder: Recorder) -> None:
    """Asks for what was written down about the changes."""
    logs = recorder.of(EventLogApi)
    listed = logs.get_event_logs(dag_id="quick", order_by=["event_log_id"], limit=100)
    logs.get_event_logs(included_events=["post_variable", "delete_pool"], order_by=["event_log_id"])
    logs.get_event_log(listed.event_logs[0].event_log_id)
    recorder.of(DagStatsApi).get_dag_stats(dag_ids=["pipeline", "quick"])


def _dags(recorder: Recorder) -> None:
    dags: Any = recorder.of(DAGApi)
    dags.get_dags()
    dags.get_dags(tags=["apple"], order_by=["-dag_id"], limit=1)
    dags.get_dag("pipeline")
    dags.get_dag_details("pipeline")
    dags.get_dag_tags()
    dags.patch_dag("daily", DAGPatchBody(is_paused=False), update_mask=["is_paused"])
    dags.patch_dags(DAGPatchBody(is_paused=True), dag_id_pattern="daily")
    dags.favorite_dag("daily")
    dags.get_dags(is_favorite=True)
    dags.unfavorite_dag("daily")
    dags.delete_dag("doomed")
    dags.get_dag("no_such_dag")


def _files(recorder: Recorder) -> None:
    recorder.of(DagSourceApi).get_dag_source("quick")
    versions = recorder.of(DagVersionApi)
    versions.get_dag_versions("pipeline")
    versions.get_dag_version("pipeline", 1)
    recorder.of(DagWarningApi).list_dag_warnings()
    errors = recorder.of(ImportErrorApi)
    listed = errors.get_import_errors()
    errors.get_import_error(listed.import_errors[0].import_error_id)
    token = DAGApi(recorder.client).get_dag("quick").file_token
    recorder.of(DAGParsingApi).reparse_dag_file(token)
    recorder.of(DAGParsingApi).reparse_dag_file("nonsense")
