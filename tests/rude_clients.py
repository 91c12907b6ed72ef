"""Clients as a server on a network meets them: idle, slow, gone half-way, or without any sense."""

from __future__ import annotations

import contextlib
import json
import random
import resource
import socket
import threading
from collections.abc import Iterator

_OPENINGS = (
    b"",
    b"GET /api/v2/dags HTTP/1.1\r\nHost: ",
    b"POST /api/v2/dags/chain/dagRuns HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{",
    b"GET /api/v2/version HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/v2/version HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
)


def mutated(noise: random.Random, good: bytes) -> bytes:
    """Returns a text with a few bytes changed, cut out, doubled or put in."""
    text = bytearray(good)
    for _ in range(noise.randint(1, 6)):
        at = noise.randrange(len(text) + 1)
        end = min(len(text), at + noise.choice((1, 1, 2, 8, 64)))
        match noise.randrange(4):
            case 0:
                text[at:end] = noise.randbytes(end - at)
            case 1:
                del text[at:end]
            case 2:
                text[at:at] = text[at:end] * noise.choice((1, 3, 200))
            case 3:
                text[at:at] = noise.choice((b"\r\n", b"\0", b"\xff", b"{", b'"', b"-1e999", b"\\ud800", b": ", b"%00"))
    return bytes(text)


def request(method: str, path: str, token: str, body: bytes | None = None) -> bytes:
    """Returns the bytes of a request that ends its connection."""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n"
    if body is not None:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + (body or b"")


def say(port: int, text: bytes) -> bytes:
    """Sends bytes, ends that side, and returns all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        # A server that has heard enough may close while we are still speaking.
        with contextlib.suppress(OSError):
            client.sendall(text)
            client.shutdown(socket.SHUT_WR)
        heard = b""
        with contextlib.suppress(ConnectionResetError):
            while more := client.recv(65_536):
                heard += more
        return heard


def some_json(noise: random.Random, depth: int = 3) -> object:
    """Returns a document that nobody asked for."""
    match noise.randrange(9 if depth else 7):
        case 0:
            return None
        case 1:
            return noise.random() < 0.5
        case 2:
            return noise.choice((0, -1, 2**31, 2**63 - 1, -(2**63)))
        case 3:
            return noise.choice((1.5, -0.0, 1e308))
        case 4:
            return noise.choice(("", "~", "chain", "null", "../..", "\0", "\ud7ff", "x" * 5_000, "2026-02-30T00:00:00Z"))
        case 5:
            return []
        case 6:
            return {}
        case 7:
            return [some_json(noise, depth - 1) for _ in range(noise.randint(1, 4))]
        case _:
            return {noise.choice(("a", "", "dag_id", "state", "actions")): some_json(noise, depth - 1) for _ in range(3)}


def odd_body(noise: random.Random, good: object) -> bytes:
    """Returns a body that is nearly this one: another value somewhere, or other bytes."""
    if isinstance(good, dict) and good and noise.random() < 0.6:
        good = good | {noise.choice(sorted(good)): some_json(noise)}
    elif noise.random() < 0.3:
        good = some_json(noise)
    text = json.dumps(good).encode()
    return mutated(noise, text) if noise.random() < 0.5 else text


class Crowd:
    """Many open connections; meanwhile more come, say something bad, and go."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self._clients = [self._open(number) for number in range(count)]
        self._over = threading.Event()
        self._noise = threading.Thread(target=self._make_noise)
        self._noise.start()

    def close(self) -> None:
        """Lets all of them go."""
        self._over.set()
        self._noise.join()
        for client in self._clients:
            client.close()

    def _open(self, number: int) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        opening = number % (len(_OPENINGS) + 1)
        if opening < len(_OPENINGS):
            client.sendall(_OPENINGS[opening])
        else:
            client.sendall(random.Random(number).randbytes(200) + b"\r\n\r\n")
        if number % 3 == 0:
            client.shutdown(socket.SHUT_WR)
        return client

    def _make_noise(self) -> None:
        noise = random.Random(1)
        good = request("GET", "/api/v2/dags?limit=10", "x")
        while not self._over.wait(0.02):
            # One of those that are there says a little more, and one more comes; the server may have closed either.
            with contextlib.suppress(OSError):
                noise.choice(self._clients).send(b"x")
            with contextlib.suppress(OSError):
                say(self._port, mutated(noise, good))


@contextlib.contextmanager
def crowd(port: int, count: int) -> Iterator[None]:
    """Has so many of them at a port, each of which needs a file of this process."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4 * count, before[1]), before[1]))
    clients = Crowd(port, count)
    try:
        yield
    finally:
        clients.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

