"""Whatever a task does, it gets the right state and an honest log."""

from __future__ import annotations

import os
import urllib.parse

from support import eventually

DAG = """
import os, signal, socket, subprocess, sys, time
from airflow.sdk import DAG, task

with DAG("bad", max_active_tasks=100):

    @task
    def prints_much():
        line = "x" * 1023 + "\\n"
        for _ in range(100 * 1024):
            sys.stdout.write(line)

    @task
    def prints_bytes():
        sys.stdout.buffer.write(bytes(range(256)) + b"\\n")
        sys.stdout.flush()
        print("after the bytes")

    @task
    def prints_a_long_line():
        print("y" * 10_000_000)
        print("after the line")

    @task
    def leaves_grandchildren():
        subprocess.Popen(["sleep", "1000"])
        print("left one behind")

    @task
    def closes_its_sockets():
        os.closerange(0, 100)

    @task
    def is_killed():
        os.kill(os.getpid(), signal.SIGKILL)

    @task
    def crashes():
        import ctypes
        ctypes.string_at(0)

    @task
    def exits():
        os._exit(7)

    @task
    def raises():
        raise ValueError("on purpose")

    @task
    def keeps_a_secret():
        from airflow.sdk import Variable
        print("the password is", Variable.get("my_password"))

    @task
    def skips():
        from airflow.sdk.exceptions import AirflowSkipException
        raise AirflowSkipException("not today")

    for callable in (prints_much, prints_bytes, prints_a_long_line, leaves_grandchildren, closes_its_sockets,
                     is_killed, crashes, exits, raises, keeps_a_secret, skips):
        callable()
"""


def events(lite, run_id: str, task_id: str) -> list[str]:
    """Returns the texts of a task's log."""
    return [str(record.get("event", "")) for record in lite.log("bad", run_id, task_id)]


def test_every_bad_task_ends_as_it_should(make_lite):
    lite = make_lite({"bad.py": DAG})
    assert lite.request("POST", "/api/v2/variables", {"key": "my_password", "value": "tiger-tiger-42"}).status == 201
    lite.await_dag("bad", 11)
    run_id = lite.trigger("bad")
    lite.await_run("bad", run_id, "failed", 180)
    states = {task_id: ti["state"] for task_id, ti in lite.task_instances("bad", run_id).items()}
    assert states == {
        "prints_much": "success",
        "prints_bytes": "success",
        "prints_a_long_line": "success",
        "leaves_grandchildren": "success",
        "closes_its_sockets": "failed",
        "is_killed": "failed",
        "crashes": "failed",
        "exits": "failed",
        "raises": "failed",
        "keeps_a_secret": "success",
        "skips": "skipped",
    }
    assert "after the bytes" in events(lite, run_id, "prints_bytes")
    long_line = events(lite, run_id, "prints_a_long_line")
    assert "after the line" in long_line
    assert max(len(event) for event in long_line) < 2_000_000
    assert any("on purpose" in str(record) for record in lite.log("bad", run_id, "raises"))
    secret = events(lite, run_id, "keeps_a_secret")
    assert any("the password is ***" in event for event in secret)
    assert not any("tiger" in event for event in secret)
    printed = sum(len(event) for event in events(lite, run_id, "prints_much"))
    assert printed > 50 * 1024 * 1024 or any("dropped" in event for event in events(lite, run_id, "prints_much")[-3:])


STUBBORN = """
import signal, time, pathlib
from airflow.sdk import DAG, task
with DAG("stubborn"):
    @task
    def ignores_sigterm():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pathlib.Path({began!r}).touch()
        while True:
            time.sleep(1)
    ignores_sigterm()
"""


def test_a_task_that_ignores_sigterm_is_killed_when_marked_failed(make_lite, tmp_path):
    began = tmp_path / "began"
    lite = make_lite({"stubborn.py": STUBBORN.format(began=str(began))})
    lite.await_dag("stubborn", 1)
    run_id = lite.trigger("stubborn")
    eventually(began.exists, "the task begins")
    pid = lite.task_instances("stubborn", run_id)["ignores_sigterm"]["pid"]
    path = f"/api/v2/dags/stubborn/dagRuns/{urllib.parse.quote(run_id)}"
    assert lite.request("PATCH", path, {"state": "failed"}).status == 200
    lite.await_run("stubborn", run_id, "failed")
    eventually(lambda: not os.path.exists(f"/proc/{pid}"), "the process is gone", 30)
