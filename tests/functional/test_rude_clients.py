"""A thousand connections of clients that are idle, slow, gone half-way or speak no HTTP."""

from __future__ import annotations

import pathlib
import random
import resource
import socket
from collections.abc import Iterator

import pytest
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

CONNECTIONS = 1_000


@pytest.fixture(autouse=True)
def _many_files() -> Iterator[None]:
    """Lets this process open a socket for each of the clients."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4_096, before[1]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def connect(lite: Lite, number: int) -> socket.socket:
    """Opens a connection and leaves it in one of many bad states."""
    client = socket.create_connection(("127.0.0.1", lite.port), timeout=30)
    noise = random.Random(number)
    match number % 6:
        case 0:
            pass
        case 1:
            client.sendall(b"GET /api/v2/dags HTTP/1.1\r\nHost: ")
        case 2:
            client.sendall(b"POST /api/v2/dags/chain/dagRuns HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{")
        case 3:
            client.sendall(b"GET /api/v2/version HTTP/1.1\r\nHost: x\r\n\r\n")
            client.shutdown(socket.SHUT_WR)
        case 4:
            client.sendall(noise.randbytes(200) + b"\r\n\r\n")
        case 5:
            client.sendall(b"GET /api/v2/version HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n")
    return client


def memory_mb(lite: Lite) -> float:
    """Returns how much memory the server has."""
    assert lite.process is not None
    status = pathlib.Path(f"/proc/{lite.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def test_a_dag_runs_and_pages_are_answered_beside_a_thousand_rude_clients(make_lite):
    lite = make_lite({"chain.py": CHAIN})
    lite.await_dag("chain")
    lite.await_run("chain", lite.trigger("chain"))
    before = memory_mb(lite)
    clients = [connect(lite, number) for number in range(CONNECTIONS)]
    try:
        run_id = lite.trigger("chain")
        assert lite.get("/ui/dags?limit=10")["total_entries"] == 1
        lite.await_run("chain", run_id)
        assert memory_mb(lite) - before < 100
    finally:
        for client in clients:
            client.close()
    lite.await_run("chain", lite.trigger("chain"))
