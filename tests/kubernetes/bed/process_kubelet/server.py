"""The HTTPS server of the node: logs for the API server, faults for tests."""

from __future__ import annotations

import pathlib
import ssl
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from .logs import read_log

if TYPE_CHECKING:
    from .container import Container
    from .kubelet import Kubelet


def serve(kubelet: Kubelet, keys: pathlib.Path) -> None:
    """Begins to serve, on the loopback address."""
    server = ThreadingHTTPServer(("127.0.0.1", kubelet.port), type("Handler", (_Handler,), {"kubelet": kubelet}))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(keys / "server.crt", keys / "server.key")
    # The handshake is the business of the thread that serves the client, not of the one that takes in the next.
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    kubelet: Kubelet

    def do_GET(self) -> None:
        """Answers /containerLogs/NAMESPACE/POD/CONTAINER."""
        path, query = self._asked()
        if not self.kubelet.faults.is_online():  # A lost node answers nothing.
            return
        container = self._container(*path[1:]) if len(path) == 4 and path[0] == "containerLogs" else None
        log = container.log(previous=query.get("previous") == "true") if container else None
        if container is None or log is None or not log.exists():
            self.send_error(404, "there is no such container, or it was not started")
            return
        self.send_response(200)
        self.end_headers()
        for line in read_log(log, query, lambda: not container.runs()):
            self.wfile.write(line)

    def do_POST(self) -> None:
        """Does harm, by /fault/WHAT with a query, and takes it back."""
        path, query = self._asked()
        faults, pod = self.kubelet.faults, self.kubelet.find(query.get("namespace", ""), query.get("pod", ""))
        what = path[-1]
        if what == "plan":
            faults.plan(query["pods"], query["fault"])
        elif what == "lost":
            faults.cut_off()
        elif what == "back":
            faults.reconnect()
        elif what == "evict" and pod:
            pod.evict()
        elif what == "kill" and pod:
            for container in pod.first + pod.containers:
                if container.runs() and query.get("container", container.name) == container.name:
                    container.kill(query["reason"])
        else:
            self.send_error(404, "there is no such fault or pod")
            return
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keeps quiet."""

    def _asked(self) -> tuple[list[str], dict[str, str]]:
        url = urllib.parse.urlsplit(self.path)
        return url.path.strip("/").split("/"), dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))

    def _container(self, namespace: str, name: str, container: str) -> Container | None:
        pod = self.kubelet.find(namespace, name)
        return next((c for c in pod.first + pod.containers if c.name == container), None) if pod else None
