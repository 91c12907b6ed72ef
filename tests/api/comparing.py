"""Compares the answers of two servers: where, in words, and grouped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Answered = dict[str, Any]


def differences(theirs: Answered, ours: Answered) -> list[str]:
    """Returns where two answers to one question differ, at most one line for each place; none if they are alike."""
    if theirs["status"] != ours["status"]:
        return [f"status: Airflow {theirs['status']} {_short(theirs['body'])}, Leoflow {ours['status']} {_short(ours['body'])}"]
    if theirs["content"] != ours["content"]:
        return [f"content: Airflow {theirs['content']}, Leoflow {ours['content']}"]
    return list(_differ("", theirs["body"], ours["body"]))


def _differ(place: str, theirs: Any, ours: Any) -> Iterator[str]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in theirs | ours:
            if key not in ours:
                yield f"{place}.{key}: only Airflow: {_short(theirs[key])}"
            elif key not in theirs:
                yield f"{place}.{key}: only Leoflow: {_short(ours[key])}"
            else:
                yield from _differ(f"{place}.{key}", theirs[key], ours[key])
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for index, (their, our) in enumerate(zip(theirs, ours, strict=True)):
            yield from _differ(f"{place}[{index}]", their, our)
    elif theirs != ours or type(theirs) is not type(ours):
        yield f"{place}: Airflow {_short(theirs)}, Leoflow {_short(ours)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 200 else text[:200] + "..."
