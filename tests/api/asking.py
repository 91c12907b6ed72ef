"""Asks a server every question."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from masking import Masking
from masks import Masks
from questions import questions
from support import Lite

Answered = dict[str, Any]


class Asker:
    """Asks one server."""

    def __init__(self, server: Lite, masks: Masks) -> None:
        """Looks up the ids that the server made up.

        Args:
            server: The server, with the world in it.
            masks: Knows its places.
        """
        self.server = server
        self._ids = self._look_up()
        self._masking = Masking(masks, self._named("asset"), self._named("alias"))

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
        body = self._masking.value("", answer.body)
        return {"status": answer.status, "content": kind.partition(";")[0], "body": body}

    def _look_up(self) -> dict[str, str]:
        get, found = self.server.get, {}
        # One in a conflict is known by its place only: the one in use has the name.
        for asset in get("/api/v2/assets?limit=1000&only_active=false")["assets"]:
            found[f"{{asset:{asset['uri']}}}"] = str(asset["id"])
        for asset in get("/api/v2/assets?limit=1000")["assets"]:
            found.pop(f"{{asset:{asset['uri']}}}", None)
            found[f"{{asset:{asset['name']}}}"] = str(asset["id"])
        for alias in get("/api/v2/assets/aliases?limit=1000")["asset_aliases"]:
            found[f"{{alias:{alias['name']}}}"] = str(alias["id"])
        lists = {
            "backfill": get("/api/v2/backfills?dag_id=example_branch_labels")["backfills"],
            "event": get("/api/v2/eventLogs?limit=1&included_events=post_variable")["event_logs"],
            "import_error": get("/api/v2/importErrors?order_by=filename")["import_errors"],
        }
        for name, entries in lists.items():
            for index, entry in enumerate(entries):
                found[f"{{{name}:{index}}}"] = str(entry.get("id", entry.get(f"{name}_id", entry.get("event_log_id"))))
        return found

    def _named(self, kind: str) -> dict[str, str]:
        """Returns the names in braces of what has ids, by id."""
        return {number: name for name, number in self._ids.items() if name.startswith(f"{{{kind}:")}
