"""Takes out of an answer what differs from one run to the next: times, ids, addresses, places of files."""

from __future__ import annotations

import re
from typing import Any

# What a fixed logical date leads to is the same everywhere and stays.
_TIME = r"(?!2026-01-0)\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?"
_PATTERNS: list[tuple[re.Pattern[str], str]] = [
    (re.compile(rf"(?<!\d){_TIME}"), "<time>"),
    (re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} +\d+ [\d:]{8}( [AP]M)? \w+ \d{4}"), "<time>"),
    (re.compile(r"(manual|scheduled|asset_triggered)__(2026-01-0[T0-9:.+-]+|<time>)(_\w{8})?\b"), r"<\1 run>"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"\b0x[0-9a-f]{6,}"), "<address>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "<server>"),
    (re.compile(r"/tmp/tmp\w+"), "<tmp>"),
    (re.compile(r"<environment>/bin/python[\d.]*"), "<python>"),
]


class Masks:
    """Masks for one server."""

    def __init__(self, places: dict[str, str]) -> None:
        """Keeps the places of this server.

        Args:
            places: Names by path; a path within another is to come first.
        """
        self._places = places

    def text(self, text: str) -> str:
        """Returns a text with what is of the moment taken out."""
        for path, name in self._places.items():
            text = text.replace(path, name)
        for pattern, name in _PATTERNS:
            text = pattern.sub(name, text)
        return text

    def value(self, value: Any) -> Any:
        """Returns a JSON value with its texts masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self._member(key, item) for key, item in value.items()}
        return value

    def _member(self, key: str, value: Any) -> Any:
        """Returns a member of an object masked; some are known by their name."""
        if key in ("followed", "skipped") and isinstance(value, list):  # a set, before it became JSON
            return sorted(value)
        if key == "timestamp" and isinstance(value, float):
            return "<time>"
        if key == "responded_by_user" and value is not None:
            return "<user>"
        return self.value(value)
