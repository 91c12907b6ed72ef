"""Importing a DAG file ahead of its tasks, and saying honestly whether that was safe."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leoflow_worker.shortcuts import take_shortcuts
from leoflow_worker.turns import log_to


class AskedSupervisorError(BaseException):
    """The file wants something from a supervisor that does not exist yet.

    Not an Exception: DAG code that catches those must not hide the question.
    """


class _AskingComms:
    """Stands where the task's supervisor will be, and remembers being asked."""

    socket = None

    def __init__(self) -> None:
        self.asked = False

    def send(self, msg: Any) -> None:
        if type(msg).__name__ == "MaskSecret":
            # Answering is impossible, and a child would have to tell it again.
            self.asked = True
            return
        self.asked = True
        raise AskedSupervisorError(type(msg).__name__)

    async def asend(self, msg: Any) -> None:
        self.send(msg)


@dataclass
class Preload:
    """What importing one DAG file ahead gave.

    Attributes:
        refusal: Why children must import the file themselves; "" if they need not.
        files: Files of the bundle that the import used, with mtime (ns) and size.
        started_ns: Wall clock before the import.
        bag: The DAG bag that children take over.
        output: What the import wrote to stdout and stderr.
        log: What it logged, as JSON lines.
        log_slot: The descriptor that logging writes to; a child puts its own log there.
    """

    refusal: str = ""
    files: list[tuple[str, int, int]] = field(default_factory=list)
    started_ns: int = 0
    bag: Any = None
    output: bytes = b""
    log: bytes = b""
    log_slot: int = -1


class _OpenRecorder:
    """Notes the files below a folder that are opened while it is active."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/") + "/"
        self.active = True
        self.paths: set[str] = set()
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.active or event != "open":
            return
        path = args[0]
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if isinstance(path, str):
            path = os.path.abspath(path)
            if path.startswith(self.root) and "/__pycache__/" not in path:
                self.paths.add(path)


def preload(file: str, bundle_path: str, bundle_name: str) -> Preload:
    """Import a DAG file in this process, as the stock task runner would.

    Args:
        file: Absolute path of the DAG file.
        bundle_path: Absolute folder that the file belongs to.
        bundle_name: Name of the bundle.

    Returns:
        The outcome; never raises for what the file does.
    """
    from airflow.dag_processing.dagbag import BundleDagBag
    from airflow.sdk.execution_time import task_runner

    result = Preload(started_ns=time.time_ns())
    comms = _AskingComms()
    task_runner.SUPERVISOR_COMMS = comms  # type: ignore[assignment]
    recorder = _OpenRecorder(bundle_path)
    capture = _OutputCapture()
    result.log_slot = log_to_memory(keep_loggers=True)
    before = _Footprint()
    try:
        result.bag = BundleDagBag(
            dag_folder=file,
            safe_mode=False,
            load_op_links=False,
            bundle_path=Path(bundle_path),
            bundle_name=bundle_name,
        )
    except BaseException as error:  # noqa: BLE001 - sys.exit() in a DAG file included
        result.refusal = f"importing it raised {type(error).__name__}"
    recorder.active = False
    del task_runner.SUPERVISOR_COMMS
    result.files = _stat_files(recorder.paths | _module_files(bundle_path) | {file}) + _load_plugins()
    result.refusal = result.refusal or _refusal(result.bag, comms, before)
    if not result.refusal:
        take_shortcuts(result.bag)
    result.output = capture.finish()
    result.log = _read_memory(result.log_slot)
    return result


def _load_plugins() -> list[tuple[str, int, int]]:
    """Loads listeners and other plugins, here and not in the base process: they change as DAG files do.

    Returns:
        The stamps of their folder and files; a folder that is not there has its own.
    """
    from airflow.sdk.configuration import conf
    from airflow.sdk.listener import get_listener_manager

    folder = conf.get("core", "plugins_folder")
    found = _stat_files({folder, *map(str, Path(folder).rglob("*.py"))})
    get_listener_manager()
    return found or [(folder, -1, -1)]


def _refusal(bag: Any, comms: _AskingComms, before: _Footprint) -> str:
    if comms.asked:
        return "it asked its supervisor for something while it was imported"
    if bag.import_errors:
        return "it has an import error"
    if not bag.dags:
        return "it defines no DAG"
    return before.difference()


class _Footprint:
    """Threads, descriptors, exit handlers and children of this process at one moment."""

    def __init__(self) -> None:
        self.fds = set(os.listdir("/proc/self/fd"))
        self.exit_handlers = atexit._ncallbacks()

    def difference(self) -> str:
        """Say what is there now that a forked child would not inherit properly."""
        if threading.active_count() > 1 or len(os.listdir("/proc/self/task")) > 1:
            return "it left a thread running"
        # The listing itself opens one descriptor, but the lowest free one both times.
        if set(os.listdir("/proc/self/fd")) - self.fds:
            return "it left a file or socket open"
        if atexit._ncallbacks() > self.exit_handlers:
            return "it registered an exit handler"
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ""
        return "it left a child process behind"


class _OutputCapture:
    """Sends descriptors 1 and 2 to memory until finish()."""

    def __init__(self) -> None:
        self._memory = os.memfd_create("leoflow-preload")
        self._saved = [os.dup(1), os.dup(2)]
        os.dup2(self._memory, 1)
        os.dup2(self._memory, 2)

    def finish(self) -> bytes:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):
                pass
        for number, saved in enumerate(self._saved, start=1):
            os.dup2(saved, number)
            os.close(saved)
        content = _read_memory(self._memory)
        os.close(self._memory)
        return content


def log_to_memory(keep_loggers: bool) -> int:
    """Configure logging as a task has it, but to memory.

    Args:
        keep_loggers: Whether loggers that are used once may write to the same descriptor for ever.

    Returns:
        The descriptor.
    """
    memory = os.memfd_create("leoflow-preload-log")
    log_to(memory, keep_loggers)
    return memory


def _read_memory(memory: int) -> bytes:
    size = min(os.fstat(memory).st_size, 1 << 20)
    return os.pread(memory, size, 0)


def _module_files(bundle_path: str) -> set[str]:
    root = bundle_path.rstrip("/") + "/"
    found = set()
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and path.startswith(root):
            found.add(path)
    return found


def _stat_files(paths: set[str]) -> list[tuple[str, int, int]]:
    files = []
    for path in sorted(paths):
        try:
            status = os.stat(path)
        except OSError:
            continue
        files.append((path, status.st_mtime_ns, status.st_size))
    return files
