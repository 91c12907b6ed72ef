"""A server among clients that are idle, slow, gone half-way, or speak no HTTP and send no JSON that makes sense."""

from __future__ import annotations

import contextlib
import json
import pathlib
import random
import re
import socket
import threading
import urllib.parse
from typing import Any

import pytest
import rude_clients
from api.specification import documents
from support import Lite

CHAIN = """
from airflow.sdk import dag, task

@dag(schedule=None)
def chain():
    previous = None
    for at in range(10):
        @task(task_id=f"step_{at}")
        def step():
            return 1
        now = step()
        if previous is not None:
            previous >> now
        previous = now

chain()
"""

OTHER = """
from airflow.sdk import dag, task

@dag(schedule=None)
def other():
    @task
    def step():
        return 1
    step()

other()
"""

# Would pause the DAG that is to run.
_SPARED = ("PATCH", "/api/v2/dags")


@pytest.fixture(scope="module")
def lite(make_shared_lite) -> Lite:
    """An install with a DAG that has run once."""
    install = make_shared_lite({"chain.py": CHAIN, "other.py": OTHER})
    install.await_dag("other")
    install.await_dag("chain")
    install.await_run("chain", install.trigger("chain"))
    return install


def memory_mb(lite: Lite) -> float:
    """Returns how much memory the server has."""
    assert lite.process is not None
    status = pathlib.Path(f"/proc/{lite.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


class Runs:
    """Has the DAG run again and again until it is left; a run that fails or hangs fails the test."""

    def __init__(self, lite: Lite) -> None:
        self._lite = lite
        self._over = threading.Event()
        self._errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()
        assert not self._errors, self._errors

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self._lite.await_run("chain", self._lite.trigger("chain"))
        except BaseException as error:  # noqa: BLE001 - raised by the other thread
            self._errors.append(error)


def sample(document: dict[str, Any], schema: dict[str, Any], depth: int = 4) -> Any:
    """Returns a value that a schema of the description more or less allows."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for choices in ("anyOf", "oneOf", "allOf"):
        if choices in schema:
            return sample(document, schema[choices][0], depth)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {}) if depth else {}
            return {name: sample(document, inner, depth - 1) for name, inner in properties.items()}
        case "array":
            return [sample(document, schema["items"], depth - 1)] if depth and "items" in schema else []
        case "integer" | "number":
            return 1
        case "boolean":
            return False
        case _:
            return "other"


def bodies() -> list[tuple[str, str, Any]]:
    """Returns method, path and a good body of every operation that takes one."""
    found = []
    for name, document in documents().items():
        for path, methods in document["paths"].items():
            for method, described in methods.items():
                content = described.get("requestBody", {}).get("content", {})
                if "application/json" not in content or (method.upper(), path) == _SPARED:
                    continue
                filled = re.sub(r"{dag_id}", "other", path)
                filled = re.sub(r"{[^}]*}", "~" if name == "public" else "1", filled)
                found.append((method.upper(), filled, sample(document, content["application/json"]["schema"])))
    return found


def status_of(heard: bytes) -> int:
    """Returns the status of an answer; 0 if the server said nothing."""
    if not heard:
        return 0
    line = re.match(rb"HTTP/1\.1 (\d{3}) ", heard)
    assert line, heard[:200]
    return int(line[1])


def test_a_dag_runs_and_pages_are_answered_beside_a_thousand_rude_clients(lite):
    before = memory_mb(lite)
    with rude_clients.crowd(lite.port, 1_000):
        run_id = lite.trigger("chain")
        assert lite.get("/ui/dags?limit=10")["total_entries"] == 2
        lite.await_run("chain", run_id)
        assert memory_mb(lite) - before < 100
    lite.await_run("chain", lite.trigger("chain"))


def test_no_bytes_in_place_of_a_request_break_the_server_while_a_dag_runs(lite):
    noise = random.Random(7)
    token = lite.token
    good = [
        rude_clients.request("GET", "/api/v2/dags?limit=10&order_by=-dag_id&tags=a&tags=b", token),
        rude_clients.request("GET", "/ui/dags", token) + rude_clients.request("GET", "/api/v2/version", token),
        rude_clients.request("POST", "/api/v2/pools", token, b'{"name": "x", "slots": 1}'),
        b"POST /api/v2/pools HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n0\r\nA: b\r\n\r\n",
        b"GET /index.html HTTP/1.0\r\nIf-None-Match: x\r\nRange: bytes=0-1\r\nCookie: _token=x; a=b\r\n\r\n",
    ]
    before = memory_mb(lite)
    with Runs(lite):
        for _ in range(2_000):
            text = rude_clients.mutated(noise, noise.choice(good))
            status = status_of(rude_clients.say(lite.port, text))
            assert status < 500 or status in (501, 505), (status, text)
    assert memory_mb(lite) - before < 100


def test_no_odd_body_of_any_operation_is_an_error_of_the_server_while_a_dag_runs(lite):
    noise = random.Random(11)
    asked = bodies()
    assert len(asked) > 30
    before = memory_mb(lite)
    with Runs(lite):
        for method, path, good in asked:
            for _ in range(25):
                body = rude_clients.odd_body(noise, good)
                status = status_of(rude_clients.say(lite.port, rude_clients.request(method, path, lite.token, body)))
                assert 200 <= status < 500, (method, path, status, body)
    assert memory_mb(lite) - before < 100


def test_many_who_ask_for_a_long_log_and_do_not_read_need_no_memory(lite):
    run_id = lite.trigger("chain")
    lite.await_run("chain", run_id)
    asked = f"/api/v2/dags/chain/dagRuns/{urllib.parse.quote(run_id)}/taskInstances/step_0/logs/1?full_content=true"
    log = pathlib.Path(lite.get(asked)["content"][1]["event"])
    with log.open("a") as file:
        file.writelines(json.dumps({"event": f"{at} {'x' * 1000}"}) + "\n" for at in range(100_000))
    before = memory_mb(lite)
    with contextlib.ExitStack() as readers:
        for _ in range(50):
            reader = readers.enter_context(socket.create_connection(("127.0.0.1", lite.port), timeout=30))
            reader.sendall(rude_clients.request("GET", asked, lite.token))
            assert status_of(reader.recv(100)) == 200
        assert memory_mb(lite) - before < 100
        assert lite.get(asked)["content"][-1]["event"].startswith("99999 ")
        lite.await_run("chain", lite.trigger("chain"))
        assert memory_mb(lite) - before < 100
