"""Compares Leoflow's answers with Airflow's, as strictly as `cases.py` says."""

from __future__ import annotations

import fnmatch
import json
from dataclasses import dataclass, field
from typing import Any

from cases import Case, case_of
from player import Answer

_PARTS = ("error", "has_no_dag", "refused", "run", "tasks", "xcoms", "rendered", "events", "consumers", "responses")


@dataclass
class Result:
    """What comparing one example came to: what differs, and why that is known."""

    is_expected: bool = True
    lines: list[str] = field(default_factory=list)
    known: str = ""


def compare(theirs: dict[str, Answer], ours: dict[str, Answer]) -> dict[str, Result]:
    """Compares all examples.

    Args:
        theirs: Airflow's answers by DAG id, or file name of what does not load.
        ours: Leoflow's.
    """
    return {name: _compare_one(name, theirs.get(name), ours.get(name)) for name in sorted(theirs | ours)}


def _compare_one(name: str, theirs: Answer | None, ours: Answer | None) -> Result:
    case = case_of(name)
    lines = _differences(case, theirs, ours)
    # A DAG of a file that does not load is missing for the file's reason.
    known = case.known or (case_of(theirs["file"]).known if theirs and ours is None else "")
    if lines and known:
        return Result(True, lines, known)
    if known and not case.left_out:
        return Result(False, [f"no difference any more, but cases.py says: {known}"])
    return Result(not lines, lines)


def _differences(case: Case, theirs: Answer | None, ours: Answer | None) -> list[str]:
    if theirs is None:
        return [f"only Leoflow has it: {ours['error']}" if ours and "error" in ours else "only Leoflow has it"]
    if ours is None:
        return ["only Airflow has it"]
    lines = []
    for part in _PARTS:
        if part not in case.loose and not case.left_out:
            lines += _part(part, case, theirs.get(part), ours.get(part))
    return lines


def _part(part: str, case: Case, theirs: Any, ours: Any) -> list[str]:
    if not isinstance(theirs, dict) or not isinstance(ours, dict):
        return [] if theirs == ours else [f"{part}: Airflow {_short(theirs)}, Leoflow {_short(ours)}"]
    lines = []
    for key in sorted(theirs | ours):
        is_loose = any(fnmatch.fnmatchcase(f"{part}/{key}", pattern) for pattern in case.loose)
        if theirs.get(key) != ours.get(key) and not is_loose:
            lines.append(f"{part}/{key}: Airflow {_short(theirs.get(key))}, Leoflow {_short(ours.get(key))}")
    return lines


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) < 400 else text[:400] + "..."
