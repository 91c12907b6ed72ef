"""Small JSON messages with file descriptors, over a Unix seqpacket socket."""

from __future__ import annotations

import json
import socket
from typing import Any

MAX_PACKET = 192 * 1024
MAX_FDS = 4


class Channel:
    """One end of the conversation with the agent; one packet is one message."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._socket.setblocking(True)

    def fileno(self) -> int:
        """Return the descriptor, for a selector."""
        return self._socket.fileno()

    def send(self, message: dict[str, Any]) -> None:
        """Send one message.

        Raises:
            OSError: The agent is gone.
        """
        self._socket.sendall(json.dumps(message, separators=(",", ":")).encode())

    def receive(self) -> tuple[dict[str, Any], list[int]] | None:
        """Wait for one message and the descriptors that came with it.

        Returns:
            None when the agent is gone.
        """
        try:
            data, fds, _flags, _address = socket.recv_fds(self._socket, MAX_PACKET, MAX_FDS)
        except ConnectionError:
            return None
        if not data:
            return None
        return json.loads(data), fds

    def close(self) -> None:
        """Close this process's end."""
        self._socket.close()
