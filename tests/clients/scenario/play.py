"""Plays all scenarios against a server and prints what it answered: play.py URL USER PASSWORD.

Runs in the environment of the clients, which is not that of the tests.
"""

from __future__ import annotations

import inspect
import json
import sys
import urllib.request

import airflow_client.client.api as client_api
import assets
import catalog
import commands
import login
import runs
import settings
import tasks
from airflow_client.client import Configuration
from recorder import RecordedClient, Recorder
from terminal import Terminal


def main() -> None:
    """Does what the command line says."""
    url, user, password = sys.argv[1:]
    recorder = Recorder(RecordedClient(Configuration(host=url, access_token=_token(url, user, password))))
    settings.play(recorder)
    catalog.play(recorder)
    runs.play(recorder)
    tasks.play(recorder)
    assets.play(recorder)
    catalog.events(recorder)
    terminal = Terminal()
    commands.play(terminal, url, user, password)
    login.play(recorder)
    offered = {"operations": _operations(), "commands": terminal.commands}
    print(json.dumps(offered | {"client": recorder.answers, "terminal": terminal.answers}))


def _token(url: str, user: str, password: str) -> str:
    body = json.dumps({"username": user, "password": password}).encode()
    request = urllib.request.Request(f"{url}/auth/token", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["access_token"])


def _operations() -> list[str]:
    """Returns all that the client offers."""
    plain = "_with_http_info"
    return [
        f"{api.__name__}.{name.removesuffix(plain)}"
        for _, api in inspect.getmembers(client_api, inspect.isclass)
        for name in vars(api)
        if name.endswith(plain)
    ]


if __name__ == "__main__":
    main()
