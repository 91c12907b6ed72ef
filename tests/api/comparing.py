"""Compares the answers of two servers: where they differ, in words, and which differences are known."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from known import KNOWN, Known
from questions import questions

Answered = dict[str, Any]


@dataclass
class Tally:
    """How the answers of one operation compare.

    Attributes:
        asked: How many questions.
        failed: To how many Airflow itself answers with an error of its own (500).
        known: How many differ for known reasons only.
        reasons: How often each known reason applies.
        unknown: What else differs, one line for each place.
    """

    asked: int = 0
    failed: int = 0
    known: int = 0
    reasons: Counter[Known] = field(default_factory=Counter)
    unknown: list[str] = field(default_factory=list)


def compare(theirs: dict[str, Answered], ours: dict[str, Answered]) -> dict[str, Tally]:
    """Compares all answers; returns tallies by operation."""
    tallies: dict[str, Tally] = {}
    for question, operation in questions():
        tally = tallies.setdefault(operation, Tally())
        tally.asked += 1
        if question not in theirs or question not in ours:
            tally.unknown.append(f"{question}: asked of one server only")
        elif theirs[question]["status"] == 500:
            tally.failed += 1
        else:
            _add(tally, operation, question, list(differences(theirs[question], ours[question])))
    return tallies


def unused(tallies: dict[str, Tally]) -> list[Known]:
    """Returns the known differences that are none any more."""
    return [known for known in KNOWN if not any(known in tally.reasons for tally in tallies.values())]


def _add(tally: Tally, operation: str, question: str, found: list[tuple[str, str]]) -> None:
    reasons = set()
    for place, line in found:
        reason = next((known for known in KNOWN if known.covers(operation, question, place)), None)
        if reason is None:
            tally.unknown.append(f"{question} {place}: {line}")
        else:
            reasons.add(reason)
    tally.known += bool(reasons)
    tally.reasons.update(reasons)


def differences(theirs: Answered, ours: Answered) -> Iterator[tuple[str, str]]:
    """Yields places (without indexes) where two answers to one question differ, and how."""
    if theirs["status"] != ours["status"]:
        told = f"Airflow {theirs['status']} {_short(theirs['body'])}, Leoflow {ours['status']} {_short(ours['body'])}"
        yield "status", told
    elif theirs["content"] != ours["content"]:
        yield "content", f"Airflow {theirs['content']!r}, Leoflow {ours['content']!r}"
    else:
        for place, line in _differ("", theirs["body"], ours["body"]):
            yield re.sub(r"\[\d+\]", "[]", place), line


def _differ(place: str, theirs: Any, ours: Any) -> Iterator[tuple[str, str]]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in theirs | ours:
            if key not in ours:
                yield f"{place}.{key}", f"only Airflow: {_short(theirs[key])}"
            elif key not in theirs:
                yield f"{place}.{key}", f"only Leoflow: {_short(ours[key])}"
            else:
                yield from _differ(f"{place}.{key}", theirs[key], ours[key])
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for index, (their, our) in enumerate(zip(theirs, ours, strict=True)):
            yield from _differ(f"{place}[{index}]", their, our)
    elif theirs != ours or type(theirs) is not type(ours):
        yield place, f"Airflow {_short(theirs)}, Leoflow {_short(ours)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 200 else text[:200] + "..."
