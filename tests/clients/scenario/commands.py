"""Every command of airflowctl: `play` calls them one after the other, as a user would type them."""

from __future__ import annotations

import json
import pathlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from terminal import Terminal

_RUN = ("quick", "typed")
_DATES = ("--from-date", "2026-01-05T00:00:00Z", "--to-date", "2026-01-07T00:00:00Z")


def play(terminal: Terminal, url: str, user: str, password: str) -> None:
    """Logs in, then types every command."""
    who = ("--api-url", url, "--username", user, "--password", password)
    terminal.type("auth", "login", *who)
    terminal.type("auth", "token", *who)
    terminal.type("auth", "list-envs")
    terminal.type("version", "--remote")
    _settings(terminal)
    _dags(terminal)
    _runs(terminal)
    _assets(terminal)
    _backfills(terminal)
    for command in ("jobs list --job-type SchedulerJob", "plugins list", "plugins list-import-errors"):
        terminal.type(*command.split())
    terminal.type("providers", "list")


@contextmanager
def _file(content: Any) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "file.json"
        path.write_text(json.dumps(content))
        yield str(path)


def _settings(terminal: Terminal) -> None:
    _variables(terminal)
    _connections(terminal)
    _pools(terminal)
    terminal.type("config", "list")
    terminal.type("config", "get", "core", "parallelism")
    terminal.type("config", "lint")


def _variables(terminal: Terminal) -> None:
    terminal.type("variables", "create", "--key", "typed", "--value", "hello", "--description", "by hand")
    terminal.type("variables", "update", "--key", "typed", "--value", "goodbye")
    terminal.type("variables", "get", "typed")
    with _file({"typed": "again", "second": {"value": [1, 2], "description": "two"}}) as path:
        terminal.type("variables", "import", path)
    with _file({"typed": "once more"}) as path:
        terminal.type("variables", "import", path, "--action-on-existing-key", "fail")
    terminal.type("variables", "list")
    terminal.type("variables", "delete", "typed")
    terminal.type("variables", "get", "typed")


def _connections(terminal: Terminal) -> None:
    web = ("--connection-id", "typed", "--conn-type", "http", "--host", "example.com")
    terminal.type("connections", "create", *web, "--password", "hidden", "--port", "81")
    terminal.type("connections", "update", *web, "--login", "ann")
    terminal.type("connections", "get", "typed")
    terminal.type("connections", "test", *web)
    with _file({"second": {"conn_type": "postgres", "host": "db", "schema": "numbers", "extra": "{}"}}) as path:
        terminal.type("connections", "import", path)
        terminal.type("connections", "import", path, "--action-on-existing-key", "skip")
    terminal.type("connections", "delete", "typed")
    terminal.type("connections", "delete", "typed")
    terminal.type("connections", "create-defaults")
    terminal.type("connections", "list")


def _pools(terminal: Terminal) -> None:
    terminal.type("pools", "create", "--name", "typed", "--slots", "2", "--description", "two")
    terminal.type("pools", "update", "--pool", "typed", "--slots", "3", "--include-deferred")
    terminal.type("pools", "get", "typed")
    with _file([{"name": "second", "slots": -1}]) as path:
        terminal.type("pools", "import", path)
        terminal.type("pools", "export", path)
        terminal.type("pools", "export", path, "--output", "yaml")
    terminal.type("pools", "list")
    terminal.type("pools", "delete", "typed")


def _dags(terminal: Terminal) -> None:
    for command in ("list", "get-tags", "list-warning"):
        terminal.type("dags", command)
    for command in ("get", "get-details", "next-execution", "list-version"):
        terminal.type("dags", command, "pipeline")
    terminal.type("dags", "next-execution", "quick")
    terminal.type("dags", "get-version", "pipeline", "1")
    terminal.type("dags", "get-stats", "quick")
    errors = terminal.type("dags", "list-import-errors")
    terminal.type("dags", "get-import-error", errors[0]["import_error_id"])
    terminal.type("dags", "unpause", "daily")
    terminal.type("dags", "pause", "daily")
    terminal.type("dags", "update", "daily", "--is-paused")
    terminal.type("dags", "get", "no_such_dag")
    terminal.type("dags", "delete", "doomed")


def _runs(terminal: Terminal) -> None:
    dag_id, run_id = _RUN
    given = ("--dag-run-id", run_id, "--logical-date", "2026-01-03T00:00:00Z", "--note", "by hand")
    terminal.type("dags", "trigger", dag_id, *given)
    terminal.type("dags", "trigger", dag_id, *given)
    terminal.type("dagrun", "get", *_RUN)
    terminal.type("dagrun", "list", "--dag-id", dag_id, "--limit", "10", "--state", "queued")
    work = ("pipeline", "whole", "work")
    terminal.type("xcom", "add", *work, "typed", '{"a": [1, null]}')
    terminal.type("xcom", "add", *work, "typed", "1")
    terminal.type("xcom", "edit", *work, "typed", "changed")
    terminal.type("xcom", "get", *work, "typed")
    terminal.type("xcom", "list", *work)
    terminal.type("xcom", "delete", *work, "typed")


def _assets(terminal: Terminal) -> None:
    ids = {asset["name"]: asset["id"] for asset in terminal.type("assets", "list")}
    report = ids["report"]
    terminal.type("assets", "get", report)
    aliases = terminal.type("assets", "list-by-alias")
    terminal.type("assets", "get-by-alias", aliases[0]["id"])
    terminal.type("assets", "materialize", ids["made"])
    event = ("assets", "create-event", "--asset-id", report)
    terminal.type(*event, "--partition-key", "us")
    terminal.type(*event)
    terminal.type("assets", "get-queued-events", report)
    terminal.type("assets", "get-dag-queued-events", "consumer", "2100-01-01T00:00:00Z")
    terminal.type("assets", "get-dag-queued-event", "consumer", report)
    terminal.type("assets", "delete-queued-event", "consumer", report)
    terminal.type("assets", "delete-dag-queued-events", "consumer", "2100-01-01T00:00:00Z")
    terminal.type("assets", "delete-queued-events", report)


def _backfills(terminal: Terminal) -> None:
    given = ("--dag-id", "daily", *_DATES, "--max-active-runs", "1", "--reprocess-behavior", "none")
    terminal.type("backfill", "create-dry-run", *given)
    terminal.type("backfill", "create", *given)
    listed = terminal.type("backfill", "list", "daily")
    number = listed[0]["id"]
    for command in ("pause", "unpause", "get", "cancel"):
        terminal.type("backfill", command, number)
