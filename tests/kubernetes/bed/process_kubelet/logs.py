"""The logs of containers: each line is kept with its time, and served as the log endpoint of a kubelet does."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import IO


def write_log(stream: IO[bytes], file: pathlib.Path) -> None:
    """Copies a stream to its end: before each line its time, and whether it is full or the last without an end."""
    with stream, open(file, "ab", buffering=0) as log:
        for line in stream:
            stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
            tag = "F" if line.endswith(b"\n") else "P"
            log.write(f"{stamp} {tag} ".encode() + line.removesuffix(b"\n") + b"\n")


def read_log(file: pathlib.Path, query: dict[str, str], is_over: Callable[[], bool]) -> Iterator[bytes]:
    """Yields the lines of a log.

    Args:
        file: The log.
        query: The options of the endpoint: follow, tailLines, sinceSeconds, sinceTime, timestamps, limitBytes.
        is_over: Whether nothing more comes.
    """
    left = int(query.get("limitBytes", 1 << 62))
    for line in _lines(file, query, is_over):
        stamp, tag, text = line.split(b" ", 2)
        shown = text if tag == b"F" else text.removesuffix(b"\n")
        shown = (stamp + b" " + shown if query.get("timestamps") == "true" else shown)[:left]
        left -= len(shown)
        yield shown
        if left <= 0:
            return


def _lines(file: pathlib.Path, query: dict[str, str], is_over: Callable[[], bool]) -> Iterator[bytes]:
    since = _since(query)
    with open(file, "rb") as log:
        lines = log.readlines()
        if lines and not lines[-1].endswith(b"\n"):  # A line that is being written: it is read again below.
            log.seek(-len(lines.pop()), 1)
        lines = [line for line in lines if line >= since]
        yield from lines[max(len(lines) - int(query.get("tailLines", len(lines))), 0) :]
        while query.get("follow") == "true":
            over = is_over()
            while (line := log.readline()).endswith(b"\n"):
                yield line
            log.seek(-len(line), 1)
            if over:
                return
            time.sleep(0.05)


def _since(query: dict[str, str]) -> bytes:
    """Returns the time before which no line is wanted, as it is in the log."""
    if "sinceTime" in query:
        asked = datetime.fromisoformat(query["sinceTime"].replace("Z", "+00:00"))
        return asked.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").encode()
    if "sinceSeconds" in query:
        asked = datetime.now(UTC) - timedelta(seconds=int(query["sinceSeconds"]))
        return asked.strftime("%Y-%m-%dT%H:%M:%S.%f").encode()
    return b""
