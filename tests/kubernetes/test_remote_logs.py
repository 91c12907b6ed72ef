"""Logs in a bucket: every replica has a folder of its own, and none is needed."""

from __future__ import annotations

import json
import pathlib
import shutil
import time
from collections.abc import Callable, Iterator

import pytest
from buckets import S3, Buckets, Google
from control_plane import Server
from support import eventually
from test_pods import WAITING, events, quick
from test_replicas import Replicas, measure

# Says a lot until it may end; numbered, so that a hole or a repetition is seen.
CHATTY = """
import pathlib, time
from airflow.sdk import dag, task

@dag(schedule=None)
def chatty():
    @task
    def talk():
        number = 0
        while not pathlib.Path("{gate}").exists():
            for _ in range(200):
                print(f"line {{number:07}} " + "x" * 200)
                number += 1
            time.sleep(0.05)
        print(f"all {{number}}")
    talk()

chatty()
"""

# Many at once, whose pods end while nobody takes their logs.
SEVERAL = """
from airflow.sdk import dag, task

@dag(schedule=None)
def several():
    @task
    def say(number):
        print(f"number {number}")
    say.expand(number=list(range(5)))

several()
"""


@pytest.fixture(params=[S3, Google], ids=["s3", "gs"])
def buckets(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[Buckets]:
    """Gives a server of buckets of each kind."""
    made = request.param(tmp_path / "buckets")
    yield made
    made.stop()


@pytest.fixture
def s3(tmp_path: pathlib.Path) -> Iterator[S3]:
    """Gives a server that speaks like S3."""
    made = S3(tmp_path / "buckets")
    yield made
    made.stop()


def name_of(dag_id: str, run_id: str, task_id: str, mapped: str = "") -> str:
    """Returns the name that the log of a first try has, in Airflow, too."""
    return f"dag_id={dag_id}/run_id={run_id}/task_id={task_id}/{mapped}attempt=1.log"


def said(text: str) -> list[str]:
    """Returns what the lines of a stored log say."""
    return [json.loads(line)["event"] for line in text.splitlines()]


def own_folders(make_server: Callable[..., Server], **settings: str) -> Replicas:
    """Starts two replicas that share no folder."""
    replicas = Replicas(make_server, ["all", "all"], **settings)
    second = replicas.all[1]
    second.stop()
    second.settings["LEOFLOW_LOGS_DIR"] = str(second.home / "logs")
    second.start()
    assert replicas.leader() is replicas.all[0]
    return replicas


def server_log(server: Server) -> str:
    """Returns what a server said itself."""
    return (server.home / "server.log").read_text()


def test_a_log_is_in_the_bucket_and_is_read_there(make_server, buckets: Buckets):
    server = make_server(**buckets.settings)
    assert server.push(quick("print('said')")).status == 201
    run_id = server.trigger("quick")
    server.await_run("quick", run_id)
    name = name_of("quick", run_id, "do")
    eventually(lambda: "said" in said(buckets.read(name)), "the log is in the bucket")
    eventually(lambda: not server.pods(), "its pod is gone")
    assert measure(server, "leoflow_logs_stored_total") == 1
    assert measure(server, "leoflow_log_store_failures_total") == 0
    shutil.rmtree(server.home / "logs")
    shown = events(server, "quick", run_id, "do")
    assert "said" in shown and shown[1] == f"{buckets.url}/{name}"


def test_the_file_goes_where_that_is_wanted(make_server, s3: S3):
    server = make_server(**s3.settings, AIRFLOW__LOGGING__DELETE_LOCAL_LOGS="True")
    assert server.push(quick("print('said')")).status == 201
    run_id = server.trigger("quick")
    server.await_run("quick", run_id)
    eventually(lambda: measure(server, "leoflow_logs_stored_total") == 1, "the log is stored")
    eventually(lambda: not list((server.home / "logs").rglob("*.log")), "there is no file")
    assert "said" in events(server, "quick", run_id, "do")


def test_a_log_is_whole_though_the_leader_is_killed_while_it_is_written(make_server, s3: S3, tmp_path: pathlib.Path):
    replicas, gate = own_folders(make_server, **s3.settings), tmp_path / "gate"
    first, second = replicas.all
    assert first.push({"dag.py": CHATTY.format(gate=gate)}).status == 201
    run_id = first.trigger("chatty")
    eventually(lambda: len(events(first, "chatty", run_id, "talk")) > 2000, "the task talks", 60)
    first.kill()
    assert replicas.await_leader(but=first) is second
    eventually(lambda: len(events(second, "chatty", run_id, "talk")) > 4000, "the next leader hears it all", 60)
    gate.touch()
    second.await_run("chatty", run_id)
    eventually(lambda: not second.pods(), "its pod is gone")
    lines = [line for line in said(s3.read(name_of("chatty", run_id, "talk"))) if line.startswith(("line", "all"))]
    count = int(lines[-1].removeprefix("all "))
    assert [int(line.split()[1]) for line in lines[:-1]] == list(range(count))


def test_tasks_end_while_the_bucket_is_away_and_their_logs_arrive_when_it_is_back(make_server, s3: S3):
    server = make_server(**s3.settings)
    assert server.push({"dag.py": SEVERAL}).status == 201
    s3.stop()
    run_id = server.trigger("several")
    server.await_run("several", run_id)
    eventually(lambda: measure(server, "leoflow_logs_waiting") == 5, "logs wait")
    assert len(server.pods()) == 5, "and so do pods"
    eventually(lambda: "logs cannot be stored" in server_log(server), "the server says so")
    # Whoever has it shows it.
    path = f"/api/v2/dags/several/dagRuns/{run_id}/taskInstances/say/logs/1?map_index=3"
    assert "number 3" in [line["event"] for line in server.get(path)["content"]]
    s3.start()
    for number in range(5):
        name = name_of("several", run_id, "say", f"map_index={number}/")
        eventually(lambda name=name, number=number: f"number {number}" in said(s3.read(name)), "the log is there")
    eventually(lambda: not server.pods(), "the pods are gone")
    assert server_log(server).count("logs cannot be stored") == server_log(server).count("logs can be stored again") == 1


def test_logs_that_wait_for_the_bucket_outlive_the_leader(make_server, s3: S3):
    replicas = own_folders(make_server, **s3.settings)
    first, second = replicas.all
    assert first.push(quick("print('said')")).status == 201
    s3.stop()
    run_id = first.trigger("quick")
    first.await_run("quick", run_id)
    eventually(lambda: measure(first, "leoflow_logs_waiting") == 1, "the log waits")
    first.kill()
    shutil.rmtree(first.home / "logs")
    assert replicas.await_leader(but=first) is second
    eventually(lambda: measure(second, "leoflow_logs_waiting") == 1, "it waits there, too", 60)
    s3.start()
    eventually(lambda: "said" in said(s3.read(name_of("quick", run_id, "do"))), "the log is stored", 60)
    eventually(lambda: not second.pods(), "its pod is gone")


def test_a_wrong_key_is_said_in_words(make_server, s3: S3):
    server = make_server(**s3.settings | {"AWS_SECRET_ACCESS_KEY": "Wr0ngSecret"})
    assert server.push(quick("print('said')")).status == 201
    run_id = server.trigger("quick")
    server.await_run("quick", run_id)
    eventually(lambda: "SignatureDoesNotMatch" in server_log(server), "the server says why")
    assert f"{s3.url}/dag_id=quick" in server_log(server)
    assert "Wr0ngSecret" not in server_log(server)
    # One whose log no file has.
    eventually(lambda: measure(server, "leoflow_logs_waiting") == 1, "the log waits")
    shutil.rmtree(server.home / "logs")
    shown = events(server, "quick", run_id, "do")
    assert "SignatureDoesNotMatch" in shown[-1] and shown[-1].startswith("This log cannot be read now: s3://")


def test_a_follower_without_the_folder_shows_what_ended_and_what_runs(make_server, s3: S3, tmp_path: pathlib.Path):
    replicas, gate = own_folders(make_server, **s3.settings), tmp_path / "gate"
    leader, follower = replicas.all
    assert leader.push({"dag.py": WAITING.format(version="v1", gate=gate)}).status == 201
    run_id = leader.trigger("waiting")
    eventually(lambda: "this is v1" in events(follower, "waiting", run_id, "wait"), "a log that goes on is shown", 60)
    gate.touch()
    leader.await_run("waiting", run_id)
    eventually(lambda: not leader.pods(), "its pod is gone")
    shutil.rmtree(leader.home / "logs")
    assert "this is v1" in events(follower, "waiting", run_id, "wait")
    assert not list((follower.home / "logs").rglob("*.log"))
    # Without the leader, too.
    leader.kill()
    began = time.monotonic()
    assert "this is v1" in events(follower, "waiting", run_id, "wait")
    assert time.monotonic() - began < 5


def test_what_the_server_says_of_a_pod_that_never_started_is_stored(make_server, node, s3: S3):
    server = make_server(
        **s3.settings, LEOFLOW_EXECUTOR_START_RETRIES="0", AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT="2"
    )
    assert server.push(quick()).status == 201
    node.plan("stuck", "leoflow-quick-*")
    try:
        run_id = server.trigger("quick")
        server.await_run("quick", run_id, "failed")
    finally:
        node.plan("", "leoflow-quick-*")
    name = name_of("quick", run_id, "do")
    eventually(lambda: any("did not start within 2 seconds" in line for line in said(s3.read(name))), "it is stored")


def test_what_cannot_be_is_refused_at_the_start(make_server, s3: S3):
    server = make_server(**s3.settings)
    for settings, words in (
        ({"AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER": "wasb://logs"}, "wasb://logs"),
        ({"AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID": "aws_default"}, "REMOTE_LOG_CONN_ID=aws_default"),
        ({"AWS_ACCESS_KEY_ID": ""}, "AWS_ACCESS_KEY_ID"),
    ):
        server.stop()
        whole, server.settings = server.settings, server.settings | settings
        done = server.command("server", check=False)
        server.settings = whole
        assert done.returncode != 0 and words in done.stderr, done
