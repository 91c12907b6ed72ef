"""Plays examples on a server by Airflow's REST API, which both servers speak, and collects how they end."""

from __future__ import annotations

import collections
import contextlib
import json
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cases import CONNECTIONS, RUN_ID, Case, case_of
from masks import Masks
from stub import Stub
from support import Lite

Answer = dict[str, Any]
_ENDED = ("success", "failed")


class Player:
    """Plays examples on one server."""

    def __init__(
        self,
        server: Lite,
        masks: Masks,
        at_once: int,
        log: Callable[[str], None] = lambda line: None,
        reaction_seconds: float = 0,
    ) -> None:
        """Takes a server that runs.

        Args:
            server: The server; its `request` is all that is used.
            masks: What to take out of the answers.
            at_once: How many examples to play at the same time.
            log: Told what happens.
            reaction_seconds: How long the human takes that tasks wait for.
        """
        self.server = server
        self.masks = masks
        self.at_once = at_once
        self.log = log
        self.reaction_seconds = reaction_seconds
        self._users: collections.Counter[str] = collections.Counter()
        self._users_lock = threading.Lock()

    def await_dags(self, settled_seconds: float, seconds: float = 300) -> None:
        """Waits until every file is parsed: nothing new for `settled_seconds`."""
        seen, since, deadline = (0, 0), time.monotonic(), time.monotonic() + seconds
        while time.monotonic() < deadline:
            paths = ("/api/v2/dags?limit=1", "/api/v2/importErrors?limit=1")
            now = tuple(self.server.get(path)["total_entries"] for path in paths)
            if now != seen:
                seen, since = now, time.monotonic()
            elif seen[0] and time.monotonic() - since > settled_seconds:
                return
            time.sleep(0.2)
        raise AssertionError(f"still new DAGs after {seconds:.0f} s: {seen}")

    def dags(self) -> dict[str, str]:
        """Returns the names of the files of all DAGs by DAG id."""
        return {dag["dag_id"]: _name(dag["relative_fileloc"]) for dag in self._all("/api/v2/dags", "dags")}

    def import_errors(self) -> dict[str, str]:
        """Returns the last lines of import errors by file name."""
        errors = self._all("/api/v2/importErrors", "import_errors")
        return {_name(e["filename"]): self.masks.text(e["stack_trace"].strip().splitlines()[-1]) for e in errors}

    def play(self, dag_ids: Iterable[str]) -> dict[str, Answer]:
        """Plays DAGs, those that come after others last; returns the answers by DAG id."""
        for connection in CONNECTIONS:
            self.server.request("POST", "/api/v2/connections", connection)
        todo = sorted(dag_ids, key=lambda dag_id: -case_of(dag_id).seconds)
        with Stub() as stub, ThreadPoolExecutor(self.at_once) as pool:
            answers: dict[str, Answer] = {}
            for is_later in (False, True):
                wave = [dag_id for dag_id in todo if bool(case_of(dag_id).after) == is_later]
                answers |= zip(wave, pool.map(lambda dag_id: self._play_one(dag_id, stub.url), wave), strict=True)
        return answers

    def _play_one(self, dag_id: str, stub_url: str) -> Answer:
        case, began = case_of(dag_id), time.monotonic()
        with self._unpaused(dag_id, *case.unpause, *case.consumers):
            answer = self._play_unpaused(dag_id, case, stub_url)
        self.log(f"{dag_id}: {answer.get('run', answer)} in {time.monotonic() - began:.1f} s")
        return answer

    def _play_unpaused(self, dag_id: str, case: Case, stub_url: str) -> Answer:
        body = {"dag_run_id": RUN_ID, "logical_date": case.logical_date, "conf": _filled(case.conf, stub_url)}
        if case.partition_key is not None:
            body["partition_key"] = case.partition_key
        made = self.server.request("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)
        if made.status != 200:
            self.log(f"{dag_id}: trigger refused: {made.status} {made.body}")
            return {"dag_id": dag_id, "refused": made.status}
        run = f"/api/v2/dags/{dag_id}/dagRuns/{RUN_ID}"
        responded = self._await_end(run, case)
        answer = self._collect_settled(dag_id, run)
        if case.consumers:
            answer["consumers"] = {other: self._consumed(other, n, case) for other, n in case.consumers.items()}
        if responded:
            answer["responses"] = responded
        if answer["run"] not in _ENDED:
            self.server.request("PATCH", run, {"state": "failed"})
        return answer

    @contextlib.contextmanager
    def _unpaused(self, *dag_ids: str) -> Iterator[None]:
        """Keeps DAGs from being paused. One may be a consumer of several examples that play at the same time, and
        play itself: only the last one to leave pauses it."""
        with self._users_lock:
            self._users.update(dag_ids)
            for dag_id in dag_ids:
                self._pause(dag_id, False)
        try:
            yield
        finally:
            with self._users_lock:
                self._users.subtract(dag_ids)
                for dag_id in dag_ids:
                    if not self._users[dag_id]:
                        self._pause(dag_id, True)

    def _pause(self, dag_id: str, is_paused: bool) -> None:
        self.server.request("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": is_paused})

    def _consumed(self, dag_id: str, count: int, case: Case) -> list[Any]:
        """Waits for the runs of a DAG that changes of assets bring about; returns their partitions and ends."""
        deadline = time.monotonic() + case.seconds
        while True:
            runs = self._all(f"/api/v2/dags/{dag_id}/dagRuns?run_type=asset_triggered", "dag_runs")
            if time.monotonic() > deadline or (len(runs) >= count and all(r["state"] in _ENDED for r in runs)):
                return sorted([r["partition_key"] or "", r["partition_date"] or "", r["state"]] for r in runs)
            time.sleep(0.2)

    def _await_end(self, run: str, case: Case) -> dict[str, int]:
        """Waits for the end of a run, and responds to what waits for a human; returns the statuses of that."""
        asked: dict[str, float] = {}
        responded: dict[str, int] = {}
        deadline = time.monotonic() + case.seconds
        while time.monotonic() < deadline and self.server.get(run)["state"] not in _ENDED:
            for task_id, response in case.responses.items():
                detail = f"{run}/taskInstances/{task_id}/-1/hitlDetails"
                if task_id not in asked and self.server.request("GET", detail).status == 200:
                    asked[task_id] = time.monotonic()
                if task_id in asked and task_id not in responded:
                    if time.monotonic() - asked[task_id] >= self.reaction_seconds:
                        responded[task_id] = self.server.request("PATCH", detail, response).status
            time.sleep(0.2)
        return responded

    def _collect_settled(self, dag_id: str, run: str) -> Answer:
        """Collects until nothing changes: a task may correct its rendered fields after it has said how it ended."""
        answer: Answer = {}
        for _ in range(5):
            before, answer = answer, self._collect(dag_id, run)
            if answer == before:
                break
            time.sleep(1)
        return answer

    def _collect(self, dag_id: str, run: str) -> Answer:
        tasks, rendered = {}, {}
        for ti in self._all(f"{run}/taskInstances", "task_instances"):
            name = _instance(ti)
            tasks[name] = [ti["state"], ti["try_number"]]
            rendered[name] = self.masks.value(ti["rendered_fields"])
        return {
            "dag_id": dag_id,
            "run": self.server.get(run)["state"],
            "tasks": tasks,
            "rendered": {name: fields for name, fields in rendered.items() if fields},
            "xcoms": dict(self._xcoms(run)),
            "events": self._events(dag_id),
        }

    def _xcoms(self, run: str) -> Iterator[tuple[str, Any]]:
        for entry in self._all(f"{run}/taskInstances/~/xcomEntries", "xcom_entries"):
            path = f"{run}/taskInstances/{entry['task_id']}/xcomEntries/{urllib.parse.quote(entry['key'])}"
            answer = self.server.request("GET", f"{path}?map_index={entry['map_index']}&deserialize=false")
            value = answer.body["value"] if answer.status == 200 else f"HTTP {answer.status}"
            yield f"{_instance(entry)}.{entry['key']}", self.masks.value(value)

    def _events(self, dag_id: str) -> list[Any]:
        events = self._all(f"/api/v2/assets/events?source_dag_id={dag_id}&source_run_id={RUN_ID}", "asset_events")
        kept = ("name", "uri", "group", "extra", "source_task_id", "source_map_index", "partition_key")
        told = [self.masks.value({key: event.get(key) for key in kept}) for event in events]
        return sorted(told, key=lambda event: json.dumps(event, sort_keys=True))

    def _all(self, path: str, key: str) -> list[dict[str, Any]]:
        """Returns the entries of all pages."""
        out: list[dict[str, Any]] = []
        while True:
            page = self.server.get(f"{path}{'&' if '?' in path else '?'}limit=100&offset={len(out)}")
            out += page[key]
            if len(out) >= page["total_entries"] or not page[key]:
                return out


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _instance(entry: dict[str, Any]) -> str:
    """Returns the name of a task instance: the task id, with the index where the task is mapped."""
    return entry["task_id"] + (f"[{entry['map_index']}]" if entry["map_index"] >= 0 else "")


def _filled(conf: dict[str, Any], stub_url: str) -> dict[str, Any]:
    return {key: value.replace("{stub}", stub_url) if isinstance(value, str) else value for key, value in conf.items()}
