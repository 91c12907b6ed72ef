"""The measurements: what is asked of a system, and how each figure is taken."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import processes
import workload
from support import Lite, eventually
from systems import System
from workload import Workload

Figures = dict[str, float]


@dataclass(frozen=True)
class Effort:
    """How often each thing is measured."""

    chains: int
    wide: int
    triggers: int
    edits: int
    idle_seconds: float


def percentile(values: list[float], percent: int) -> float:
    """Returns a percentile of the values, interpolated."""
    if len(values) < 2:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def measure(system: System, work: Workload, effort: Effort) -> Figures:
    """Takes every figure of one system, which is prepared but not started yet."""
    figures: Figures = {}

    def take(what: str, step: Callable[[], Figures]) -> None:
        began = time.monotonic()
        new = step()
        figures.update(new)
        shown = "  ".join(f"{name} {value:.4g}" for name, value in new.items())
        print(f"   {what} ({time.monotonic() - began:.0f} s): {shown}", flush=True)

    take("cold start", lambda: _cold_start(system, work))
    take("warm start", lambda: _warm_start(system, work))
    take("idle", lambda: _idle(system, effort.idle_seconds))
    take("trigger", lambda: _trigger_to_first(system, work, effort.triggers))
    take("chain", lambda: _hops(system, work, effort.chains))
    take("edit", lambda: _edit_to_visible(system, work, effort.edits))
    take("wide", lambda: _wide(system, work, effort.wide))
    take("idle after load", lambda: _memory(system, "after_load"))
    return figures


def _cold_start(system: System, work: Workload) -> Figures:
    """From the start of the processes on an empty database to a healthy API and to every DAG being there."""
    system.start()
    healthy = system.healthy_at - system.started_at
    for dag_id in (workload.CHAIN, workload.WIDE, workload.ONE, workload.EDITED):
        system.await_dag(dag_id, seconds=180)
        assert system.request("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False}).status == 200
    there = time.time() - system.started_at
    pool = "/api/v2/pools/default_pool?update_mask=slots"
    answer = system.request("PATCH", pool, {"slots": 1000})
    assert answer.status == 200, answer
    # Once through every DAG that is timed later: both systems compile and cache on first use.
    _run(system, work, workload.ONE)
    return {"cold_healthy_s": healthy, "cold_dags_there_s": there}


def _warm_start(system: System, work: Workload) -> Figures:
    """From the start of the processes on a used database to a healthy API and to a task running."""
    system.stop()
    work.forget(workload.ONE)
    system.start()
    run_id = _post_run(system, workload.ONE)
    first = eventually(lambda: work.read(workload.ONE), "a first task", 120)[0]
    system.await_run(workload.ONE, run_id)
    return {
        "warm_healthy_s": system.healthy_at - system.started_at,
        "warm_first_task_s": first.begin - system.started_at,
    }


def _idle(system: System, seconds: float) -> Figures:
    """Memory and CPU of every process while nothing is to be done."""
    time.sleep(min(seconds, 10))
    used = processes.cpu_percent(system.groups, seconds)
    return _memory(system, "idle") | {f"idle_cpu_{name}_percent": value for name, value in used.items()}


def _memory(system: System, when: str) -> Figures:
    groups = system.groups()
    figures = {f"{when}_pss_{name}_mb": processes.pss_mb(pids) for name, pids in groups.items()}
    for pid in groups.get("server", set()):
        figures[f"{when}_rss_server_mb"] = processes.rss_mb(pid)
    return figures


def _trigger_to_first(system: System, work: Workload, repetitions: int) -> Figures:
    """From the answer to the POST that makes a run to the begin of its only task function."""
    waits = []
    for _ in range(repetitions):
        work.forget(workload.ONE)
        run_id = _post_run(system, workload.ONE)
        answered = time.time()
        system.await_run(workload.ONE, run_id)
        waits.append(work.read(workload.ONE)[0].begin - answered)
    return {"trigger_p50_s": percentile(waits, 50), "trigger_p95_s": percentile(waits, 95)}


def _hops(system: System, work: Workload, repetitions: int) -> Figures:
    """In a chain: from the end of a task function to the begin of the next, and from begin to begin."""
    waits, distances = [], []
    for _ in range(repetitions):
        waits += hops(system, work)
        marks = work.read(workload.CHAIN)
        distances += [after.begin - before.begin for before, after in zip(marks, marks[1:], strict=False)]
    return {
        "hop_p50_s": percentile(waits, 50),
        "hop_p95_s": percentile(waits, 95),
        "start_to_start_p50_s": percentile(distances, 50),
        "start_to_start_p95_s": percentile(distances, 95),
    }


def hops(system: System, work: Workload) -> list[float]:
    """Runs the chain; returns the times from the end of a task function to the begin of the next, in seconds."""
    _run(system, work, workload.CHAIN)
    marks = work.read(workload.CHAIN)
    assert len(marks) == workload.CHAIN_LENGTH, marks
    return [after.begin - before.end for before, after in zip(marks, marks[1:], strict=False)]


def _edit_to_visible(system: System, work: Workload, repetitions: int) -> Figures:
    """From the file being saved with one task more until the API lists that task."""
    waits = []
    for count in range(2, 2 + repetitions):
        saved = time.time()
        system.write_dag("edited.py", work.source(workload.EDITED, count))
        system.await_dag(workload.EDITED, tasks=count, seconds=180)
        waits.append(time.time() - saved)
    return {"edit_p50_s": percentile(waits, 50), "edit_max_s": max(waits)}


def _wide(system: System, work: Workload, count: int) -> Figures:
    """Parallel tasks: from the POST to the end of the run, as the run says it."""
    posted = time.time()
    _run(system, work, workload.WIDE, poll=0.25, seconds=1800)
    wall = time.time() - posted
    marks = work.read(workload.WIDE)
    assert len(marks) == count, (len(marks), count)
    functions = max(mark.end for mark in marks) - posted
    return {"wide_wall_s": wall, "wide_tasks_per_s": count / wall, "wide_last_function_s": functions}


def _post_run(system: Lite, dag_id: str) -> str:
    answer = system.request("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": {}})
    assert answer.status == 200, answer
    return str(answer.body["dag_run_id"])


def _run(system: System, work: Workload, dag_id: str, poll: float = 0.0, seconds: float = 300) -> None:
    """Runs a DAG to its end, asking every `poll` seconds: asking costs the system that is measured."""
    work.forget(dag_id)
    run_id = _post_run(system, dag_id)
    deadline = time.monotonic() + seconds
    while poll and system.run_state(dag_id, run_id) not in ("success", "failed"):
        assert time.monotonic() < deadline, f"{dag_id} is still running"
        time.sleep(poll)
    system.await_run(dag_id, run_id, seconds=seconds)


@contextlib.contextmanager
def stopped_at_the_end(system: System):  # noqa: ANN201 - a context manager's type is longer than its body
    """Ends the system's processes whatever happens."""
    try:
        yield system
    finally:
        system.stop()
