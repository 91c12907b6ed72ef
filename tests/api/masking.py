"""Takes out of answers what differs from one server and moment to the next."""

from __future__ import annotations

import datetime
import getpass
import hashlib
import json
import re
from typing import Any

from masks import Masks
from support import USER

# Members that are of the moment, of the machine or made up by the server.
_MASKED = {
    "id": int,
    "asset_id": int,
    "event_log_id": int,
    "import_error_id": int,
    "backfill_id": int,
    "partitioned_dag_run_id": int,
    "pid": int,
    "duration": float,
    "mean": float,
    "p50": float,
    "p90": float,
    "p95": float,
    "p99": float,
    "last_parse_duration": float,
    "bundle_prepare_ms": int,
    "dag_file_parse_ms": int,
    "hostname": str,
    "unixname": str,
    "file_token": str,
    "ti": str,  # in a log: what Python says of an object of the SDK
    "username": str,
    "next_cursor": str,
    "previous_cursor": str,
}
# Who asks, and whose processes these are.
_USERS = {USER, getpass.getuser()}
# Sets, which Python writes in any order, and what is listed in the order in which files happened to be parsed.
_UNORDERED = {
    *("downstream_task_ids", "template_fields"),
    *("scheduled_dags", "producing_tasks", "consuming_tasks"),
}
_NUMBERED = {"id", "source_id", "target_id"}
# A text of so many characters is compared as a whole: nobody needs the source of an example here once more.
_LONG = 1000
# Lines of a log that a task's process writes while it loads the DAG file: Leoflow has done that before.
_LOADING = "airflow.dag_processing."
_PATTERNS = [
    (re.compile(r"unusual_prefix_[0-9a-f]{40}_"), "unusual_prefix_<hash>_"),
    (re.compile(r"\b00-[0-9a-f]{32}-[0-9a-f]{16}-\d\d\b"), "<trace>"),
    (re.compile(r"datetime\.datetime\((?!2026, 1, 2, 0, 0)[\d, ]+"), "datetime.datetime(<time>"),
]
_SET_OF_TEXTS = re.compile(r"\{('\w+'(?:, '\w+')+)\}")


class Masking:
    """Masks the answers of one server."""

    def __init__(self, masks: Masks, assets: dict[str, str], aliases: dict[str, str]) -> None:
        """Takes what is known of the server.

        Args:
            masks: Knows its places.
            assets: What to call assets, by id.
            aliases: Likewise asset aliases.
        """
        self._masks = masks
        self._assets = assets
        self._names = {
            r"^(asset:)(\d+)()$": assets,
            r"(asset_id: `)(\d+)(`)": assets,
            r"(asset with ID: )(\d+)()": assets,
            r"^(asset-alias:)(\d+)()$": aliases,
        }

    def value(self, key: str, value: Any) -> Any:
        """Returns what a member with this name has as its value, masked."""
        if isinstance(value, dict):
            return settled_calendar({self.text(name): self.value(name, inner) for name, inner in value.items()})
        if isinstance(value, list):
            entries = _settled_log(value) if key == "content" else value
            masked = [self.value(key, inner) for inner in entries]
            return sorted(masked, key=json.dumps) if key in _UNORDERED else masked
        kind = _MASKED.get(key)
        if kind and value not in (None, "") and isinstance(value, (int, float) if kind is float else kind):
            return f"<{key}>"
        if not isinstance(value, str):
            return value
        if value in _USERS:
            return "<user>"
        if value == datetime.date.today().isoformat():
            return "<today>"
        if key in _NUMBERED and value.isdigit():
            return self._assets.get(value, value)
        return self._json(value) if value.startswith("{") else self.text(value)

    def _json(self, text: str) -> Any:
        """Returns the value of a text that is JSON, for its spaces do not matter."""
        try:
            return {"<JSON>": self.value("", json.loads(text))}
        except ValueError:
            return self.text(text)

    def text(self, text: str) -> str:
        """Returns a text with the names of things in the place of their ids."""
        masked = _SET_OF_TEXTS.sub(_sorted_set, self._masks.text(text))
        for pattern, mask in _PATTERNS:
            masked = pattern.sub(mask, masked)
        for pattern, names in self._names.items():
            masked = re.sub(pattern, lambda match: f"{match[1]}{names.get(match[2], match[2])}{match[3]}", masked)
        return masked if len(masked) < _LONG else f"<text {hashlib.sha256(masked.encode()).hexdigest()[:16]}>"


def settled_calendar(answer: dict[str, Any]) -> dict[str, Any]:
    """Returns a masked calendar without the days to come: it plans until the end of the year, each day fewer."""
    runs = answer.get("dag_runs")
    if not isinstance(runs, list) or "total_entries" not in answer:
        return answer
    settled = [run for run in runs if not (isinstance(run, dict) and run.get("state") == "planned" and run.get("date") == "<time>")]
    return answer | {"dag_runs": settled, "total_entries": answer["total_entries"] - (len(runs) - len(settled))}


def _settled_log(lines: list[Any]) -> list[Any]:
    """Returns a log with what a task prints after what it logs: these come by two ways, in any order."""
    loggers = [str(line.get("logger", "")) if isinstance(line, dict) else "" for line in lines]
    pairs = [(logger, line) for logger, line in zip(loggers, lines, strict=True) if not logger.startswith(_LOADING)]
    return [line for _, line in sorted(pairs, key=lambda pair: pair[0].startswith("task.std"))]


def _sorted_set(match: re.Match[str]) -> str:
    return "{" + ", ".join(sorted(match[1].split(", "))) + "}"
