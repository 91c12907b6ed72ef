"""What was measured, as JSON and as a table."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import platform
import subprocess
from dataclasses import asdict, dataclass

from airflow_system import TUNED
from measure import Effort, Figures
from page import CROWDS, DOCS, PODS, section, with_section
from support import BIN, ROOT

RESULTS = ROOT / "build/bench/results.json"


@dataclass(frozen=True)
class Row:
    """One line of the table: the sum of these figures of each system, in this unit."""

    label: str
    leoflow: tuple[str, ...]
    airflow: tuple[str, ...]
    unit: str
    more_is_better: bool = False


def _same(label: str, name: str, unit: str = "s", more_is_better: bool = False) -> Row:
    return Row(label, (name,), (name,), unit, more_is_better)


ROWS = [
    _same("task-to-task hop, p50", "hop_p50_s"),
    _same("task-to-task hop, p95", "hop_p95_s"),
    _same("start to start in a chain, p50", "start_to_start_p50_s"),
    _same("parallel no-op tasks, whole run", "wide_wall_s"),
    _same("parallel no-op tasks, throughput", "wide_tasks_per_s", "tasks/s", True),
    _same("trigger to first task, p50", "trigger_p50_s"),
    _same("trigger to first task, p95", "trigger_p95_s"),
    _same("save to new version visible, p50", "edit_p50_s"),
    _same("save to new version visible, longest", "edit_max_s"),
    _same("cold start to healthy API", "cold_healthy_s"),
    _same("cold start to all DAGs there", "cold_dags_there_s"),
    _same("warm start to healthy API", "warm_healthy_s"),
    _same("warm start to first task running", "warm_first_task_s"),
    Row("idle memory, all processes (PSS)", ("idle_pss_server_mb", "idle_pss_agent_mb"),
        ("idle_pss_airflow_mb", "idle_pss_postgres_mb"), "MB"),
    Row("idle memory without Python tasks' host / database", ("idle_pss_server_mb",), ("idle_pss_airflow_mb",), "MB"),
    Row("memory after the load, all processes (PSS)", ("after_load_pss_server_mb", "after_load_pss_agent_mb"),
        ("after_load_pss_airflow_mb", "after_load_pss_postgres_mb"), "MB"),
    Row("idle CPU, all processes", ("idle_cpu_server_percent", "idle_cpu_agent_percent"),
        ("idle_cpu_airflow_percent", "idle_cpu_postgres_percent"), "% of a core"),
]  # fmt: skip

DEFINITIONS = """\
## What is measured

Both systems run the same DAG files (`bench/workload.py`, one DAG a file, `@task` functions that return a number) on the
same machine, one system after the other. Airflow is measured twice, with its default settings and
with the tuned ones below; **for each figure the better of the two counts**. Airflow uses LocalExecutor on a PostgreSQL of its
own with fsync on; Leoflow Lite uses its defaults (SQLite, durable commits, a fresh process for every task). On both
`default_pool` is enlarged to 1000 slots and the DAGs have `max_active_tasks=1000`.

- **hop**: in a chain of 20 tasks, from the end of one task function to the begin of the next, `time.time()` taken inside the
  functions; *start to start* is from begin to begin.
- **parallel no-op tasks**: from the POST that triggers the run to the API saying that the run has ended.
- **trigger to first task**: from the answer to the POST until the task function begins; the system is idle before.
- **save to new version visible**: the DAG file is replaced by one with a task more, until `GET /api/v2/dags/{id}/tasks` lists it.
- **cold start**: the processes start on an empty, already migrated database; until the API is healthy (Airflow: and its
  scheduler), and until the last of the four DAGs is there. **Warm start**: the same on the database that now has them; the first
  task is triggered as soon as the API is healthy, and running is when its function begins.
- **memory**: proportional set size of all processes, from `smaps_rollup`; **CPU**: user and system time of all processes
  while nothing is to be done.
"""


def write(results: dict[str, Figures], effort: Effort, docs: bool) -> None:
    """Writes build/bench/results.json, prints the table, and writes docs/benchmarks.md if asked to."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    record = {"machine": machine(), "effort": asdict(effort), "results": results}
    RESULTS.write_text(json.dumps(record, indent=2) + "\n")
    table = _table(results)
    print(table)
    print(f"== figures in {RESULTS}")
    if docs:
        before = DOCS.read_text() if DOCS.exists() else ""
        page = _page(table, effort, results["leoflow"])
        for title in (CROWDS, PODS):
            page = with_section(page, title, section(before, title))
        DOCS.write_text(page)
        print(f"== wrote {DOCS}")


def _sum(figures: Figures, names: tuple[str, ...]) -> float:
    return sum(figures[name] for name in names)


def show(value: float, unit: str) -> str:
    """Returns a figure as the tables have it."""
    if unit == "s" and value < 1:
        return f"{value * 1000:.1f} ms" if value < 0.1 else f"{value * 1000:.0f} ms"
    return f"{value:.2f} {unit}" if value < 100 else f"{value:.0f} {unit}"


def _table(results: dict[str, Figures]) -> str:
    lines = ["| | Leoflow | Airflow, default | Airflow, tuned | ratio |", "|---|---:|---:|---:|---:|"]
    for row in ROWS:
        own = _sum(results["leoflow"], row.leoflow)
        others = [_sum(results[name], row.airflow) for name in ("airflow", "airflow_tuned") if name in results]
        shown = [show(value, row.unit) for value in others] or ["", ""]
        lines.append(f"| {row.label} | {show(own, row.unit)} | {' | '.join(shown)} | {_ratio(row, own, others)} |")
    return "\n".join(lines)


def _ratio(row: Row, own: float, others: list[float]) -> str:
    """Returns how many times better Leoflow is than the better Airflow; empty if that cannot be said."""
    if not others:
        return ""
    ratio = own / max(others) if row.more_is_better else min(others) / own if own else 0.0
    return f"{ratio:.1f} x" if ratio else ""


def machine() -> dict[str, str]:
    """Returns what the measurements depend on: the machine, its load, the versions."""
    cpu = next(
        (line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").open() if line.startswith("model name")),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    leoflow = subprocess.run([BIN / "leoflow", "version"], capture_output=True, text=True, check=True).stdout
    pins = [line for line in (ROOT / "airflow.pin").read_text().splitlines() if line.startswith("apache-")]
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{os.cpu_count()} cores, {memory:.0f} GB, {cpu}, Linux {platform.release()}",
        "load average at the end": f"{os.getloadavg()[2]:.1f} (15 minutes)",
        "leoflow": " ".join(leoflow.split()),
        "airflow": ", ".join(pins),
        "python": platform.python_version(),
    }


def _page(table: str, effort: Effort, leoflow: Figures) -> str:
    facts = "\n".join(f"- {name}: {value}" for name, value in machine().items())
    tuned = "\n".join(f"{name}={value}" for name, value in TUNED.items())
    return f"""# Leoflow and Airflow, measured in the same run

Written by `bench/run --write-docs`. The ratio says how many times better Leoflow is than the better of the two Airflows.

{table}

Leoflow's server alone, idle: {leoflow['idle_rss_server_mb']:.1f} MB resident,
{leoflow['idle_cpu_server_percent']:.2f} % of a core; after the load: {leoflow['after_load_rss_server_mb']:.1f} MB.
Parallel tasks: {effort.wide}; chains: {effort.chains}; triggers: {effort.triggers}; edits: {effort.edits};
idle CPU over {effort.idle_seconds:.0f} s.

{facts}

{DEFINITIONS}
## Airflow's tuned settings

```
{tuned}
```
"""
