"""Compares the answers of two servers: which differences are known, and what else differs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from differing import Answered, differences
from known import KNOWN, Known
from questions import is_unordered, questions


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
            pair = (theirs[question], ours[question])
            if is_unordered(question):
                pair = (_sorted(pair[0]), _sorted(pair[1]))
            _add(tally, operation, question, list(differences(*pair)))
    return tallies


def unused(tallies: dict[str, Tally]) -> list[Known]:
    """Returns the known differences that are none any more."""
    return [known for known in KNOWN if not any(known in tally.reasons for tally in tallies.values())]


def _add(tally: Tally, operation: str, question: str, found: list[tuple[str, str]]) -> None:
    reasons = set()
    for place, line in found:
        reason = next((known for known in KNOWN if known.covers(operation, question, place, line)), None)
        if reason is None:
            tally.unknown.append(f"{question} {place}: {line}")
        else:
            reasons.add(reason)
    tally.known += bool(reasons)
    tally.reasons.update(reasons)


def _sorted(answered: Answered) -> Answered:
    """Returns an answer with the entries of its list in an order of their own."""
    body = answered["body"]
    if isinstance(body, dict):
        body = {key: sorted(value, key=_text) if isinstance(value, list) else value for key, value in body.items()}
    return answered | {"body": body}


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
