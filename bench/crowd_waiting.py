"""Crowds of tasks that wait, on Leoflow: for a slot of a pool, deferred, for a trigger in Python."""

from __future__ import annotations

import datetime
import pathlib
import tempfile
import time
from collections.abc import Callable

import crowd_dags
import workload
from crowd_mapped import count
from leoflow_system import Leoflow
from measure import Figures, percentile
from processes import cpu_percent, rss_mb
from support import eventually
from systems import running
from workload import Workload


def pool(size: int = 50_000) -> Figures:
    """Hops of a DAG beside tasks that wait for a pool's only slot, against hops without them."""
    with tempfile.TemporaryDirectory(prefix="leoflow-marks-") as marks:
        work = Workload(pathlib.Path(marks))
        chain = work.source(workload.CHAIN, workload.CHAIN_LENGTH, chained=True)
        with running(Leoflow, chain=chain, crowd=crowd_dags.POOL.format(count=size)) as leoflow:
            leoflow.request("POST", "/api/v2/pools", {"name": "one", "slots": 1})
            leoflow.await_dag("crowd")
            leoflow.await_dag(workload.CHAIN)
            _hop(leoflow, work)
            alone = _hop(leoflow, work)
            run_id = leoflow.trigger("crowd")
            eventually(lambda: count(leoflow, run_id, "scheduled") == size - 1, "all wait", 120)
            beside = _hop(leoflow, work)
    return {"waiting": size - 1, "hop_alone_ms": alone * 1e3, "hop_beside_ms": beside * 1e3, "ratio": beside / alone}


def _hop(leoflow: Leoflow, work: Workload) -> float:
    """Returns the median time between two tasks of a chain, in seconds."""
    hops = []
    for _ in range(3):
        work.forget(workload.CHAIN)
        leoflow.await_run(workload.CHAIN, leoflow.trigger(workload.CHAIN))
        marks = work.read(workload.CHAIN)
        hops += [after.begin - before.end for before, after in zip(marks, marks[1:], strict=False)]
    return percentile(hops, 50)


def deferred(runs: int = 50, seconds: int = 90) -> Figures:
    """Sensors that wait for a time, without Python: memory, idle CPU, and how late they are."""
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    with running(Leoflow, crowd=crowd_dags.DEFERRED.format(at=at.isoformat())) as leoflow:
        leoflow.await_dag("crowd")
        run_ids = [leoflow.trigger("crowd") for _ in range(runs)]
        server = leoflow.scheduling_pid()
        cpu = cpu_percent(lambda: {"server": {server}}, 10)["server"]
        memory = rss_mb(server)
        assert datetime.datetime.now(datetime.UTC) < at, "the machine is too slow for this time"
        for run_id in run_ids:
            leoflow.await_run("crowd", run_id, "success", seconds + 120)
        seen = datetime.datetime.now(datetime.UTC) - at
        ends = leoflow.get("/api/v2/dags/crowd/dagRuns/~/taskInstances?limit=1&order_by=-end_date")["task_instances"]
        last = datetime.datetime.fromisoformat(ends[0]["end_date"].replace("Z", "+00:00"))
    return {
        "sensors": runs * 2000, "rss_mb": memory, "idle_cpu_percent": cpu,
        "last_fires_after_s": (last - at).total_seconds(), "all_seen_after_s": seen.total_seconds(),
    }  # fmt: skip


def python(runs: int = 10) -> Figures:
    """Triggers that wait in the Python process: its memory and CPU, and how late they are."""
    with tempfile.TemporaryDirectory(prefix="leoflow-file-") as folder:
        file = pathlib.Path(folder) / "there"
        crowd = crowd_dags.PYTHON.format(file=str(file))
        with running(Leoflow, crowd_triggers=crowd_dags.TRIGGERS, crowd=crowd) as leoflow:
            leoflow.request("POST", "/api/v2/pools", {"name": "none", "slots": 0})
            leoflow.await_dag("crowd")
            run_ids = [leoflow.trigger("crowd") for _ in range(runs)]
            size = 500 * runs
            states: Callable[[str], int] = lambda state: sum(count(leoflow, run_id, state) for run_id in run_ids)  # noqa: E731
            eventually(lambda: states("deferred") == size, "all wait", 120)
            [host] = eventually(leoflow.trigger_host_pids, "the trigger host runs")
            time.sleep(5)  # they all begin
            cpu = cpu_percent(lambda: {"host": {host}}, 10)["host"]
            memory = rss_mb(host)
            file.touch()
            began = time.monotonic()
            eventually(lambda: states("scheduled") == size, "all have fired", 120)
    return {
        "triggers": size, "host_rss_mb": memory, "host_cpu_percent": cpu,
        "poll_interval_s": 0.5, "all_fired_after_s": time.monotonic() - began,
    }  # fmt: skip
