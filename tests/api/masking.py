"""Takes out of answers what differs from one server and moment to the next."""

from __future__ import annotations

import getpass
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
            return {self.text(name): self.value(name, inner) for name, inner in value.items()}
        if isinstance(value, list):
            masked = [self.value(key, inner) for inner in value]
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
        return self._json(value) if value.startswith("{") else self.text(value)

    def _json(self, text: str) -> Any:
        """Returns the value of a text that is JSON, for its spaces do not matter."""
        try:
            return {"<JSON>": self.value("", json.loads(text))}
        except ValueError:
            return self.text(text)

    def text(self, text: str) -> str:
        """Returns a text with the names of things in the place of their ids."""
        masked = re.sub(r"unusual_prefix_[0-9a-f]{40}_", "unusual_prefix_<hash>_", self._masks.text(text))
        for pattern, names in self._names.items():
            masked = re.sub(pattern, lambda match: f"{match[1]}{names.get(match[2], match[2])}{match[3]}", masked)
        return masked
