"""What is measured of a system that runs tasks in pods; knows no system by name."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import statistics
import threading
import time
import urllib.parse
from typing import Protocol

from bed.kubeconfig import Access
from support import Answer, eventually

Figures = dict[str, float]
DAG = "bench_pods"
_RUNS, _CHAIN, _VERSIONS = 5, 4, 3

_SOURCE = '''import time

from airflow.sdk import dag, task


@task
def step(index: int) -> int:
    begin = time.time()
    with open({marks!r}, "a") as file:
        file.write(f"{{index}} {{begin!r}} {{time.time()!r}}\\n")
    return index


@dag(dag_id={dag_id!r}, schedule=None, catchup=False)
def build() -> None:
    steps = [step.override(task_id=f"step_{{index}}")(index) for index in range({count})]
    for before, after in zip(steps, steps[1:]):
        before >> after


build()
'''


class System(Protocol):
    """What is asked of a system."""

    marks: str
    namespace: str
    access: Access

    def prepare(self, source: str) -> object:
        """Makes of a DAG's file what it takes, as its users do."""

    def hand_over(self, prepared: object) -> None:
        """Gives it that as a new version."""

    def request(self, method: str, path: str, body: object = None) -> Answer:
        """Sends a request to its REST API."""


class Pods:
    """Notes when pods are made, as a watch tells."""

    def __init__(self, access: Access, namespace: str) -> None:
        """Begins to watch."""
        there = urllib.parse.urlsplit(access.server)
        trust = ssl.create_default_context(cadata=access.authority)
        self._connection = http.client.HTTPSConnection(there.hostname, there.port, context=trust)
        path = f"/api/v1/namespaces/{namespace}/pods?watch=true&resourceVersion=0"
        self._connection.request("GET", path, headers={"Authorization": f"Bearer {access.token}"})
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200, self._answer.read()
        self.made: list[float] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        rest = b""
        # The API server ends before this does.
        with contextlib.suppress(http.client.IncompleteRead, OSError):
            while part := self._answer.read1(65536):
                *lines, rest = (rest + part).split(b"\n")
                self.made += [time.time() for line in lines if json.loads(line)["type"] == "ADDED"]


def measured(system: System) -> Figures:
    """Takes the figures."""
    pushed, visible = zip(*(_hand_over(system, count) for count in range(1, _VERSIONS + 1)), strict=True)
    _hand_over(system, _CHAIN)
    pods = Pods(system.access, system.namespace)
    assert system.request("PATCH", f"/api/v2/dags/{DAG}", {"is_paused": False}).status == 200
    _run(system, pods)  # the first is not measured: whatever is made once is made
    made, first, hops = zip(*(_run(system, pods) for _ in range(_RUNS)), strict=True)
    every_hop = [hop for run in hops for hop in run]
    # Where pods stay, none is made.
    of_pods = {} if None in made else {"pod_p50_s": statistics.median(made), "pod_max_s": max(made)}
    return of_pods | {
        "pushed_p50_s": statistics.median(pushed),
        "visible_p50_s": statistics.median(visible),
        "first_p50_s": statistics.median(first),
        "hop_p50_s": statistics.median(every_hop),
        "hop_max_s": max(every_hop),
    }


def _hand_over(system: System, count: int) -> tuple[float, float]:
    """Returns how long a version took from being handed over, and from its file, until it was visible."""
    begin = time.time()
    prepared = system.prepare(_SOURCE.format(marks=system.marks, dag_id=DAG, count=count))
    ready = time.time()
    system.hand_over(prepared)
    path = f"/api/v2/dags/{DAG}/tasks"
    eventually(
        lambda: (answer := system.request("GET", path)).status == 200 and answer.body["total_entries"] == count,
        f"the version with {count} tasks is there", 180,
    )  # fmt: skip
    end = time.time()
    return end - ready, end - begin


def _run(system: System, pods: Pods) -> tuple[float | None, float, list[float]]:
    """Returns how long the pod, if one was made, and the first task took from the trigger, and the hops."""
    open(system.marks, "w").close()
    already = len(pods.made)
    answer = system.request("POST", f"/api/v2/dags/{DAG}/dagRuns", {"logical_date": None})
    triggered = time.time()
    assert answer.status == 200, answer
    path = f"/api/v2/dags/{DAG}/dagRuns/{urllib.parse.quote(answer.body['dag_run_id'])}"
    eventually(lambda: system.request("GET", path).body["state"] == "success", "the run ends", 300)
    marks = sorted(tuple(float(word) for word in line.split()) for line in open(system.marks))
    assert len(marks) == _CHAIN, marks
    hops = [after[1] - before[2] for before, after in zip(marks, marks[1:], strict=False)]
    pod = pods.made[already] - triggered if len(pods.made) > already else None
    return pod, marks[0][1] - triggered, hops
