"""What was measured of the crowds: lines while it goes on, JSON, ratios, and a section of docs/benchmarks.md."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from measure import Figures
from page import CROWDS, DOCS, with_section
from report import machine, show
from support import ROOT

RESULTS = ROOT / "build/bench/crowds.json"
MAPPED, AIRFLOW = "mapped", "mapped on Airflow"

# So many requests to the API are needed to speak of percentiles.
_ENOUGH = 20

# What is compared of a mapped task, with the heading in the table; less is better of each.
_COMPARED = {
    "all_there_s": "all there",
    "all_scheduled_s": "all `scheduled`",
    "cpu_s": "CPU",
    "api_p50_ms": "API p50",
    "api_p95_ms": "API p95",
    "bytes_each": "memory each",
}

_WAITING = {
    "pool": "waiting for the only slot of a pool | {waiting:,.0f} | a hop of another DAG takes {hop_alone_ms:.1f} ms alone and "
    "{hop_beside_ms:.1f} ms beside them ({ratio:.2f} x)",
    "deferred": "deferred sensors, without Python | {sensors:,.0f} | server {rss_mb:.0f} MB, {idle_cpu_percent:.2f} % of a core; "
    "the API shows the last of their runs as ended {all_seen_after_s:.2f} s after the time they wait for",
    "python": "triggers in Python | {triggers:,.0f} | their process {host_rss_mb:.0f} MB, {host_cpu_percent:.1f} % of a core; "
    "all have fired after {all_fired_after_s:.2f} s, looking every {poll_interval_s} s",
}

_DEFINITIONS = """\
Apart from the mapped tasks only Leoflow is measured.

- **mapped**: a task returns a list, another is mapped over it with `expand`; its pool has no slots, so that the instances stay
  `scheduled` and nothing runs meanwhile. Airflow looks at a pool only when it queues what is scheduled, so the pool stops it
  no earlier than Leoflow. Airflow runs with the tuned settings above, LocalExecutor and a PostgreSQL of its own (at 1,000
  instances its defaults made no difference: its scheduler asks the database about every instance by itself); Leoflow with its
  defaults. Both have `max_map_length=1000000`, the DAG has `max_active_tasks=1000000`; each size has an install of
  its own.
- **all there**, **all `scheduled`**: from the `end_date` of the task that returns the list until
  `GET /api/v2/dags/{id}/dagRuns/{run}/taskInstances` counts them all, and all of them with `state=scheduled`. The count is taken
  every 20 ms, later every fiftieth of the time passed.
- **CPU**: user and system time, from that `end_date` until all are scheduled, of the process that schedules and of its database
  (Airflow: scheduler and PostgreSQL; Leoflow: the server, which is the API too). Other work on the machine changes it less than
  the time passed. The kernel counts in steps of 10 ms.
- **API**: `GET /api/v2/dags?limit=10`, each on a new connection, between these moments. After an answer the client rests four
  times as long as it took (5 ms at least, 1 s at most), so that a slow API does not take the processor from what is measured.
  Empty with fewer than 20 requests.
- **memory each**: growth of the resident memory of the process that schedules (Leoflow's server, which is the API too;
  Airflow's scheduler without its database and its API server), from before the run until all are scheduled, divided by the
  number of instances. With few instances this is what the first run costs.
- **not finished**: Airflow's scheduler commits all instances of a task at once, so nothing is visible of those under way.
- **waiting for a pool**: hop as above, median of three chains, before and while the others wait.
- **deferred**: `DateTimeSensorAsync` with `start_from_trigger` and `end_from_trigger`; CPU over 10 s while all
  wait. The runs are asked for one after the other.
- **triggers in Python**: a trigger of the user's own that looks for a file; from the file being there until all task
  instances have left `deferred`.
"""


@dataclass(frozen=True)
class Record:
    """One measurement: in which run it was taken, when, under which load, and its figures, one set a size."""

    run: str
    taken: str
    load: str
    figures: list[Figures]


def say(name: str, figures: Figures) -> None:
    """Prints one line of figures."""
    print(f"{name:>18}: " + "  ".join(f"{key} {value:.4g}" for key, value in figures.items()), flush=True)


def remember(run: str, name: str, figures: list[Figures]) -> None:
    """Keeps a measurement in build/bench/crowds.json, in the place of the one of that name there."""
    taken = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    record = Record(run, taken, f"{os.getloadavg()[2]:.1f}", figures)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    kept = {key: asdict(value) for key, value in recorded().items()} | {name: asdict(record)}
    RESULTS.write_text(json.dumps(kept, indent=2) + "\n")


def recorded() -> dict[str, Record]:
    """Returns what was measured last of each name."""
    kept: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    return {name: Record(**record) for name, record in kept.items()}


def ratios(records: dict[str, Record]) -> dict[int, dict[str, str]]:
    """Returns by size how many times better Leoflow is; nothing if both were not measured in the same run.

    Where only Airflow did not finish, it took the limit at least, and used at least what it used until then.
    """
    own, other = records.get(MAPPED), records.get(AIRFLOW)
    if own is None or other is None or own.run != other.run:
        return {}
    others = {figures["instances"]: figures for figures in other.figures}
    return {
        int(figures["instances"]): _compared(figures, others[figures["instances"]])
        for figures in own.figures
        if figures["instances"] in others and _finished(figures)
    }


def say_ratios(records: dict[str, Record]) -> None:
    """Prints a line of ratios for each size of the mapped task."""
    for size, better in ratios(records).items():
        print(f"{f'ratio at {size:,}':>18}: " + "  ".join(f"{key} {value}" for key, value in better.items()), flush=True)


def _finished(figures: Figures) -> bool:
    return "all_scheduled_s" in figures


def _enough(figures: Figures) -> bool:
    return figures["api_asked"] >= _ENOUGH


def _compared(own: Figures, other: Figures) -> dict[str, str]:
    better = {}
    for key in _COMPARED:
        if key.startswith("api_") and not (_enough(own) and _enough(other)):
            continue
        theirs = other.get(key, other["limit_s"] if key.startswith("all_") else 0.0)
        if theirs > 0 and own.get(key, 0.0) > 0:
            least = "" if _finished(other) or key.startswith("api_") else "> "
            better[key] = f"{least}{theirs / own[key]:.1f} x"
    return better


def write_docs() -> None:
    """Renews the section of docs/benchmarks.md from what was measured last."""
    DOCS.write_text(with_section(DOCS.read_text(), CROWDS, _section(recorded())))
    print(f"== wrote {DOCS}")


def _section(records: dict[str, Record]) -> str:
    known = machine()
    facts = "\n".join(f"- {name}: {known[name]}" for name in ("machine", "leoflow", "airflow", "python"))
    return f"""## {CROWDS}

Many of one kind; written by `bench/crowds --write-docs`. The load average is that of 15 minutes at the end of a measurement:
the machine was shared with other work where it is more than 2.

{_mapped_table(records)}

{_waiting_table(records)}

{facts}

{_DEFINITIONS}"""


def _mapped_table(records: dict[str, Record]) -> str:
    lines = [
        f"| instances | system | {' | '.join(_COMPARED.values())} | measured |",
        f"|---:|---|{'---:|' * len(_COMPARED)}---|",
    ]
    better = ratios(records)
    both = [record for name in (MAPPED, AIRFLOW) if (record := records.get(name))]
    for size in sorted({int(figures["instances"]) for record in both for figures in record.figures}):
        for name, system in ((MAPPED, "Leoflow"), (AIRFLOW, "Airflow")):
            record = records.get(name)
            for figures in record.figures if record else []:
                if figures["instances"] == size:
                    cells = " | ".join(_cell(figures, key) for key in _COMPARED)
                    lines.append(f"| {size:,} | {system} | {cells} | {_measured(record)} |")
        if better.get(size):
            cells = " | ".join(better[size].get(key, "") for key in _COMPARED)
            lines.append(f"| | ratio | {cells} | |")
    return "\n".join(lines)


def _waiting_table(records: dict[str, Record]) -> str:
    lines = ["| Leoflow with | how many | | measured |", "|---|---:|---|---|"]
    for name, text in _WAITING.items():
        if name in records:
            [figures] = records[name].figures
            lines.append(f"| {text.format(**figures)} | {_measured(records[name])} |")
    return "\n".join(lines)


def _measured(record: Record) -> str:
    return f"{record.taken}, load {record.load}"


def _cell(figures: Figures, key: str) -> str:
    if key == "cpu_s" and not _finished(figures):
        return f"({show(figures[key], 's')} so far)"
    if key == "bytes_each":
        return f"{figures[key]:,.0f} B" if key in figures else f"({figures['grown_mb']:.0f} MB so far)"
    if key.startswith("api_") and not _enough(figures):
        return ""
    if key not in figures:
        return f"not within {figures['limit_s']:.0f} s" if key.startswith("all_") else ""
    return f"{figures[key]:.1f} ms" if key.endswith("_ms") else show(figures[key], "s")
