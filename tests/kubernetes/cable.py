"""What lies between a server and its database, and can be pulled out."""

from __future__ import annotations

import contextlib
import pathlib
import re
import socket
import threading
import time


class Cable:
    """Leads connections to PostgreSQL's Unix socket through a folder of its own."""

    def __init__(self, database_url: str, folder: pathlib.Path) -> None:
        """Opens the folder.

        Args:
            database_url: Names the folder of PostgreSQL's socket as its host.
            folder: Of a short path, for the socket.
        """
        self.delay = 0.0  # seconds that everything takes longer, each way
        self._target = pathlib.Path(re.search(r"host=([^&]+)", database_url)[1]) / ".s.PGSQL.5432"
        self.url = re.sub(r"host=[^&]+", f"host={folder}", database_url)
        self._socket = folder / ".s.PGSQL.5432"
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.plug_in()

    def plug_in(self) -> None:
        """Takes connections from now on."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._socket))
        self._listener.listen()
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def pull_out(self) -> None:
        """Ends all connections, and takes no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._socket.unlink()
        for end in self._open:
            _cut(end)
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self._target))
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._lead, args=[one, other], daemon=True).start()

    def _lead(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                time.sleep(self.delay)
                other.sendall(data)
        _cut(one)
        _cut(other)


def _cut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
