"""A large database: 10,000 DAGs that the system parsed itself, and their history, copied from one run that it ran itself."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from scale_tables import Tables
from support import eventually
from systems import System

FILES, DAGS_A_FILE, TASKS = 100, 100, 10
# Two DAGs of each file have a hundred runs, so that a grid can show as many; the others have nine.
BUSY_RUNS, RUNS = 100, 9
_BUSY = "dag_id LIKE 'team_%_00' OR dag_id LIKE 'team_%_50'"

_CROWD = """\
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, chain

for number in range({count}):
    dag_id = f"team_{team:02}_etl_{{number:02}}"
    with DAG(dag_id, schedule="@daily", tags=["team_{team:02}", f"kind_{{number % 7}}"], default_args={{"owner": "team_{team:02}"}}):
        chain(*(EmptyOperator(task_id=f"task_{{at}}") for at in range({tasks})))
"""

_TEMPLATE = """\
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("template", schedule=None):
    EmptyOperator(task_id="task_0")
"""

# Layers of twenty tasks, each after the task of its place in the layer before.
_WIDE = """\
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("{dag_id}", schedule=None):
    tasks = [EmptyOperator(task_id=f"task_{{at}}") for at in range({tasks})]
    for before, after in zip(tasks, tasks[20:]):
        before >> after
"""

_MAPPED = """\
from airflow.sdk import dag, task

@dag(schedule=None)
def mapped():
    @task(task_id="task_0")
    def number(x):
        return x

    number.expand(x=list(range(5000)))

mapped()
"""


@dataclass(frozen=True)
class Grid:
    """A DAG with a grid of its own size: how many tasks, runs, and instances of each task (1: it is not mapped)."""

    dag_id: str
    tasks: int
    runs: int
    instances: int = 1


HUGE, WIDE, MAPPED = Grid("huge", 6_000, 10), Grid("wide", 180, 25), Grid("mapped", 1, 1, 5_000)


def write_files(system: System) -> None:
    """Gives a system that is not started the DAG files."""
    for team in range(FILES):
        system.write_dag(f"team_{team:02}.py", _CROWD.format(team=team, count=DAGS_A_FILE, tasks=TASKS))
    system.write_dag("template.py", _TEMPLATE)
    system.write_dag("mapped.py", _MAPPED)
    for grid in (HUGE, WIDE):
        system.write_dag(f"{grid.dag_id}.py", _WIDE.format(dag_id=grid.dag_id, tasks=grid.tasks))


def parse(system: System) -> None:
    """Waits until a running system has all DAGs, and runs the one whose rows are copied."""
    wanted = FILES * DAGS_A_FILE + 4
    count = lambda: system.get("/api/v2/dags?limit=1")["total_entries"]  # noqa: E731 - said once
    eventually(lambda: count() == wanted, f"{wanted} DAGs are there", 3600)
    run_id = system.trigger("template")
    system.await_run("template", run_id)


def fill(tables: Tables) -> None:
    """Copies the template's run and task instance a million times; the system is stopped."""
    now = datetime.datetime.now(datetime.UTC)
    tables.copy_runs(now, _BUSY, range(RUNS, BUSY_RUNS))
    tables.copy_runs(now, "dag_id LIKE 'team_%'", range(RUNS))
    tables.copy_tasks("dag_id LIKE 'team_%'", TASKS)
    for grid in (HUGE, WIDE, MAPPED):
        tables.copy_runs(now, f"dag_id = '{grid.dag_id}'", range(grid.runs))
        tables.copy_tasks(f"dag_id = '{grid.dag_id}'", grid.tasks, grid.instances)
    tables.analyze()
