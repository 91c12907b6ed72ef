"""Keeps what a task logs and what it prints in the order in which it did so.

Logs, stdout and stderr reach the agent through a socket each; between two of them there is no order. So whoever
writes to one of them after the other waits a moment, until the agent has read what is in that.
"""

from __future__ import annotations

import fcntl
import io
import struct
import sys
import termios
import time

# An agent that hangs must not slow the task down: after a wait that long nobody waits for a while. One on a busy
# machine may take much of it until it has a processor.
_LONGEST_WAIT = 1.0
_PAUSE = 10.0
_STEP = 0.0001


class Turns:
    """Whose turn it is among some sockets."""

    def __init__(self) -> None:
        self._last = -1
        self._free_until = 0.0

    def take(self, fd: int) -> None:
        """Wait until what was written to another socket before is read.

        Args:
            fd: The socket that is written to next.
        """
        last, self._last = self._last, fd
        if last in (-1, fd):
            return
        now = time.monotonic()
        if now < self._free_until:
            return
        while _has_unread(last):
            if time.monotonic() > now + _LONGEST_WAIT:
                self._free_until = now + _PAUSE
                return
            time.sleep(_STEP)


def _has_unread(fd: int) -> bool:
    try:
        # SIOCOUTQ: bytes that the other side has not taken yet.
        return struct.unpack("i", fcntl.ioctl(fd, termios.TIOCOUTQ, b"\0\0\0\0"))[0] > 0
    except OSError:
        return False


turns = Turns()


class OrderedFile(io.FileIO):
    """An unbuffered file on a descriptor that stays open, which waits for its turn."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd, "wb", closefd=False)

    def write(self, data: object, /) -> int:
        """Write some bytes, in order."""
        turns.take(self.fileno())
        return super().write(data)  # type: ignore[arg-type]


def log_to(fd: int, keep_loggers: bool = True) -> None:
    """Configure logging as the stock supervisor does for a task, in its turn.

    Args:
        fd: Where records go, as JSON lines; stays open.
        keep_loggers: Whether loggers that are used once may write there for ever.
    """
    from airflow.sdk.log import configure_logging, reset_logging

    reset_logging()
    configure_logging(
        json_output=True,
        output=OrderedFile(fd),
        cache_logger_on_first_use=keep_loggers,
        sending_to_supervisor=True,
    )


def order_standard_streams() -> None:
    """Let Python's stdout and stderr wait for their turn; what C code or other programs write does not."""
    for name in ("stdout", "stderr"):
        stock = getattr(sys, name)
        ordered = io.TextIOWrapper(
            io.BufferedWriter(OrderedFile(stock.fileno())),
            encoding=stock.encoding,
            errors=stock.errors,
            line_buffering=True,
        )
        # The stock one owns the descriptor.
        ordered.stock = stock  # type: ignore[attr-defined]
        setattr(sys, name, ordered)
