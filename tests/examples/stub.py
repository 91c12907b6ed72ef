"""A web server for the example that asks one for its own address: no test needs the internet for that."""

from __future__ import annotations

import http.server
import json
import threading
from types import TracebackType


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # noqa: N802 - the name is given
        """Answers as example_dag_decorator expects it."""
        body = json.dumps({"origin": "192.0.2.1"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is given
        """Says nothing."""


class Stub:
    """Runs while its `with` block does."""

    def __enter__(self) -> Stub:
        """Starts to answer."""
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Returns its address."""
        return f"http://127.0.0.1:{self._server.server_port}"
