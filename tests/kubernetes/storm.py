"""What lies between a server and the API server, and answers in its stead while a storm is on."""

from __future__ import annotations

import http.client
import json
import pathlib
import ssl
import threading
import time
import urllib.parse
from collections import Counter, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bed.kubeconfig import Access

_REASONS = {401: "Unauthorized", 403: "Forbidden", 409: "Conflict", 410: "Expired", 429: "TooManyRequests", 500: "InternalError"}
# Words of an API server: a refusal that says that rights are missing is told from others by them.
_WORDS = {403: "pods is forbidden: User \"x\" cannot create resource \"pods\" in API group \"\" in the namespace \"x\""}


class Storm:
    """Passes requests on to the API server, but for those that it has an answer of its own for.

    Attributes:
        answered: How often it gave an answer of its own, by status.
        delay: How long each request waits before it is seen to, in seconds.
        delayed: How many have waited, by kind.
    """

    def __init__(self, kubeconfig: pathlib.Path) -> None:
        """Listens on a port of its own.

        Args:
            kubeconfig: Of the API server, with a token.
        """
        self._access = Access.read(kubeconfig)
        self._planned: dict[str, deque[int]] = {}
        self.answered: Counter[int] = Counter()
        self.delay = 0.0
        self.delayed: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def write(self, file: pathlib.Path) -> None:
        """Writes a kubeconfig that leads here."""
        port = self._server.server_address[1]
        Access(f"http://127.0.0.1:{port}", self._access.authority, self._access.token).write(file)

    def plan(self, request: str, *statuses: int) -> None:
        """Answers the next requests of a kind with these statuses.

        Args:
            request: `POST pods`, `DELETE pods`, `LIST pods`, `WATCH pods` or `POST tokenreviews`.
            *statuses: One for each request. A watch that is answered with 410 is told so in an event.
        """
        with self._lock:
            self._planned.setdefault(request, deque()).extend(statuses)

    def close(self) -> None:
        """Listens no more."""
        self._server.shutdown()
        self._server.server_close()

    def _take(self, request: str) -> int | None:
        with self._lock:
            planned = self._planned.get(request)
            if not planned:
                return None
            self.answered[planned[0]] += 1
            return planned.popleft()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        storm = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def _go_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path, _, query = self.path.partition("?")
                # Of those in a namespace, and of those that are not.
                resource = path.split("/")[5] if path.count("/") >= 5 else path.rpartition("/")[2]
                watches = "watch" in urllib.parse.parse_qs(query)
                kind = self.command if self.command != "GET" else "WATCH" if watches else "LIST"
                if storm.delay:
                    time.sleep(storm.delay)
                    storm.delayed[f"{kind} {resource}"] += 1
                status = storm._take(f"{kind} {resource}")
                if status is None:
                    return self._pass_on(body)
                told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status,
                        "reason": _REASONS[status], "message": _WORDS.get(status, f"storm {status}")}  # fmt: skip
                if watches and status == 410:
                    return self._say(200, json.dumps({"type": "ERROR", "object": told}) + "\n")
                return self._say(status, json.dumps(told))

            do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = _go_on

            def _say(self, status: int, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                if status == 429:
                    self.send_header("Retry-After", "1")
                self.end_headers()
                self.wfile.write(text.encode())

            def _pass_on(self, body: bytes) -> None:
                there = urllib.parse.urlsplit(storm._access.server)
                trust = ssl.create_default_context(cadata=storm._access.authority)
                connection = http.client.HTTPSConnection(there.hostname, there.port, context=trust)
                headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
                connection.request(self.command, self.path, body or None, headers)
                answer = connection.getresponse()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                        self.send_header(name, value)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                try:
                    while part := answer.read1(65536):
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                    self.wfile.write(b"0\r\n\r\n")
                except OSError:
                    self.close_connection = True
                finally:
                    connection.close()

        return Handler
