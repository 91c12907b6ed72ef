"""One DAG with what the examples have not: documentation everywhere, owners' links, retries, deadlines, all priorities."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, AsyncCallback, DeadlineAlert, DeadlineReference, Param, TaskGroup, task


async def late() -> None:
    """Is called when a deadline is missed."""


with DAG(
    "rich",
    description="all at once",
    dag_display_name="Rich",
    doc_md="# Rich\n*all* at once",
    schedule="0 6 * * MON-FRI",
    start_date=datetime(2026, 1, 1),
    end_date=datetime(2027, 1, 1),
    catchup=False,
    tags=["zebra", "apple"],
    owner_links={"ann": "https://example.com/ann"},
    max_active_runs=2,
    max_active_tasks=3,
    max_consecutive_failed_dag_runs=4,
    dagrun_timeout=timedelta(hours=2),
    params={"depth": Param(3, type="integer", minimum=1), "name": Param("x", type=["null", "string"], section="Text")},
    default_args={"owner": "ann", "retries": 2, "retry_delay": timedelta(seconds=7)},
    render_template_as_native_obj=True,
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(days=1),
        callback=AsyncCallback(late),
        name="within a day",
    ),
) as dag:
    first = EmptyOperator(task_id="first", doc_md="the *first*", doc="plain", task_display_name="First")
    with TaskGroup("group", tooltip="a group", prefix_group_id=True):
        middle = BashOperator(
            task_id="middle",
            bash_command="echo {{ params.depth }}",
            priority_weight=7,
            weight_rule="absolute",
            pool="default_pool",
            execution_timeout=timedelta(minutes=5),
            retry_exponential_backoff=True,
            max_retry_delay=timedelta(minutes=3),
            trigger_rule="all_done",
            depends_on_past=True,
        )

        @task(multiple_outputs=True)
        def pair() -> dict[str, int]:
            """Gives two."""
            return {"a": 1, "b": 2}

    first >> [middle, pair()] >> EmptyOperator(task_id="last", wait_for_downstream=True)
