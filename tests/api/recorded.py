"""The recorded answers of Airflow: JSON, compressed, for the answers repeat one another."""

from __future__ import annotations

import json
import lzma
from typing import Any

from support import ROOT

FILE = ROOT / "build/airflow-rest-answers.json.xz"


def read() -> dict[str, dict[str, Any]]:
    """Returns Airflow's masked answers by question."""
    return dict(json.loads(lzma.decompress(FILE.read_bytes())))


def write(answers: dict[str, dict[str, Any]]) -> None:
    """Writes the answers."""
    text = json.dumps(answers, indent=0, sort_keys=True, ensure_ascii=False)
    FILE.write_bytes(lzma.compress(text.encode(), preset=9))
