"""Asks Airflow's own scheduler what becomes of random DAGs, and writes that down.

A script for Airflow's Python. Arguments: first seed, number of seeds, output file.
The tasks do not run: after each decision of `DagRun.update_state` one of the
scheduled task instances, chosen by a generator that both sides know, ends as the
case's script says. The output has a JSON object a line: the serialized DAG, the
script, and the end of each run and task instance.
"""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import sys
import tempfile
from typing import Any

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
# What the scheduler reads of a serialized DAG; the rest would only fill the file.
DAG_FIELDS = {"dag_id", "timetable", "tasks", "task_group", "catchup", "fail_fast", "max_active_tasks", "max_active_runs"}
TASK_FIELDS = {
    "task_id", "downstream_task_ids", "trigger_rule", "retries", "retry_delay", "depends_on_past",
    "wait_for_downstream", "is_setup", "is_teardown", "on_failure_fail_dagrun", "_is_mapped", "_needs_expansion",
    "_expand_input_attr", "expand_input", "partial_kwargs", "_can_skip_downstream", "weight_rule",
}  # fmt: skip
GROUP_FIELDS = {"_group_id", "children", "is_mapped", "expand_input"}


class Picks:
    """The choices of a case, the same here and in the test that reads the answers."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def below(self, count: int) -> int:
        """Returns a number from 0 to `count` - 1."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % count


def main() -> None:
    """Ask and write."""
    first, count, output = int(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
    with tempfile.TemporaryDirectory(prefix="leoflow-differential-") as home:
        prepare(home)
        from airflow.utils.session import create_session

        with output.open("w") as file, create_session() as session:
            for seed in range(first, first + count):
                file.write(json.dumps(answer(seed, session), separators=(",", ":"), sort_keys=True) + "\n")
                if (seed - first + 1) % 25 == 0:
                    print(f"{seed - first + 1} of {count}", file=sys.stderr)


def prepare(home: str) -> None:
    """Makes an empty Airflow with a database of its own."""
    os.environ |= {
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
    }
    from airflow.utils.db import initdb

    initdb()
    fix_order_of_dependencies()


def fix_order_of_dependencies() -> None:
    """Lets Airflow look at the dependencies of a task instance by name.

    They are in a set of objects, so their order depends on where in memory their classes lie. It decides how a mapped
    task ends whose rule says skipped while what it is mapped over failed: the last one to look has its way.
    """
    from airflow.models.taskinstance import TaskInstance
    from airflow.ti_deps.dep_context import DepContext

    last = "MappedTaskUpstreamDep"

    def failed_statuses(self: Any, dep_context: Any = None, *, session: Any) -> Any:
        dep_context = dep_context or DepContext()
        names = {type(dep).__name__: dep for dep in dep_context.deps | self.task.deps}
        for name in sorted(names, key=lambda name: (name == last, name)):
            for status in names[name].get_dep_statuses(self, dep_context, session=session):
                if not status.passed:
                    yield status

    TaskInstance.get_failed_dep_statuses = failed_statuses


def answer(seed: int, session: Any) -> dict[str, Any]:
    """Returns the case of a seed with what Airflow makes of it."""
    from random_dags import make_case

    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.serialization.definitions.dag import SerializedDAG
    from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    case = make_case(seed)
    serialized = DagSerialization.to_dict(case.dag)
    dag = DagSerialization.from_dict(serialized)
    if session.get(DagBundleModel, "random") is None:
        session.add(DagBundleModel(name="random"))
        session.flush()
    SerializedDAG.bulk_write_to_db("random", None, [LazyDeserializedDAG.from_dag(case.dag)], session=session)
    SerializedDagModel.write_dag(LazyDeserializedDAG.from_dag(case.dag), bundle_name="random", session=session)
    session.get(DagModel, case.dag.dag_id).is_paused = False
    session.commit()
    for number in range(case.runs):
        date = START + datetime.timedelta(days=number)
        run = dag.create_dagrun(
            run_id=f"r{number}",
            logical_date=date,
            data_interval=(date, date),
            run_after=date,
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.TEST,
            state=DagRunState.RUNNING,
            session=session,
        )
        run.start_date = date
    session.commit()
    runs = simulate(case, dag, session)
    return {
        "seed": seed,
        "dag": slim(serialized),
        "runs": runs,
        "ends": case.ends,
        "lengths": case.lengths,
        "followed": case.followed,
    }


def simulate(case: Any, dag: Any, session: Any) -> list[dict[str, Any]]:
    """Lets all runs go to their end; returns that."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.state import TaskInstanceState
    from sqlalchemy import select

    picks = Picks(case.seed)

    def all_of(model: Any) -> list[Any]:
        session.expire_all()
        return list(session.scalars(select(model).where(model.dag_id == case.dag.dag_id)))

    while True:
        settle(case, dag, session)
        ready = sorted(
            (ti for ti in all_of(TaskInstance) if ti.state == TaskInstanceState.SCHEDULED),
            key=lambda ti: (ti.run_id, ti.task_id, ti.map_index),
        )
        if not ready:
            break
        end(case, ready[picks.below(len(ready))], dag, session)
        session.commit()
    out = []
    for run in sorted(all_of(DagRun), key=lambda run: run.run_id):
        tis = [ti for ti in all_of(TaskInstance) if ti.run_id == run.run_id]
        out.append(
            {
                "state": str(run.state),
                "tasks": {f"{ti.task_id}[{ti.map_index}]": [ti.state and str(ti.state), ti.try_number] for ti in tis},
            }
        )
    return out


def settle(case: Any, dag: Any, session: Any) -> None:
    """Lets the scheduler look at all runs until it finds nothing more to do."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.state import DagRunState
    from sqlalchemy import select

    before: Any = None
    while True:
        session.expire_all()
        now = sorted(
            (ti.run_id, ti.task_id, ti.map_index, str(ti.state))
            for ti in session.scalars(select(TaskInstance).where(TaskInstance.dag_id == case.dag.dag_id))
        )
        if now == before:
            return
        before = now
        runs = session.scalars(
            select(DagRun).where(DagRun.dag_id == case.dag.dag_id, DagRun.state == DagRunState.RUNNING)
        ).all()
        for run in sorted(runs, key=lambda run: run.run_id):
            run.dag = dag
            ready, _ = run.update_state(session=session, execute_callbacks=False)
            run.schedule_tis(ready, session=session)
            session.commit()


def end(case: Any, ti: Any, dag: Any, session: Any) -> None:
    """Ends one task instance as the script says."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.taskmap import TaskMap
    from airflow.models.xcom import XComModel
    from airflow.utils.state import TaskInstanceState
    from sqlalchemy import update

    ends = case.ends[ti.task_id]
    script = ends[max(ti.map_index, 0) % len(ends)]
    letter = script[min(ti.try_number, len(script)) - 1]
    ti.start_date = ti.end_date = START
    if letter == "k":
        ti.state = TaskInstanceState.SKIPPED
        return
    if letter == "f":
        retries = dag.get_task(ti.task_id).retries
        may_retry = retries and ti.try_number <= ti.max_tries
        ti.state = TaskInstanceState.UP_FOR_RETRY if may_retry else TaskInstanceState.FAILED
        return
    length = case.lengths[ti.task_id]
    if length is not None:
        if ti.map_index < 0:
            session.merge(
                TaskMap(dag_id=ti.dag_id, task_id=ti.task_id, run_id=ti.run_id, map_index=-1, length=length, keys=None)
            )
        XComModel.set(
            key="return_value", value=0, dag_id=ti.dag_id, task_id=ti.task_id, run_id=ti.run_id,
            map_index=ti.map_index, session=session,
        )  # fmt: skip
    if (followed := case.followed.get(ti.task_id)) is not None:
        XComModel.set(
            key="skipmixin_key", value={"followed": followed}, dag_id=ti.dag_id, task_id=ti.task_id,
            run_id=ti.run_id, map_index=ti.map_index, session=session,
        )  # fmt: skip
        skipped = [task_id for task_id in dag.get_task(ti.task_id).downstream_task_ids if task_id not in followed]
        session.execute(
            update(TaskInstance)
            .where(
                TaskInstance.dag_id == ti.dag_id,
                TaskInstance.run_id == ti.run_id,
                TaskInstance.task_id.in_(skipped),
                TaskInstance.map_index == -1,
                TaskInstance.state.is_(None)
                | TaskInstance.state.not_in(
                    [TaskInstanceState.RUNNING, TaskInstanceState.SUCCESS, TaskInstanceState.FAILED]
                ),
            )
            .values(state=TaskInstanceState.SKIPPED, start_date=START, end_date=START)
        )
    ti.state = TaskInstanceState.SUCCESS


def slim(serialized: dict[str, Any]) -> dict[str, Any]:
    """Returns a serialized DAG with what the scheduler reads."""
    dag = {key: value for key, value in serialized["dag"].items() if key in DAG_FIELDS}
    dag["tasks"] = [
        entry | {"__var": {key: value for key, value in entry["__var"].items() if key in TASK_FIELDS}}
        for entry in dag["tasks"]
    ]

    def group(fields: dict[str, Any]) -> dict[str, Any]:
        out = {key: value for key, value in fields.items() if key in GROUP_FIELDS}
        out["children"] = {
            name: [kind, group(child) if kind == "taskgroup" else child]
            for name, (kind, child) in out["children"].items()
        }
        return out

    dag["task_group"] = group(dag["task_group"])
    return {"__version": serialized["__version"], "dag": dag}


if __name__ == "__main__":
    main()
