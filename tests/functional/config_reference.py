"""Prints what Airflow's API answers of its configuration; runs in the environment with Airflow.

Input: a JSON list of pairs of section and option. Output: JSON with `sections` (all of them), `text` (the same as
text), and `options` (an answer for each pair, or the text of the refusal).
"""

from __future__ import annotations

import json
import sys
from typing import Any

from airflow.api_fastapi.common.types import Mimetype
from airflow.api_fastapi.core_api.routes.public.config import get_config, get_config_value
from fastapi import HTTPException


def option(section: str, name: str) -> Any:
    """Asks for one option."""
    try:
        return get_config_value(section, name, Mimetype.JSON).model_dump(mode="json")
    except HTTPException as refusal:
        return refusal.detail


def main() -> None:
    """Asks all of it, one after the other."""
    asked = json.load(sys.stdin)
    answers = {
        "sections": get_config(Mimetype.JSON).model_dump(mode="json")["sections"],
        "text": get_config(Mimetype.TEXT).body.decode(),
        "options": [option(section, name) for section, name in asked],
    }
    print()
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
