"""Free ports for the servers of a bed."""

from __future__ import annotations

import random
import socket


def free_ports(count: int) -> list[int]:
    """Returns so many free ports, below those that the kernel gives to clients and those of the other tests."""
    found: list[int] = []
    for port in random.sample(range(10000, 20000), 10000):
        if len(found) == count:
            break
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found
