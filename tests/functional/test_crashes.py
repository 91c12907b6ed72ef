"""Any process may be killed at any moment; nothing is lost, nothing runs twice."""

from __future__ import annotations

import os
import pathlib
import signal

from support import Lite, eventually

# Each task leaves one line in a file of its own when it begins, and waits until it may end.
PARALLEL = """
import pathlib, time
from airflow.sdk import DAG, task

FOLDER = pathlib.Path({folder!r})

with DAG("parallel", max_active_tasks=1000, max_active_runs=100):

    @task(retries={retries}, retry_delay=1)
    def work(n):
        with open(FOLDER / str(n), "a") as file:
            file.write("began\\n")
        while not (FOLDER / "go").exists():
            time.sleep(0.05)
        return n

    for n in range({count}):
        work.override(task_id=f"work_{{n}}")(n)
"""


def begun(folder: pathlib.Path) -> int:
    """Counts the tasks that have begun."""
    return sum(1 for path in folder.iterdir() if path.name != "go")


def start_parallel(make_lite, folder: pathlib.Path, count: int, retries: int) -> tuple[Lite, str]:
    """Starts a run whose tasks all wait for a file named `go`."""
    folder.mkdir()
    source = PARALLEL.format(folder=str(folder), count=count, retries=retries)
    lite = make_lite({"parallel.py": source}, "--slots", str(count))
    lite.await_dag("parallel", count)
    assert lite.request("PATCH", "/api/v2/pools/default_pool?update_mask=slots", {"slots": 1000}).status == 200
    run_id = lite.trigger("parallel")
    eventually(lambda: begun(folder) == count, f"{count} tasks begin", 120)
    return lite, run_id


def test_a_killed_server_loses_none_of_200_running_tasks(make_lite, tmp_path):
    folder = tmp_path / "began"
    lite, run_id = start_parallel(make_lite, folder, 200, retries=0)
    lite.kill()
    (folder / "go").touch()
    lite.start()
    lite.await_run("parallel", run_id)
    assert all((folder / str(n)).read_text() == "began\n" for n in range(200))
    states = {ti["state"] for ti in lite.task_instances("parallel", run_id).values()}
    assert states == {"success"}


def test_a_server_killed_while_tasks_start_runs_each_once(make_lite, tmp_path):
    folder = tmp_path / "began"
    folder.mkdir()
    (folder / "go").touch()
    lite = make_lite({"parallel.py": PARALLEL.format(folder=str(folder), count=60, retries=0)}, "--slots", "4")
    lite.await_dag("parallel", 60)
    run_id = lite.trigger("parallel")
    for seen in (10, 25, 40):
        eventually(lambda least=seen: begun(folder) >= least, f"{seen} tasks begin")
        lite.kill()
        lite.start()
    lite.await_run("parallel", run_id)
    assert all((folder / str(n)).read_text() == "began\n" for n in range(60))


def test_a_killed_agent_takes_its_tasks_along_and_they_are_retried(make_lite, tmp_path):
    folder = tmp_path / "began"
    lite, run_id = start_parallel(make_lite, folder, 4, retries=1)
    os.kill(lite.agent_pid(), signal.SIGKILL)
    eventually(
        lambda: all((folder / str(n)).read_text() == "began\nbegan\n" for n in range(4)), "every task begins again"
    )
    (folder / "go").touch()
    lite.await_run("parallel", run_id)
    assert {ti["try_number"] for ti in lite.task_instances("parallel", run_id).values()} == {2}


def test_a_killed_agent_fails_tasks_without_retries(make_lite, tmp_path):
    folder = tmp_path / "began"
    lite, run_id = start_parallel(make_lite, folder, 2, retries=0)
    os.kill(lite.agent_pid(), signal.SIGKILL)
    lite.await_run("parallel", run_id, "failed")


def children_of(pid: int) -> list[int]:
    """Returns the direct children of a process."""
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_killed_warm_python_leaves_running_tasks_alone(make_lite, tmp_path):
    folder = tmp_path / "began"
    lite, run_id = start_parallel(make_lite, folder, 3, retries=0)
    warm = children_of(lite.agent_pid())
    assert warm
    for pid in warm:
        os.kill(pid, signal.SIGKILL)
    (folder / "go").touch()
    lite.await_run("parallel", run_id)
    # And the next run finds a new one.
    lite.await_run("parallel", lite.trigger("parallel"))


def test_a_killed_task_is_retried(make_lite, tmp_path):
    folder = tmp_path / "began"
    lite, run_id = start_parallel(make_lite, folder, 1, retries=1)
    pid = lite.task_instances("parallel", run_id)["work_0"]["pid"]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: (folder / "0").read_text() == "began\nbegan\n", "the task begins again")
    (folder / "go").touch()
    lite.await_run("parallel", run_id)
    assert lite.task_instances("parallel", run_id)["work_0"]["try_number"] == 2


def test_server_and_agent_killed_together_lose_nothing(make_lite, tmp_path):
    folder = tmp_path / "began"
    lite, run_id = start_parallel(make_lite, folder, 3, retries=1)
    agent = lite.agent_pid()
    lite.kill()
    os.kill(agent, signal.SIGKILL)
    (folder / "go").touch()
    lite.start()
    lite.await_run("parallel", run_id)
