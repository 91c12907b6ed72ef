"""Prints what Airflow's API answers for the XComs of stdin; runs in the environment with Airflow.

Input: a JSON list of values as they are stored. Output: a JSON list; for each value an object with the answer to each
query of `QUERIES`, which is null if Airflow fails.
"""

from __future__ import annotations

import datetime
import json
import sys
from types import SimpleNamespace
from typing import Any

from airflow.api_fastapi.core_api.routes.public.xcom import get_xcom_entry

QUERIES = {
    "": {},
    "stringify=true": {"stringify": True},
    "deserialize=true": {"deserialize": True},
    "deserialize=true&stringify=true": {"deserialize": True, "stringify": True},
}


class OneEntry:
    """A session that finds one entry, whatever it is asked for."""

    def __init__(self, value: Any) -> None:
        """Keeps the value as it would come out of the database."""
        names = {name: "x" for name in ("key", "task_id", "dag_id", "run_id")}
        now = datetime.datetime.now(datetime.UTC)
        run = SimpleNamespace(dag_model=SimpleNamespace(dag_display_name="x"), run_after=now)
        task = SimpleNamespace(task_display_name="x")
        self.entry = SimpleNamespace(
            **names, timestamp=now, logical_date=None, map_index=-1, dag_run=run, task=task, value=value
        )

    def scalars(self, _query: Any) -> OneEntry:
        """Returns what has `first()`."""
        return self

    def first(self) -> SimpleNamespace:
        """Returns the entry."""
        return self.entry


def answer(value: Any, query: dict[str, bool]) -> dict[str, Any] | None:
    """Asks the function behind Airflow's route."""
    asked = {"deserialize": False, "stringify": False, "map_index": -1} | query
    try:
        found = get_xcom_entry("x", "x", "x", "x", session=OneEntry(value), **asked)
    except Exception as error:  # noqa: BLE001 - what is 500 to a client
        print(f"{value!r}: {error!r}", file=sys.stderr)
        return None
    return {"value": found.model_dump(mode="json")["value"]}


def main() -> None:
    """Asks for each value in each way."""
    stored = json.load(sys.stdin)
    json.dump([{name: answer(value, query) for name, query in QUERIES.items()} for value in stored], sys.stdout)


if __name__ == "__main__":
    main()
