"""What groups of processes use, as the kernel counts it."""

from __future__ import annotations

import os
import pathlib
import time
from collections.abc import Callable, Iterable

_TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """Returns the fields of /proc/PID/stat after the command's name; empty if it has ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def tree(roots: Iterable[int]) -> set[int]:
    """Returns the processes given and all their descendants."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _stat(int(entry))):
            children.setdefault(int(fields[1]), []).append(int(entry))
    found: set[int] = set()
    todo = [pid for pid in roots if pid]
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo += children.get(pid, [])
    return found


def pss_mb(pids: Iterable[int]) -> float:
    """Returns the proportional set size, in MB: what processes share is counted once."""
    return sum(_memory_kb(f"/proc/{pid}/smaps_rollup", "Pss:") for pid in pids) / 1024


def rss_mb(pid: int) -> float:
    """Returns the resident set size of one process, in MB."""
    return _memory_kb(f"/proc/{pid}/status", "VmRSS:") / 1024


def _memory_kb(path: str, key: str) -> float:
    try:
        lines = pathlib.Path(path).read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith(key)), 0.0)


def own_cpu_seconds(pids: Iterable[int]) -> float:
    """Returns the user and system time of these processes, without children that ended."""
    return sum(sum(map(int, fields[11:13])) for pid in pids if (fields := _stat(pid))) / _TICKS


def _cpu_seconds(pids: Iterable[int]) -> float:
    # Children that ended and were waited for count with their parent.
    return sum(sum(map(int, fields[11:15])) for pid in pids if (fields := _stat(pid))) / _TICKS


def cpu_percent(groups: Callable[[], dict[str, set[int]]], seconds: float) -> dict[str, float]:
    """Returns what each group of processes used over `seconds`, in percent of one core."""
    before = {name: _cpu_seconds(pids) for name, pids in groups().items()}
    time.sleep(seconds)
    return {name: (_cpu_seconds(pids) - before[name]) / seconds * 100 for name, pids in groups().items()}
