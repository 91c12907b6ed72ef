"""Several control planes on one database: one leads, the others follow and take over."""

from __future__ import annotations

import math
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable

import openid_provider
import pytest
from cable import Cable
from control_plane import Server, free_address
from playwright.sync_api import sync_playwright
from support import BIN, eventually, free_port
from test_faults import LIBFAKETIME
from test_pods import WAITING, await_pod, events, quick

# How hard the leader is killed; `LEOFLOW_TAKEOVER=1000,20` is 1,000 tasks and 20 kills.
TASKS, KILLS = (int(number) for number in os.environ.get("LEOFLOW_TAKEOVER", "24,4").split(","))

# Each task says that it ran: once, if nothing is run twice.
COUNTED = """
import os, pathlib
from airflow.sdk import dag, get_current_context, task

@dag(schedule=None, max_active_tasks=1000)
def counted():
    @task(retries=0)
    def say(number):
        line = f"{{number}} {{get_current_context()['ti'].try_number}}\\n"
        with open("{said}", "a") as file:
            file.write(line)
    say.expand(number=list(range({count})))

counted()
"""


class Replicas:
    """Some control planes; tests ask one of them."""

    def __init__(self, make_server: Callable[..., Server], roles: list[str], **settings: str) -> None:
        """Starts one for each role, in their order."""
        grpc = [free_address() for _ in roles]
        self.all: list[Server] = []
        for role, address in zip(roles, grpc, strict=True):
            shared = {"LEOFLOW_SERVER_ROLE": role, "LEOFLOW_SERVER_GRPC_ADDR": address,
                      "LEOFLOW_EXECUTOR_AGENT_CONTROL_PLANE_ADDR": ",".join(grpc)}  # fmt: skip
            if self.all:
                home = self.all[0].home
                shared |= {"LEOFLOW_SERVER_GRPC_TLS_CERT": str(home / "server.crt"),
                           "LEOFLOW_SERVER_GRPC_TLS_KEY": str(home / "server.key"),
                           "LEOFLOW_LOGS_DIR": str(home / "logs")}  # fmt: skip
            self.all.append(make_server(**shared, **settings))

    def leader(self) -> Server | None:
        """Returns the one that leads; nothing if none does now."""
        leading = [server for server in self.all if measure(server, "leoflow_leader") == 1]
        assert len(leading) <= 1, leading
        return leading[0] if leading else None

    def await_leader(self, *, but: Server | None = None) -> Server:
        """Returns the one that leads, once there is one, another one than `but`."""
        return eventually(lambda: (found := self.leader()) and found is not but and found, "somebody leads", 20)


def measure(server: Server, metric: str) -> float | None:
    """Returns a metric of a server; nothing if it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{server.metrics}/metrics", timeout=2) as page:
            told = page.read().decode()
    except OSError:
        return None
    return next(float(line.split()[1]) for line in told.splitlines() if line.startswith(metric + " "))


def test_a_replica_that_follows_reads_itself_and_passes_the_rest_on(make_server):
    leader, follower = Replicas(make_server, ["all", "all"]).all
    assert (measure(leader, "leoflow_leader"), measure(follower, "leoflow_leader")) == (1, 0)
    assert follower.push(quick("print('said')")).status == 201
    run_id = follower.trigger("quick")
    follower.await_run("quick", run_id)
    eventually(lambda: "said" in events(follower, "quick", run_id, "do"), "the log is there")
    health = follower.request("GET", "/api/v2/monitor/health").body
    assert health["scheduler"]["status"] == "healthy"
    (job,) = follower.request("GET", "/api/v2/jobs?job_type=SchedulerJob").body["jobs"]
    assert job["state"] == "running"
    path = f"/api/v2/dags/quick/dagRuns/{run_id}/taskInstances/do/dependencies"
    assert follower.request("GET", path).status == 200
    # Who may do what is looked at where it is done.
    follower.token, token = "nonsense", follower.token
    assert follower.request("POST", "/api/v2/dags/quick/dagRuns", {"logical_date": None}).status in (401, 403)
    follower.token = token
    follower.request("GET", "/api/v2/auth/logout")
    assert follower.request("GET", "/api/v2/dags").status == 403
    assert leader.request("GET", "/api/v2/dags").status == 200


def test_a_replica_that_follows_answers_each_get_as_the_leader_does(make_server):
    leader, follower = Replicas(make_server, ["all", "all"]).all
    assert leader.push(quick()).status == 201
    run_id = leader.trigger("quick")
    leader.await_run("quick", run_id)
    names = {"dag_id": "quick", "dag_run_id": run_id, "task_id": "do", "try_number": "1", "task_try_number": "1"}
    paths = [path for path, methods in leader.get("/openapi.json")["paths"].items() if "get" in methods]
    assert len(paths) > 60
    for path in paths:
        if path.endswith("/logout"):
            continue
        asked = re.sub(r"{(\w+)(:path)?}", lambda name: urllib.parse.quote(names.get(name[1], "1")), path)
        told, expected = follower.request("GET", asked), leader.request("GET", asked)
        assert told.status == expected.status, (asked, told, expected)


def test_a_task_goes_on_while_another_replica_takes_over(make_server, tmp_path: pathlib.Path):
    replicas, gate = Replicas(make_server, ["all", "all"]), tmp_path / "gate"
    first, second = replicas.all
    first.push({"dag.py": WAITING.format(version="v1", gate=gate)})
    run_id = first.trigger("waiting")
    await_pod(first)
    eventually(lambda: "this is v1" in events(first, "waiting", run_id, "wait"), "the task runs", 60)
    first.kill()
    # Nobody leads for a moment: what is asked meanwhile waits.
    assert second.request("PATCH", "/api/v2/dags/waiting", {"is_paused": False}).status == 200
    assert replicas.leader() is second
    gate.touch()
    second.await_run("waiting", run_id)
    assert second.task_instances("waiting", run_id)["wait"]["try_number"] == 1
    eventually(lambda: not second.pods(), "the pod is deleted")


def test_a_leader_that_stops_in_order_hands_over(make_server):
    replicas = Replicas(make_server, ["all", "all"])
    first, second = replicas.all
    first.stop()
    assert first.process.returncode == 0
    assert replicas.await_leader() is second
    first.start()
    assert replicas.leader() is second


def test_a_leader_that_hangs_is_replaced_and_ends_when_it_wakes_up(make_server, tmp_path: pathlib.Path):
    replicas, gate = Replicas(make_server, ["all", "all"]), tmp_path / "gate"
    first, second = replicas.all
    first.push({"dag.py": WAITING.format(version="v1", gate=gate)})
    old = first.trigger("waiting")
    eventually(lambda: "this is v1" in events(first, "waiting", old, "wait"), "the task runs", 60)
    first.process.send_signal(signal.SIGSTOP)
    eventually(lambda: measure(second, "leoflow_leader") == 1, "the other one leads", 20)
    # A pod that the old leader knows nothing of.
    new = second.trigger("waiting")
    eventually(lambda: len(second.pods()) == 2, "the new leader makes pods", 30)
    first.process.send_signal(signal.SIGCONT)
    assert first.process.wait(timeout=20) == 70
    gate.touch()
    for run_id in (old, new):
        second.await_run("waiting", run_id)
        assert second.task_instances("waiting", run_id)["wait"]["try_number"] == 1


def test_a_leader_that_loses_the_database_alone_leaves_its_agents_to_the_next(make_server, tmp_path: pathlib.Path):
    replicas, gate = Replicas(make_server, ["all", "all"]), tmp_path / "gate"
    first, second = replicas.all
    with tempfile.TemporaryDirectory() as folder:
        cable = Cable(first.database_url, pathlib.Path(folder))
        first.settings["LEOFLOW_DATABASE_URL"] = cable.url
        second.stop()
        first.stop()
        first.start()
        second.start()
        assert replicas.leader() is first
        first.push({"dag.py": WAITING.format(version="v1", gate=gate)})
        run_id = first.trigger("waiting")
        eventually(lambda: "this is v1" in events(first, "waiting", run_id, "wait"), "the task runs", 60)
        cable.pull_out()
        eventually(lambda: measure(second, "leoflow_leader") == 1, "the other one leads", 20)
        gate.touch()
        second.await_run("waiting", run_id)
        assert second.task_instances("waiting", run_id)["wait"]["try_number"] == 1
        assert first.process.poll() is None
        cable.plug_in()
        assert first.process.wait(timeout=20) == 70


@pytest.mark.skipif(LIBFAKETIME is None, reason="the package libfaketime is not installed")
@pytest.mark.parametrize("minutes", [5, -5])
def test_replicas_whose_clocks_are_minutes_apart_go_by_the_databases(make_server, minutes: int):
    leader = make_server()
    wrong = {"LD_PRELOAD": str(LIBFAKETIME), "FAKETIME": f"{minutes:+d}m", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    follower = make_server(LEOFLOW_SERVER_ROLE="api", **wrong)
    assert "from the database's, which holds" in (follower.home / "server.log").read_text()
    # Each was logged in at itself; what changes something is passed on.
    leader.token, follower.token = follower.token, leader.token
    for key, server in (("first", leader), ("second", follower)):
        assert server.request("POST", "/api/v2/variables", {"key": key, "value": "1"}).status == 201
    # A login is older than a password that comes after it, wherever the two are made.
    guest = {"username": "guest", "password": "first password"}
    env = leader.environment | {"LEOFLOW_USER_PASSWORD": guest["password"]}
    subprocess.run([BIN / "leoflow", "users", "create", "guest"], env=env, check=True, capture_output=True)
    follower.token = follower.request("POST", "/auth/token", guest).body["access_token"]
    assert follower.request("GET", "/api/v2/dags").status == 200
    env["LEOFLOW_USER_PASSWORD"] = "second password"
    subprocess.run([BIN / "leoflow", "users", "reset-password", "guest"], env=env, check=True, capture_output=True)
    leader.token = follower.token
    assert [server.request("GET", "/api/v2/dags").status for server in (follower, leader)] == [403, 403]


def test_a_login_that_began_at_one_replica_ends_at_another(make_server):
    leader, port = make_server(), free_port()
    provided = openid_provider.settings(port, leader)
    leader.stop()
    leader.settings |= provided
    with openid_provider.provider(port, leader), sync_playwright() as playwright:
        leader.start()
        follower = make_server(LEOFLOW_SERVER_ROLE="api", **provided)
        browser = playwright.request.new_context()
        back = openid_provider.begin_login(browser, leader, "ann")
        # Where a balancer may send it.
        ended = browser.get(back.replace(leader.url, follower.url), max_redirects=0)
        assert ended.status == 307, ended.text()
        assert [browser.get(f"{server.url}/api/v2/dags").status for server in (follower, leader)] == [200, 200]
        assert browser.get(back).status == 400, "once is enough"


def test_one_that_only_answers_never_leads_and_one_that_only_schedules_answers_nobody(make_server):
    replicas = Replicas(make_server, ["scheduler", "api"])
    scheduler, api = replicas.all
    assert replicas.leader() is scheduler
    refused = scheduler.request("GET", "/api/v2/dags")
    assert refused.status == 404 and "only schedules" in refused.body["detail"]
    assert scheduler.request("GET", "/healthz").status == scheduler.request("GET", "/readyz").status == 200
    assert api.push(quick()).status == 201
    api.await_run("quick", api.trigger("quick"))
    scheduler.kill()
    assert api.request("GET", "/api/v2/dags").body["total_entries"] == 1
    assert api.request("POST", "/auth/token", {"username": "admin@leoflow.local", "password": "wrong"}).status == 401
    refused = api.request("PATCH", "/api/v2/dags/quick", {"is_paused": True})
    assert refused.status == 503 and "No replica leads" in refused.body["detail"]
    assert measure(api, "leoflow_leader") == 0
    scheduler.start()
    assert api.request("PATCH", "/api/v2/dags/quick", {"is_paused": True}).status == 200


@pytest.mark.timeout(120 + TASKS * 4)
def test_the_leader_is_killed_again_and_again_and_every_task_runs_once(make_server, tmp_path: pathlib.Path):
    replicas, said = Replicas(make_server, ["all"] * 3, AIRFLOW__CORE__PARALLELISM="16"), tmp_path / "said"
    said.touch()
    assert replicas.all[0].push({"dag.py": COUNTED.format(said=said, count=TASKS)}).status == 201
    run_id = replicas.all[0].trigger("counted")
    takeovers = []
    for number in range(KILLS):
        # Spread over the run.
        part = TASKS * (number + 1) // (KILLS + 1)
        eventually(lambda part=part: said.read_text().count("\n") >= part, f"{part} tasks ran", 60 + TASKS * 4)
        leader = replicas.await_leader()
        leader.kill()
        began = time.monotonic()
        eventually(lambda: replicas.leader(), "another one leads", 20)
        takeovers.append(time.monotonic() - began)
        # As Kubernetes does.
        leader.start()
    last = replicas.await_leader()
    last.await_run("counted", run_id, seconds=60 + TASKS * 4)
    times = Counter(said.read_text().splitlines())
    assert times == Counter({f"{number} 1": 1 for number in range(TASKS)})
    states = last.request("GET", f"/api/v2/dags/counted/dagRuns/{run_id}/taskInstances?limit=1&state=success").body
    assert states["total_entries"] == TASKS
    takeovers.sort()
    p95 = takeovers[math.ceil(len(takeovers) * 0.95) - 1]
    print(f"{TASKS} tasks, {KILLS} kills: takeover p50 {takeovers[len(takeovers) // 2]:.2f} s, p95 {p95:.2f} s")
    assert p95 < 5
