"""The table of all examples, as Markdown."""

from __future__ import annotations

import pathlib

from cases import case_of
from compare import Result
from player import Answer

FILE = pathlib.Path(__file__).with_name("table.md")

_HEAD = """\
# Airflow's example DAGs in Leoflow

Every example DAG of Airflow 3.3.2 and its standard provider, run in both with the same conf and logical date. Compared
are the state of the run, the state and try number of every task instance, XComs, rendered fields and asset events.
Written by `tests/examples/run --table`.

{summary}

| DAG | file | Airflow | Leoflow | note |
|---|---|---|---|---|
"""


def write(theirs: dict[str, Answer], ours: dict[str, Answer], found: dict[str, Result]) -> None:
    """Writes table.md."""
    played = [name for name in found if "run" in theirs.get(name, {})]
    alike = [name for name in played if not found[name].lines]
    summary = f"{len(played)} examples run in Airflow; {len(alike)} of them end alike in Leoflow."
    rows = [_row(name, theirs.get(name), ours.get(name), result) for name, result in found.items()]
    FILE.write_text(_HEAD.format(summary=summary) + "".join(f"| {' | '.join(row)} |\n" for row in rows))


def _row(name: str, theirs: Answer | None, ours: Answer | None, result: Result) -> tuple[str, str, str, str, str]:
    case = case_of(name)
    file = (theirs or ours or {}).get("file", "")
    loosely = "; ".join(dict.fromkeys(case.loose.values()))
    note = case.left_out or case.known or (f"differs: {result.lines[0]}" if result.lines else "")
    if not note and loosely:
        note = f"compared loosely: {loosely}"
    return f"`{name}`", f"`{file}`", _end(theirs), _end(ours), note.replace("|", "\\|")


def _end(answer: Answer | None) -> str:
    if answer is None:
        return "not there"
    if "error" in answer:
        return "import error"
    if "refused" in answer:
        return f"trigger refused ({answer['refused']})"
    if "run" not in answer:
        return "not played"
    return {"success": "success", "failed": "failed"}.get(answer["run"], "waits")
