"""Where two answers differ, in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

Answered = dict[str, Any]


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
