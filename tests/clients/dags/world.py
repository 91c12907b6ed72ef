"""A DAG with one of everything that can be asked about a run, and small ones for what changes or deletes them.

In the order of their ids: assets are numbered as they are read, and so listed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Asset, AssetAlias, Param, PartitionedAssetTimetable, TaskGroup, task

report = Asset("report", uri="s3://reports/daily", group="reports")

with DAG("by_partition", schedule=PartitionedAssetTimetable(assets=Asset("made"))):
    EmptyOperator(task_id="only")

with DAG("consumer", schedule=[report, Asset("never")]):
    EmptyOperator(task_id="read")

with DAG("daily", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="only")

with DAG("doomed", schedule=None):
    EmptyOperator(task_id="only")

with DAG(
    "pipeline",
    description="one of everything",
    schedule="0 6 * * *",
    start_date=datetime(2026, 1, 1),
    end_date=datetime(2026, 1, 4),
    catchup=False,
    tags=["zebra", "apple"],
    params={"depth": Param(3, type="integer", minimum=1)},
    default_args={"owner": "ann", "retries": 1, "retry_delay": timedelta(seconds=7)},
):

    @task(outlets=[report])
    def work() -> dict[str, int]:
        """Works."""
        print("working")
        return {"rows": 3}

    @task
    def mapped(number: int) -> int:
        """Works on one of two."""
        return number * 10

    with TaskGroup("group"):
        EmptyOperator(task_id="inside")
    numbers = mapped.expand(number=[1, 2])
    linked = TriggerDagRunOperator(task_id="linked", trigger_dag_id="triggered", trigger_run_id="linked")
    ask = HITLOperator(task_id="ask", subject="Which one?", options=["this", "that"], defaults=["this"])
    work() >> numbers >> linked >> ask

with DAG("producer", schedule=None):

    @task(outlets=[Asset("made"), AssetAlias("nickname")])
    def make() -> None:
        """Makes an asset."""

    make()

with DAG("quick", schedule=None, tags=["apple"]):
    EmptyOperator(task_id="first") >> EmptyOperator(task_id="second")

with DAG("triggered", schedule=None):
    EmptyOperator(task_id="only")
