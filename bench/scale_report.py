"""What was measured on the large database: JSON, lines, and a section of docs/benchmarks.md."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from page import DOCS, with_section
from report import machine
from scale_requests import LONGEST, PAGES, ROUNDS, Timing
from support import ROOT

RESULTS = ROOT / "build/bench/scale.json"
SQLITE, POSTGRES, AIRFLOW = "sqlite", "postgres", "airflow"
TITLE = "A large database"

_TEXT = """\
10,000 DAGs in 100 files, each with ten tasks, 200 of them with 100 runs and the others with nine; a DAG of 6,000 tasks with ten runs,
one of 180 tasks with 25, one mapped task of 5,000 instances: 1.15 million task instances. Written by `bench/scale --airflow
--write-docs`. Each system parses the files itself; the history is copied in SQL from a run of its own. Requests are sent one
after the other on one connection, {rounds} of each after a first one, which is told apart, of slow ones as many as fit in {longest:.0f}
seconds; milliseconds as the client sees them, the answer read to its end, gzip. The ratio says how many times faster Leoflow on PostgreSQL is than Airflow on PostgreSQL, by p95."""


@dataclass(frozen=True)
class Record:
    """One system's figures: the load meanwhile, seconds until all DAGs were there, memory in MB, times by path."""

    taken: str
    load: str
    parsed_s: float
    memory_mb: dict[str, float]
    timings: dict[str, Timing]

    @classmethod
    def now(cls, load: str, parsed_s: float, memory_mb: dict[str, float], timings: dict[str, Timing]) -> Record:
        """Makes a record of this moment."""
        return cls(datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), load, parsed_s, memory_mb, timings)


def remember(name: str, record: Record) -> None:
    """Keeps a measurement in build/bench/scale.json, in the place of the one of that name there."""
    kept = {key: asdict(value) for key, value in recorded().items()} | {name: asdict(record)}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(kept, indent=2) + "\n")


def recorded() -> dict[str, Record]:
    """Returns what was measured last of each system."""
    kept: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    return {
        name: Record(**record | {"timings": {path: Timing(**timing) for path, timing in record["timings"].items()}})
        for name, record in kept.items()
    }


def say() -> None:
    """Prints the table."""
    print(_table(recorded()))


def write_docs() -> None:
    """Renews the section of docs/benchmarks.md from what was measured last."""
    records = recorded()
    facts = "\n".join(f"- {name}: {text}" for name, text in machine().items() if name in ("machine", "leoflow", "airflow"))
    notes = "\n".join(
        f"- {name}: measured {record.taken}, load {record.load}; all DAGs there {record.parsed_s:.0f} s after the start; memory "
        + ", ".join(f"{group} {size:.0f} MB" for group, size in record.memory_mb.items())
        + f"; the first answers after the start {_first(record)}"
        for name, record in records.items()
    )
    text = f"## {TITLE}\n\n{_TEXT.format(rounds=ROUNDS, longest=LONGEST)}\n\n{_table(records)}\n\n{facts}\n{notes}\n"
    DOCS.write_text(with_section(DOCS.read_text(), TITLE, text))
    print(f"== wrote {DOCS}")


def _table(records: dict[str, Record]) -> str:
    names = [name for name in (SQLITE, POSTGRES, AIRFLOW) if name in records]
    lines = [
        f"| page | request | {' | '.join(f'{name} p50 | p95' for name in names)} | ratio |",
        f"|---|---|{'---:|---:|' * len(names)}---:|",
    ]
    for page, paths in PAGES.items():
        for path in paths:
            cells = [f"{t.p50_ms:.1f} | {t.p95_ms:.1f}" for t in (records[name].timings[path] for name in names)]
            lines.append(f"| {page} | `{_short(path)}` | {' | '.join(cells)} | {_ratio(records, path)} |")
    return "\n".join(lines)


def _first(record: Record) -> str:
    """How long each request took when it was asked for the first time."""
    path, slowest = max(record.timings.items(), key=lambda timing: timing[1].first_ms)
    half = statistics.median(timing.first_ms for timing in record.timings.values())
    return f"took {half:.0f} ms in the middle, at most {slowest.first_ms:.0f} ms (`{_short(path)}`)" if half else "were not measured"


def _short(path: str) -> str:
    """Many runs of one request are not written out."""
    first, *more = path.split("&run_ids=")
    return f"{first}&...{len(more) + 1} runs" if more else path


def _ratio(records: dict[str, Record], path: str) -> str:
    if POSTGRES not in records or AIRFLOW not in records:
        return ""
    return f"{records[AIRFLOW].timings[path].p95_ms / records[POSTGRES].timings[path].p95_ms:.1f} x"
