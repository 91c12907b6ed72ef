"""Memory of the warm processes, arranged so that forking and ending a child is cheap (see src/warmheap)."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable


class _ArenaAllocator(ctypes.Structure):
    """CPython's PyObjectArenaAllocator."""

    _fields_ = [("context", ctypes.c_void_p), ("allocate", ctypes.c_void_p), ("free", ctypes.c_void_p)]


_freeze: Callable[[], int] | None = None


def open_heap(fd: int) -> None:
    """Let Python take its memory from the library in a file; call it before the big imports.

    Without the library (a system that refuses to load it) everything works, only slower.

    Args:
        fd: The library; closed afterwards.
    """
    global _freeze
    try:
        library = ctypes.CDLL(f"/proc/self/fd/{fd}")
        allocator = _ArenaAllocator()
        if library.leoflow_heap_open(ctypes.byref(allocator)) == 0:
            ctypes.pythonapi.PyObject_SetArenaAllocator(ctypes.byref(allocator))
            _freeze = library.leoflow_heap_freeze
    except (OSError, AttributeError):
        pass
    os.close(fd)


def freeze_heap() -> None:
    """Move what was imported so far out of the memory that a fork copies."""
    # Another thread could write between the copy and the switch to it.
    if _freeze is not None and len(os.listdir("/proc/self/task")) == 1:
        _freeze()
