"""Dynamic task mapping with the real SDK: expansion, groups, limits, and what the tasks see."""

from __future__ import annotations

MAPPED = """
from airflow.sdk import DAG, task, task_group

with DAG("mapped"):
    @task
    def make():
        return [1, 2, 3]

    @task(map_index_template="{{ task.op_kwargs['x'] }}")
    def double(x, ti=None):
        if x == 3:
            return None
        return 2 * x

    @task(trigger_rule="all_done")
    def total(values):
        values = list(values)
        print(f"TOTAL {sorted(values)}")
        return sum(values)

    @task
    def pair(x, y):
        return [x, y]

    @task_group
    def group(v):
        @task
        def inner(w):
            return w + 1

        @task
        def last(w, v):
            return [w, v]

        return last(inner(v), v)

    @task
    def collect(values):
        return list(values)

    numbers = make()
    doubled = double.expand(x=numbers)
    total(doubled)
    collect.override(task_id="pairs")(pair.expand(x=numbers.map(lambda v: v * 10), y=["a", "b"]))
    collect.override(task_id="zipped")(pair.partial(y=0).expand_kwargs(numbers.map(lambda v: {"x": v})))
    collect.override(task_id="grouped")(group.expand(v=numbers))

    @task
    def nothing():
        return []

    double.override(task_id="none").expand(x=nothing())

    @task.branch
    def choose():
        return "chosen"

    @task
    def chosen():
        pass

    @task
    def left_out(x):
        pass

    choose() >> [chosen(), left_out.expand(x=[1, 2])]
"""

TOO_LONG = """
from airflow.sdk import DAG, task

with DAG("too_long"):
    @task
    def make():
        return list(range(1025))

    @task
    def each(x):
        pass

    each.expand(x=make())
"""


def xcom(lite, dag_id, run_id, task_id, map_index=-1):
    """Returns what a task instance returned."""
    path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
    answer = lite.request("GET", f"{path}?map_index={map_index}")
    assert answer.status == 200, answer
    return answer.body["value"]


def instances(lite, dag_id, run_id):
    """Returns the state of each task instance by task id and map index."""
    answer = lite.request("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=100")
    return {(ti["task_id"], ti["map_index"]): ti for ti in answer.body["task_instances"]}


def test_mapped_tasks_and_groups_see_what_airflow_shows_them(make_lite):
    lite = make_lite({"mapped.py": MAPPED, "too_long.py": TOO_LONG})
    lite.await_dag("mapped")
    lite.await_dag("too_long")
    run = lite.trigger("mapped")
    long_run = lite.trigger("too_long")
    lite.await_run("mapped", run, "success")
    tis = instances(lite, "mapped", run)
    assert sorted(i for task_id, i in tis if task_id == "double") == [0, 1, 2]
    assert [tis["double", i]["rendered_map_index"] for i in range(3)] == ["1", "2", "3"]
    assert xcom(lite, "mapped", run, "total") == 6
    pairs = [[x, y] for x in (10, 20, 30) for y in "ab"]
    assert xcom(lite, "mapped", run, "pairs") == pairs
    assert xcom(lite, "mapped", run, "zipped") == [[1, 0], [2, 0], [3, 0]]
    assert xcom(lite, "mapped", run, "grouped") == [[2, 1], [3, 2], [4, 3]]
    assert tis["none", -1]["state"] == "skipped"
    assert [tis["left_out", i]["state"] for i in range(2)] == ["skipped", "skipped"]

    lite.await_run("too_long", long_run, "failed")
    states = {task_id: ti["state"] for (task_id, _), ti in instances(lite, "too_long", long_run).items()}
    assert states == {"make": "failed", "each": "upstream_failed"}


def test_a_cleared_source_that_returns_less_removes_instances(make_lite, tmp_path):
    length = tmp_path / "length"
    length.write_text("3")
    lite = make_lite(
        {
            "shrinks.py": f"""
import pathlib
from airflow.sdk import DAG, task

with DAG("shrinks"):
    @task
    def make():
        return list(range(int(pathlib.Path({str(length)!r}).read_text())))

    @task
    def each(x):
        return x

    each.expand(x=make())
"""
        }
    )
    lite.await_dag("shrinks")
    run = lite.trigger("shrinks")
    lite.await_run("shrinks", run, "success")
    length.write_text("1")
    answer = lite.request("POST", "/api/v2/dags/shrinks/clearTaskInstances", {"dry_run": False, "dag_run_id": run, "only_failed": False, "reset_dag_runs": True})
    assert answer.status == 200, answer
    lite.await_run("shrinks", run, "success")
    states = {key: ti["state"] for key, ti in instances(lite, "shrinks", run).items()}
    assert states == {("make", -1): "success", ("each", 0): "success", ("each", 1): "removed", ("each", 2): "removed"}
