"""How long a system takes to expand a mapped task, and what its API and its memory do meanwhile.

Knows no system by name. What is counted is what the API says of the run's task instances, on both systems.
"""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from measure import Figures, percentile
from processes import own_cpu_seconds, rss_mb
from support import eventually
from systems import System

_ASKED = "/api/v2/dags?limit=10"


@dataclass(frozen=True)
class Answered:
    """One request to the API: when it was sent, how long it took, whether it was answered well."""

    at: float
    seconds: float
    well: bool


def count(system: System, run_id: str, state: str = "") -> int:
    """Returns how many task instances of a run of the crowd there are (in a state)."""
    path = f"/api/v2/dags/crowd/dagRuns/{urllib.parse.quote(run_id)}/taskInstances?limit=1"
    return int(system.get(path + (f"&state={state}" if state else ""))["total_entries"])


def mapped(system: System, size: int, limit: float) -> Figures:
    """From the end of a task to the moment when all that is mapped over it is there, and `scheduled`.

    The system runs and has `crowd_dags.MAPPED`. What was not reached within `limit` seconds is left out.
    """
    assert system.request("POST", "/api/v2/pools", {"name": "none", "slots": 0}).status == 201
    system.await_dag("crowd", seconds=120)
    for _ in range(20):
        system.get(_ASKED)  # the first requests are slower: code is loaded
    before = rss_mb(system.scheduling_pid())
    run_id = system.trigger("crowd")
    with _asking(system) as answers:
        ended, used = _end_of_make(system, run_id)
        # The task `make` counts too.
        there = _reached(lambda: count(system, run_id) > size, ended, limit)
        scheduled = there and _reached(lambda: count(system, run_id, "scheduled") == size, ended, limit)
        used = own_cpu_seconds(system.scheduling_pids()) - used
        grown = rss_mb(system.scheduling_pid()) - before
    # Those as well that were sent before and had to wait.
    meanwhile = [answer for answer in answers if answer.at + answer.seconds >= ended]
    waits = [answer.seconds * 1e3 for answer in meanwhile]
    figures: Figures = {"instances": size, "limit_s": limit, "cpu_s": used, "grown_mb": grown}
    if there:
        figures["all_there_s"] = there
    if scheduled:
        figures |= {"all_scheduled_s": scheduled, "bytes_each": grown * 2**20 / size}
    if waits:
        figures |= {"api_p50_ms": statistics.median(waits), "api_p95_ms": percentile(waits, 95)}
    return figures | {"api_asked": len(waits), "api_failed": sum(not answer.well for answer in meanwhile)}


def _end_of_make(system: System, run_id: str) -> tuple[float, float]:
    """Returns when the first task ended, and the CPU seconds used until the last look before that was seen."""
    path = f"/api/v2/dags/crowd/dagRuns/{urllib.parse.quote(run_id)}/taskInstances/make"
    used = 0.0

    def end() -> str | None:
        nonlocal used
        now = own_cpu_seconds(system.scheduling_pids())
        found: str | None = system.get(path)["end_date"]
        used = used if found else now
        return found

    found = eventually(end, "make ends", 180)
    return datetime.fromisoformat(str(found).replace("Z", "+00:00")).timestamp(), used


def _reached(look: Callable[[], bool], since: float, limit: float) -> float:
    """Returns after how many seconds `look` was true; 0 if it was not within the limit.

    Looking costs the system that is measured, so it is done less often as time goes by: with an error of 2 %.
    """
    while True:
        with contextlib.suppress(OSError):
            if look():
                return time.time() - since
        waited = time.time() - since
        if waited > limit:
            return 0.0
        time.sleep(max(0.02, waited / 50))


@contextmanager
def _asking(system: System) -> Iterator[list[Answered]]:
    """Lists the first DAGs again and again meanwhile, from a thread of its own.

    It rests four times as long as the answer took, a second at most: a slow API must not take the processor from
    what is measured.
    """
    answers: list[Answered] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            began, well = time.time(), False
            with contextlib.suppress(OSError):
                well = system.request("GET", _ASKED).status == 200
            answers.append(Answered(began, time.time() - began, well))
            time.sleep(min(max(0.005, 4 * answers[-1].seconds), 1))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield answers
    finally:
        done.set()
        asking.join()
