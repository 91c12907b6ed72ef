"""Asks a server every question, and takes out of the answers what differs from one server and moment to the next."""

from __future__ import annotations

import getpass
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from masks import Masks
from questions import questions
from support import USER, Lite

Answered = dict[str, Any]

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
    "hostname": str,
    "unixname": str,
    "file_token": str,
    "username": str,
    "next_cursor": str,
    "previous_cursor": str,
}
# Who asks: everybody is an administrator of that Airflow, and its services write events, too.
_USERS = {"Anonymous", USER, getpass.getuser()}
# Sets, which Python writes in any order.
_UNORDERED = {"downstream_task_ids", "template_fields"}
_NUMBERED = {"id", "source_id", "target_id"}


class Asker:
    """Asks one server."""

    def __init__(self, server: Lite, masks: Masks) -> None:
        """Looks up the ids that the server made up.

        Args:
            server: The server, with the world in it.
            masks: Knows its places.
        """
        self.server = server
        self.masks = masks
        self._ids = self._look_up()
        self._assets = {number: name for name, number in self._ids.items() if name.startswith("{asset:")}
        aliases = {number: name for name, number in self._ids.items() if name.startswith("{alias:")}
        self._names = {
            r"^(asset:)(\d+)()$": self._assets,
            r"(asset_id: `)(\d+)(`)": self._assets,
            r"^(asset-alias:)(\d+)()$": aliases,
        }

    def ask_all(self, at_once: int) -> dict[str, Answered]:
        """Returns the masked answers to all questions."""
        asked = [question for question, _ in questions()]
        with ThreadPoolExecutor(at_once) as pool:
            return dict(zip(asked, pool.map(self.ask, asked), strict=True))

    def ask(self, question: str) -> Answered:
        """Returns the masked answer to a question: status, kind of content and body."""
        path = re.sub(r"\{[^{}]+\}", lambda match: self._ids[match[0]], question)
        answer = self.server.request("GET", path)
        kind = next((value for name, value in answer.headers.items() if name.lower() == "content-type"), "")
        body = self._masked("", answer.body)
        return {"status": answer.status, "content": kind.partition(";")[0], "body": body}

    def _look_up(self) -> dict[str, str]:
        get, found = self.server.get, {}
        for asset in get("/api/v2/assets?limit=1000")["assets"]:
            found[f"{{asset:{asset['name']}}}"] = str(asset["id"])
        for alias in get("/api/v2/assets/aliases?limit=1000")["asset_aliases"]:
            found[f"{{alias:{alias['name']}}}"] = str(alias["id"])
        lists = {
            "backfill": get("/api/v2/backfills?dag_id=example_branch_labels")["backfills"],
            "event": get("/api/v2/eventLogs?limit=1")["event_logs"],
            "import_error": get("/api/v2/importErrors?order_by=filename")["import_errors"],
        }
        for name, entries in lists.items():
            for index, entry in enumerate(entries):
                found[f"{{{name}:{index}}}"] = str(entry.get("id", entry.get(f"{name}_id", entry.get("event_log_id"))))
        return found

    def _masked(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._text(name): self._masked(name, inner) for name, inner in value.items()}
        if isinstance(value, list):
            masked = [self._masked(key, inner) for inner in value]
            return sorted(masked) if key in _UNORDERED else masked
        kind = _MASKED.get(key)
        if kind and value not in (None, "") and isinstance(value, (int, float) if kind is float else kind):
            return f"<{key}>"
        if not isinstance(value, str):
            return value
        if value in _USERS:
            return "<user>"
        if key in _NUMBERED and value.isdigit():
            return self._assets.get(value, value)
        return self._masked_json(value) if value.startswith("{") else self._text(value)

    def _masked_json(self, text: str) -> Any:
        """Returns the value of a text that is JSON, for its spaces do not matter."""
        try:
            return {"<JSON>": self._masked("", json.loads(text))}
        except ValueError:
            return self._text(text)

    def _text(self, text: str) -> str:
        """Returns a text with the names of things in the place of their ids."""
        masked = re.sub(r"unusual_prefix_[0-9a-f]{40}_", "unusual_prefix_<hash>_", self.masks.text(text))
        for pattern, names in self._names.items():
            masked = re.sub(pattern, lambda match: f"{match[1]}{names.get(match[2], match[2])}{match[3]}", masked)
        return masked
