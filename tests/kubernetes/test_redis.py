"""Replicas that share a Redis beside the database: what it gives them, and that they do without."""

from __future__ import annotations

import pathlib
import signal
import time
from collections.abc import Callable, Iterator

import pytest
from bed.bed import Bed
from bed.redis import Redis
from control_plane import Server
from support import PASSWORD, USER, eventually
from test_pods import WAITING, events, quick
from test_replicas import Replicas, measure

TRIES = 10  # Failed logins in a minute.


@pytest.fixture
def redis(control_plane: Bed) -> Iterator[Redis]:
    """Gives a Redis."""
    made = Redis(control_plane.services)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def replicas(make_server: Callable[..., Server], redis: Redis) -> Replicas:
    """Gives two replicas that share it; the first leads."""
    return Replicas(make_server, ["all", "all"], LEOFLOW_REDIS_URL=redis.url)


def guess(server: Server, name: str, password: str = "wrong") -> int:
    """Returns the status of a login."""
    return server.request("POST", "/auth/token", {"username": name, "password": password}).status


def await_redis(server: Server, up: int) -> None:
    """Waits until a replica has seen that Redis is there, or away."""
    eventually(lambda: measure(server, "leoflow_redis_up") == up, f"leoflow_redis_up is {up}", 30)


def log_of(server: Server) -> str:
    """Returns what a replica has written into its own log."""
    return (server.home / "server.log").read_text()


def test_failed_logins_at_one_replica_count_at_the_other(replicas: Replicas):
    first, second = replicas.all
    for server in (first, second):
        assert [guess(server, "ada") for _ in range(TRIES // 2)] == [401] * (TRIES // 2)
    assert [guess(server, "ada") for server in (first, second)] == [429, 429]
    assert guess(second, "bob") == 401
    # A right password makes them good at both.
    for server in (first, second):
        assert [guess(server, USER) for _ in range(TRIES // 2 - 1)] == [401] * (TRIES // 2 - 1)
    assert guess(first, USER, PASSWORD) == 201
    assert [guess(second, USER) for _ in range(TRIES // 2)] == [401] * (TRIES // 2)


def test_a_token_that_is_revoked_at_one_replica_is_refused_at_once_by_the_other(replicas: Replicas):
    first, second = replicas.all
    for here, there in ((first, second), (second, first)):
        here.token = ""
        here.token = there.token = here.log_in()
        assert there.request("GET", "/api/v2/dags").status == 200
        assert here.request("GET", "/api/v2/auth/logout").status in (200, 307)
        assert there.request("GET", "/api/v2/dags").status == 403
        here.token = ""
        here.token = there.token = here.log_in()
    # And one of a program.
    name = {"name": "ci", "role": "viewer"}
    admin, program = first.token, second.request("POST", "/api/v2/serviceTokens", name).body["token"]
    second.token = program
    assert second.request("GET", "/api/v2/dags").status == 200
    assert first.request("DELETE", "/api/v2/serviceTokens/ci").status in (200, 204)
    assert second.request("GET", "/api/v2/dags").status == 403
    second.token = admin


def test_a_follower_shows_the_log_of_a_running_task_while_the_leader_hangs(
    replicas: Replicas, redis: Redis, tmp_path: pathlib.Path
):
    leader, follower = replicas.all
    gate = tmp_path / "gate"
    assert leader.push({"dag.py": WAITING.format(version="v1", gate=gate)}).status == 201
    run_id = leader.trigger("waiting")
    eventually(lambda: "this is v1" in events(leader, "waiting", run_id, "wait"), "the task runs", 60)
    eventually(lambda: "log:" in redis.ask("KEYS", "leoflow:*"), "the log is in Redis")
    shown = events(leader, "waiting", run_id, "wait")
    leader.process.send_signal(signal.SIGSTOP)
    try:
        assert measure(follower, "leoflow_leader") == 0
        told = follower.log("waiting", run_id, "wait")
        assert measure(follower, "leoflow_leader") == 0, "it did not lead yet when it answered"
    finally:
        leader.process.send_signal(signal.SIGCONT)
    assert [record["event"] for record in told] == shown
    gate.touch()
    last = replicas.await_leader()
    last.await_run("waiting", run_id)
    eventually(lambda: "log:" not in redis.ask("KEYS", "leoflow:*"), "the log is where it stays", 30)
    assert "this is v1" in events(last, "waiting", run_id, "wait")


@pytest.mark.parametrize("away", ["stop", "pause"])
def test_without_redis_tasks_run_and_logins_work_and_it_is_used_again_when_it_is_back(
    replicas: Replicas, redis: Redis, tmp_path: pathlib.Path, away: str
):
    leader, follower = replicas.all
    gate = tmp_path / "gate"
    assert leader.push({"dag.py": WAITING.format(version="v1", gate=gate)}).status == 201
    assert leader.push(quick("print('said')"), project="other").status == 201
    run_id = leader.trigger("waiting")
    eventually(lambda: "this is v1" in events(leader, "waiting", run_id, "wait"), "the task runs", 60)
    for server in (leader, follower):
        assert measure(server, "leoflow_redis_up") == 1
    getattr(redis, away)()
    began = time.monotonic()
    for server in (leader, follower):
        assert guess(server, USER, PASSWORD) == 201
        assert server.request("GET", "/readyz").status == 200
        assert [guess(server, "ada") for _ in range(TRIES)] == [401] * TRIES
        assert guess(server, "ada") == 429
        await_redis(server, 0)
        assert measure(server, "leoflow_redis_failures_total") >= 1
    assert time.monotonic() - began < 20
    # As without one: what runs is asked of the leader.
    assert "this is v1" in events(follower, "waiting", run_id, "wait")
    quick_id = follower.trigger("quick")
    follower.await_run("quick", quick_id)
    gate.touch()
    follower.await_run("waiting", run_id)
    if away == "pause":
        redis.stop()
    redis.start()
    for server in (leader, follower):
        await_redis(server, 1)
        log = log_of(server)
        assert log.count("is done without: ") == 1 and log.count(" answers\n") == 2, log
        assert redis.url.split("@")[0].removeprefix("redis://:") not in log
    for server in (leader, follower):
        assert [guess(server, "eve") for _ in range(TRIES // 2)] == [401] * (TRIES // 2)
    assert guess(leader, "eve") == guess(follower, "eve") == 429


def test_a_wrong_password_of_redis_is_said_once_and_a_url_that_is_none_is_refused(make_server, redis: Redis):
    wrong = redis.url.replace("redis://:", "redis://:not-")
    server = make_server(LEOFLOW_REDIS_URL=wrong)
    for _ in range(2):
        assert guess(server, "ada") == 401
        await_redis(server, 0)
    log = log_of(server)
    assert log.count("it refuses AUTH: WRONGPASS") == 1, log
    assert wrong.split("@")[0].removeprefix("redis://:") not in log
    server.stop()
    server.settings["LEOFLOW_REDIS_URL"] = "http://:a-password@somewhere"
    with pytest.raises(AssertionError):
        server.start()
    assert server.process.wait(timeout=10) == 2
    log = log_of(server)
    assert "LEOFLOW_REDIS_URL is no URL such as redis://" in log and "a-password" not in log
