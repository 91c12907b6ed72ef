"""The recorded answers of Airflow, in the repository: JSON, compressed, for the answers repeat one another."""

from __future__ import annotations

import json
import lzma
import pathlib
from typing import Any

FILE = pathlib.Path(__file__).with_name("answers.json.xz")


def read() -> dict[str, dict[str, Any]]:
    """Returns Airflow's masked answers by question."""
    return dict(json.loads(lzma.decompress(FILE.read_bytes())))


def write(answers: dict[str, dict[str, Any]]) -> None:
    """Writes the answers."""
    text = json.dumps(answers, indent=0, sort_keys=True, ensure_ascii=False)
    FILE.write_bytes(lzma.compress(text.encode(), preset=9))
