"""The fork server: the base process, and one copy of it per preloaded DAG file."""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import sys
from contextlib import suppress
from typing import Any, NoReturn

from leoflow_worker.channel import Channel
from leoflow_worker.child import run_child
from leoflow_worker.preload import Preload, preload
from leoflow_worker.warm import freeze

_PR_SET_PDEATHSIG = 1


class ForkServer:
    """Forks children on request, reports their ends, and dies with the agent.

    Requests: `fork` (id, kind, four descriptors), `zygote` (file, bundle_path,
    bundle_name, environment, id, one descriptor), `guard` and `unguard` (pid), `retire`.
    Reports: `forking` (id), `forked` (id, pid) or `not_forked` (id), `zygote` (id, pid), `exited` (id, pid, status,
    memory, cpu).
    """

    def __init__(self, channel: Channel, preloaded: Preload | None = None) -> None:
        self._channel = channel
        self._preloaded = preloaded
        self._children: dict[int, int] = {}
        self._zygotes: set[int] = set()
        # Children of servers that died: the agent reaps them, we only kill them.
        self._guarded: set[int] = set()
        self._retiring = False
        self._wake_read, self._wake_write = os.pipe()
        for fd in (self._wake_read, self._wake_write):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda _signum, _frame: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)

    def run(self) -> NoReturn:
        """Serve until the agent is gone, or until a retired server has no child left."""
        with selectors.PollSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            while not (self._retiring and not self._children):
                for key, _events in selector.select():
                    if key.fd == self._wake_read:
                        with suppress(BlockingIOError):
                            os.read(self._wake_read, 4096)
                    else:
                        self._serve_one()
                self._reap()
        os._exit(0)

    def _serve_one(self) -> None:
        received = self._channel.receive()
        if received is None:
            self._die_with_agent()
        request, fds = received
        match request["do"]:
            case "fork":
                self._fork(request, fds)
            case "zygote":
                self._fork_zygote(request, fds[0])
            case "guard":
                self._guarded.add(request["pid"])
            case "unguard":
                self._guarded.discard(request["pid"])
            case "retire":
                self._retiring = True

    def _fork(self, request: dict[str, Any], fds: list[int]) -> None:
        # Said first: without it the agent knows that the child never was.
        self._report({"forking": request["id"]})
        try:
            pid = os.fork()
        except OSError as error:
            # Too many processes, or too little memory: those that run go on.
            print(f"cannot fork: {error}", file=sys.stderr, flush=True)
            for fd in fds:
                os.close(fd)
            return self._report({"not_forked": request["id"]})
        if pid == 0:
            with suppress(OSError):
                os.setpgid(0, 0)
            self._leave()
            run_child(request["kind"], fds, self._preloaded)
        # Also here, so that the group exists before anybody signals it.
        with suppress(OSError):
            os.setpgid(pid, pid)
        for fd in fds:
            os.close(fd)
        self._children[pid] = request["id"]
        self._report({"forked": request["id"], "pid": pid})

    def _fork_zygote(self, request: dict[str, Any], fd: int) -> None:
        try:
            pid = os.fork()
        except OSError as error:
            print(f"cannot fork: {error}", file=sys.stderr, flush=True)
            # The agent sees its end, and has the tasks import the file themselves.
            return os.close(fd)
        if pid == 0:
            self._leave()
            _zygote_main(request, fd)
        os.close(fd)
        self._zygotes.add(pid)
        self._report({"zygote": request["id"], "pid": pid})

    def _leave(self) -> None:
        """Drop, in a new child, what belongs to the server."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self._wake_read)
        os.close(self._wake_write)
        self._channel.close()

    def _reap(self) -> None:
        while self._children or self._zygotes:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._zygotes.discard(pid)
            if (child := self._children.pop(pid, None)) is not None:
                self._report(
                    {
                        "exited": child,
                        "pid": pid,
                        "status": status,
                        "memory": usage.ru_maxrss * 1024,
                        "cpu": int((usage.ru_utime + usage.ru_stime) * 1e6),
                    }
                )

    def _report(self, message: dict[str, Any]) -> None:
        try:
            self._channel.send(message)
        except OSError:
            self._die_with_agent()

    def _die_with_agent(self) -> NoReturn:
        """Take every task along: nobody would hear what they do."""
        for pid in [*self._children, *self._guarded]:
            with suppress(OSError):
                os.killpg(pid, signal.SIGKILL)
        # Zygotes have tasks of their own to kill: they see the same end of file.
        os._exit(0)


def _zygote_main(request: dict[str, Any], fd: int) -> NoReturn:
    with suppress(OSError):
        os.setpgid(0, 0)
    # An import may hang, deaf to the agent's end.
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    channel = Channel(fd)
    os.environ.update(request["environment"])
    result = preload(request["file"], request["bundle_path"], request["bundle_name"])
    libc.prctl(_PR_SET_PDEATHSIG, 0, 0, 0, 0)
    try:
        for start in range(0, len(result.files), 200):
            channel.send({"files": result.files[start : start + 200]})
        channel.send({"ready": not result.refusal, "reason": result.refusal, "started": result.started_ns})
    except OSError:
        os._exit(0)
    if result.refusal:
        os._exit(0)
    sys.stdout.flush()
    freeze()
    ForkServer(channel, result).run()
