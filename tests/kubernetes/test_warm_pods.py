"""Warm pods: they stay after an attempt and serve others of their version and shape, one at a time."""

from __future__ import annotations

import json
import pathlib
import time

import pytest
from control_plane import Server
from support import eventually
from test_agent_credentials import agent, token_of
from test_pods import WAITING, events, quick
from test_replicas import Replicas, measure

WARM = {"LEOFLOW_EXECUTOR_WARM_PODS": "true"}

# Tasks one after the other. Each says which process is its agent, and what an earlier one has left.
CHAIN = """
import json, os, pathlib, subprocess, time
from airflow.sdk import dag, get_current_context, task

def parents():
    pid = os.getpid()
    while pid > 1:
        yield pid
        pid = int(pathlib.Path(f"/proc/{{pid}}/stat").read_text().rsplit(")", 1)[1].split()[1])

def agent():
    def program(pid):
        return pathlib.Path(f"/proc/{{pid}}/cmdline").read_bytes().split(b"\\0")[0]
    return next(pid for pid in parents() if program(pid).endswith(b"/leoflow-agent"))

@dag(schedule=None, dag_id={dag_id!r})
def chain():
    @task(retries=1, retry_delay=0)
    def step(number):
        ti = get_current_context()["ti"]
        said = {{"number": number, "try": ti.try_number, "run": ti.run_id, "agent": agent(), "child": None, "dag": ti.dag_id,
                "set": os.environ.get("LEFT_BEHIND")}}
        os.environ["LEFT_BEHIND"] = "yes"
        if number == 0:
            # One that held the task's own pipes would be waited for.
            none = subprocess.DEVNULL
            said["child"] = subprocess.Popen(
                ["sleep", "300"], start_new_session=True, stdin=none, stdout=none, stderr=none
            ).pid
        with open({said!r}, "a") as file:
            file.write(json.dumps(said) + "\\n")
        print(f"this is step {{number}}")
        while number == {stops} and not pathlib.Path({gate!r}).exists():
            time.sleep(0.02)

    steps = [step.override(task_id=f"step_{{number}}"{more})(number) for number in range({count})]
    for before, after in zip(steps, steps[1:]):
        before >> after

chain()
"""


class Chain:
    """A project with one DAG, and what its tasks said."""

    def __init__(self, folder: pathlib.Path, dag_id: str = "chain") -> None:
        """Nothing is written yet."""
        self.folder, self.dag_id = folder, dag_id
        self.gate, self._said = folder / f"{dag_id}-gate", folder / f"{dag_id}-said"

    def source(self, *, stops: int = -1, count: int = 3, more: str = "") -> dict[str, str]:
        """Returns its files.

        Args:
            stops: The number of the task that waits for the gate.
            count: Of tasks.
            more: Arguments of each.
        """
        text = CHAIN.format(said=str(self._said), gate=str(self.gate), stops=stops, count=count, more=more, dag_id=self.dag_id)
        return {"dag.py": text}

    def said(self) -> list[dict]:
        """Returns what tasks said, in their order."""
        lines = self._said.read_text().splitlines() if self._said.exists() else []
        return [json.loads(line) for line in lines]

    def await_step(self, number: int, attempt: int = 1, run_id: str | None = None) -> dict:
        """Returns what a try of a step said, of any run or of that one, once it has begun."""

        def look() -> list[dict]:
            tries = [one for one in self.said() if (one["number"], one["try"]) == (number, attempt)]
            return [one for one in tries if run_id in (None, one["run"])]

        return eventually(look, f"step {number} runs", 60)[0]


def agents(chain: Chain) -> set[int]:
    """Returns the agents that ran something."""
    return {one["agent"] for one in chain.said()}


def await_idle(server: Server, count: int = 1) -> None:
    """Waits until so many pods are idle."""
    eventually(lambda: measure(server, "leoflow_idle_warm_pods") == count, f"{count} pods are idle", 30)


def run_and_rest(server: Server, chain: Chain, idle: int = 1) -> str:
    """Runs it, and waits until so many pods are idle: the next run finds them. Returns the run's id."""
    run_id = server.trigger(chain.dag_id)
    server.await_run(chain.dag_id, run_id)
    await_idle(server, idle)
    return run_id


def run_in_warm_pod(server: Server, chain: Chain) -> str:
    """Has one step wait for the gate in a pod that has run another. Returns the id of its run."""
    server.push(chain.source(stops=0, count=1))
    chain.gate.touch()
    run_and_rest(server, chain)
    chain.gate.unlink()
    run_id = server.trigger(chain.dag_id)
    chain.await_step(0, run_id=run_id)
    return run_id


def test_an_idle_pod_runs_the_next_attempt(make_server, tmp_path: pathlib.Path):
    server, chain = make_server(**WARM), Chain(tmp_path)
    server.push(chain.source(count=1))
    run_and_rest(server, chain)
    run_id = run_and_rest(server, chain)
    assert len(chain.said()) == 2
    assert len(agents(chain)) == 1
    assert measure(server, "leoflow_pods_created_total") == 1
    assert measure(server, "leoflow_pods_reused_total") == 1
    (pod,) = server.pods()
    assert pod["metadata"]["annotations"]["run_id"] == run_id
    assert measure(server, "leoflow_pods") == 0, "it takes no slot"


def test_tasks_that_follow_each_other_share_pods(make_server, tmp_path: pathlib.Path):
    server, chain, count = make_server(**WARM), Chain(tmp_path), 6
    assert server.push(chain.source(count=count)).status == 201
    run_id = server.trigger("chain")
    server.await_run("chain", run_id)
    assert [one["number"] for one in chain.said()] == list(range(count))
    # How many there are depends on how fast an agent is idle.
    assert len(agents(chain)) < count
    assert measure(server, "leoflow_pods_created_total") == len(agents(chain))
    assert measure(server, "leoflow_pods_reused_total") == count - len(agents(chain))
    for number in range(count):
        own = f"this is step {number}"
        eventually(lambda number=number, own=own: own in events(server, "chain", run_id, f"step_{number}"), "the log is there")
        said = [event for event in events(server, "chain", run_id, f"step_{number}") if event.startswith("this is")]
        assert said == [own]
    assert all(one["set"] is None for one in chain.said()), "each has a fresh process"


def test_what_a_task_left_running_is_gone_before_the_next_one(make_server, tmp_path: pathlib.Path):
    server, chain = make_server(**WARM), Chain(tmp_path)
    server.push(chain.source(count=1))
    run_and_rest(server, chain)
    assert not pathlib.Path(f"/proc/{chain.said()[0]['child']}").exists()
    run_and_rest(server, chain)
    assert len(agents(chain)) == 1


def test_a_pod_serves_no_other_shape_and_no_other_project(make_server, tmp_path: pathlib.Path):
    server, one, other, big = make_server(**WARM), Chain(tmp_path), Chain(tmp_path, "other"), Chain(tmp_path, "big")
    wants = ', executor_config={"pod_override": {"spec": {"terminationGracePeriodSeconds": 7}}}'
    files = one.source(count=1) | {"big.py": big.source(count=1, more=wants)["dag.py"]}
    assert server.push(files, project="one").status == 201
    assert server.push(other.source(count=1), project="other").status == 201
    for idle, chain in enumerate((one, other, big), 1):
        run_and_rest(server, chain, idle)
    assert len(agents(one) | agents(other) | agents(big)) == 3
    run_and_rest(server, one, 3)
    assert len(agents(one)) == 1


def test_a_leader_that_is_killed_while_a_pod_is_idle_leaves_it_to_the_next(make_server, tmp_path: pathlib.Path):
    replicas, chain = Replicas(make_server, ["all", "all"], **WARM), Chain(tmp_path)
    first, second = replicas.all
    first.push(chain.source(count=1))
    run_and_rest(first, chain)
    first.kill()
    assert replicas.await_leader() is second
    await_idle(second)
    run_and_rest(second, chain)
    assert len(chain.said()) == 2
    assert len(agents(chain)) == 1


def test_a_leader_that_is_killed_in_the_second_attempt_loses_nothing(make_server, tmp_path: pathlib.Path):
    replicas, chain = Replicas(make_server, ["all", "all"], **WARM), Chain(tmp_path)
    first, second = replicas.all
    run_id = run_in_warm_pod(first, chain)
    first.kill()
    assert replicas.await_leader() is second
    chain.gate.touch()
    second.await_run("chain", run_id)
    assert [one["try"] for one in chain.said()] == [1, 1]
    assert len(agents(chain)) == 1
    eventually(lambda: "this is step 0" in events(second, "chain", run_id, "step_0"), "the log is there")


def test_a_leader_that_is_killed_again_and_again_hands_pods_over_once(make_server, tmp_path: pathlib.Path):
    replicas, chain = Replicas(make_server, ["all"] * 2, **WARM), Chain(tmp_path)
    replicas.all[0].push(chain.source(count=12))
    run_id = replicas.all[0].trigger("chain")
    for number in (1, 4, 7, 10):
        chain.await_step(number)
        leader = replicas.await_leader()
        leader.kill()
        leader.start()
    replicas.await_leader().await_run("chain", run_id)
    assert [(one["number"], one["try"]) for one in chain.said()] == [(number, 1) for number in range(12)]


def test_the_death_of_a_pod_is_that_of_the_attempt_that_it_runs(make_server, namespace, tmp_path: pathlib.Path):
    server, chain = make_server(**WARM), Chain(tmp_path)
    run_id = run_in_warm_pod(server, chain)
    (pod,) = server.pods()
    namespace.delete_pod(pod["metadata"]["name"], grace=0)
    chain.await_step(0, attempt=2, run_id=run_id)
    chain.gate.touch()
    server.await_run("chain", run_id)
    assert [one["try"] for one in chain.said()] == [1, 1, 2]
    assert len(agents(chain)) == 2
    log = events(server, "chain", run_id, "step_0", attempt=1)
    assert any("its pod was deleted" in event for event in log), log


@pytest.mark.parametrize("grace", [0, 5], ids=["at once", "in order"])
def test_an_idle_pod_that_is_deleted_is_followed_by_another(make_server, namespace, tmp_path: pathlib.Path, grace: int):
    server, chain = make_server(**WARM), Chain(tmp_path)
    server.push(chain.source(count=1))
    run_and_rest(server, chain)
    (pod,) = server.pods()
    began = time.monotonic()
    namespace.delete_pod(pod["metadata"]["name"], grace=grace)
    assert time.monotonic() - began < 4, "it goes at once"
    run_and_rest(server, chain)
    assert len(agents(chain)) == 2
    assert measure(server, "leoflow_pods_lost_total") == 0


def test_a_pod_that_is_idle_for_long_goes(make_server, tmp_path: pathlib.Path):
    server, chain = make_server(**WARM, LEOFLOW_EXECUTOR_WARM_IDLE_LIMIT="2"), Chain(tmp_path)
    server.push(chain.source())
    server.await_run("chain", server.trigger("chain"))
    eventually(lambda: not server.pods(), "it has gone", 30)
    assert measure(server, "leoflow_idle_warm_pods") == 0
    assert measure(server, "leoflow_pods_lost_total") == 0


def test_a_pod_goes_after_so_many_attempts(make_server, tmp_path: pathlib.Path):
    server, chain = make_server(**WARM, LEOFLOW_EXECUTOR_WARM_MAX_ATTEMPTS="2"), Chain(tmp_path)
    server.push(chain.source(count=1))
    run_and_rest(server, chain)
    server.await_run("chain", server.trigger("chain"))
    assert len(agents(chain)) == 1
    eventually(lambda: not server.pods(), "it has gone", 30)
    run_and_rest(server, chain)
    assert len(agents(chain)) == 2


def test_of_idle_pods_there_are_so_many_at_most(make_server, tmp_path: pathlib.Path):
    server, gate = make_server(**WARM, LEOFLOW_EXECUTOR_WARM_MAX_IDLE="1"), tmp_path / "gate"
    source = WAITING.format(version="v1", gate=gate)
    server.push({"dag.py": source.replace("def wait():", "def wait(x):").replace("    wait()\n", "    wait.expand(x=[1, 2, 3])\n")})
    run_id = server.trigger("waiting")
    eventually(lambda: len(server.pods()) == 3, "three pods are there", 60)
    gate.touch()
    server.await_run("waiting", run_id)
    eventually(lambda: len(server.pods()) == 1, "one has stayed", 30)
    await_idle(server)


def test_an_idle_pod_makes_room_where_a_quota_is_used_up(make_server, namespace, tmp_path: pathlib.Path):
    namespace.add("resourcequotas", "one", spec={"hard": {"pods": "1"}})
    server, one, other = make_server(**WARM), Chain(tmp_path), Chain(tmp_path, "other")
    server.push(one.source(count=1), project="one")
    server.push(other.source(count=1), project="other")
    for chain in (one, other, one):
        run_and_rest(server, chain)
    assert len(agents(one)) == 2


def test_without_the_right_to_hand_pods_over_each_attempt_has_its_own(make_server, control_plane, namespace, tmp_path):
    server, chain = make_server(**WARM), Chain(tmp_path)
    role = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace.name}/roles/leoflow"
    verbs = ["create", "delete", "get", "list", "watch"]
    control_plane.api.patch(role, {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": verbs}]})
    server.push(chain.source(count=1))
    for _ in range(2):
        run_and_rest(server, chain)
    assert len(agents(chain)) == 2
    assert "cannot be handed over" in (server.home / "server.log").read_text()


def test_the_token_of_a_warm_pod_makes_nobody_the_agent_of_its_present_attempt(make_server, namespace, tmp_path: pathlib.Path):
    server, chain = make_server(**WARM), Chain(tmp_path)
    run_id = run_in_warm_pod(server, chain)
    (pod,) = server.pods()
    # As a task of an earlier attempt that has kept it, beside the pod's own agent.
    tried = agent(server, token_of(namespace, pod["metadata"]["name"]), tmp_path / "agent")
    try:
        assert tried.wait(timeout=20) == 0, "it is told to go"
        said = (tmp_path / "agent" / "log").read_text()
        assert "the control plane said so" in said
        assert "connected to the control plane" not in said
    finally:
        tried.kill()
        tried.wait()
    chain.gate.touch()
    server.await_run("chain", run_id)
    assert [one["try"] for one in chain.said()] == [1, 1]


def test_unless_it_is_asked_for_each_attempt_has_a_pod_of_its_own(make_server, tmp_path: pathlib.Path):
    server, chain = make_server(), Chain(tmp_path)
    server.push(chain.source())
    server.await_run("chain", server.trigger("chain"))
    assert len(agents(chain)) == 3
    assert measure(server, "leoflow_pods_created_total") == 3
    eventually(lambda: not server.pods(), "they are deleted")
