"""The page docs/compatibility.md: the table of all examples, and the features."""

from __future__ import annotations

import pathlib

import features
from cases import case_of
from compare import Result
from player import Answer

FILE = pathlib.Path(__file__).parents[2] / "docs/compatibility.md"

_HEAD = """\
# What of Airflow works in Leoflow

## Example DAGs

Every example DAG of Airflow 3.3.2 and its standard provider, run in both with the same conf and logical date. Compared
are the state of the run, the state and try number of every task instance, XComs, rendered fields and asset events.
Written by `tests/examples/run --table`.

{summary}

| DAG | file | Airflow | Leoflow | note |
|---|---|---|---|---|
"""


def write(theirs: dict[str, Answer], ours: dict[str, Answer], found: dict[str, Result]) -> None:
    """Writes the page."""
    rows = [_row(name, theirs.get(name), ours.get(name), result) for name, result in found.items()]
    text = _HEAD.format(summary=_summary(theirs, found)) + "".join(f"| {' | '.join(row)} |\n" for row in rows)
    FILE.write_text(features.replace_section(text))


def write_features() -> None:
    """Writes the section on features alone."""
    FILE.write_text(features.replace_section(FILE.read_text()))


def _summary(theirs: dict[str, Answer], found: dict[str, Result]) -> str:
    played = [name for name in found if "run" in theirs.get(name, {})]
    differ = [name for name in played if found[name].lines]
    open_end = [name for name in played if name not in differ and "run" in case_of(name).loose]
    in_part = [name for name in played if name not in differ + open_end and case_of(name).loose]
    in_full = len(played) - len(differ) - len(open_end) - len(in_part)
    return (
        f"{len(played)} DAGs run in Airflow. {in_full} of them end alike in Leoflow in all of that, and {len(in_part)}"
        f" in what is not random; {len(open_end)} end now this way, now that in Airflow itself, so nothing follows from"
        f" how they end; {len(differ)} differ. The notes say why."
    )


def _row(name: str, theirs: Answer | None, ours: Answer | None, result: Result) -> tuple[str, ...]:
    note = result.known or case_of(name).left_out or _differing(result) or _loosely(name)
    file = (theirs or ours or {}).get("file", "")
    return f"`{name}`", f"`{file}`", _end(theirs), _end(ours), note.replace("|", "\\|")


def _differing(result: Result) -> str:
    return f"differs: {result.lines[0]}" if result.lines else ""


def _loosely(name: str) -> str:
    loose: dict[str, list[str]] = {}
    for part, reason in case_of(name).loose.items():
        loose.setdefault(reason, []).append(part)
    return "; ".join(f"not compared: {', '.join(parts)} ({reason})" for reason, parts in loose.items())


def _end(answer: Answer | None) -> str:
    if answer is None:
        return "not there"
    if "has_no_dag" in answer:
        return "no DAG"
    if "error" in answer:
        return "import error"
    if "refused" in answer:
        return f"trigger refused ({answer['refused']})"
    if "run" not in answer:
        return "not played"
    return {"success": "success", "failed": "failed"}.get(answer["run"], "waits")
