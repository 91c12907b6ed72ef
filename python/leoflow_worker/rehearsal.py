"""A pretended task: what the first real one would be slowed down by happens here.

In the base process, before anything is forked, Python rewrites the code that it runs often into faster code, in
place, for all children at once. In a child that was forked ahead and has nothing to do yet, the pages that a task
changes become its own before somebody waits for it.

Nothing outside sees the rehearsal: no DAG file, no listener, no metric, no supervisor.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# Enough for CPython 3.11 and later to specialise what they find.
_TIMES = 12
_NAME = "leoflow_rehearsal"
_bag: Any = None


def rehearse_often() -> None:
    """Go through the life of a task until Python knows it well: for the base process.

    Any failure only means less to share.
    """
    global _bag
    from leoflow_worker.preload import log_to_memory

    with contextlib.suppress(Exception):
        if not _is_private():
            return
        log = log_to_memory(keep_loggers=False)
        _bag = _make_bag()
        with _left_as_found():
            for _ in range(_TIMES):
                contextvars.Context().run(_act)
        # What this process logs from now on goes to where it went before.
        os.dup2(2, log, inheritable=False)


def rehearse_once(log_slot: int) -> None:
    """Go through it once: for a child with nothing to do.

    Args:
        log_slot: The descriptor that logging writes to; it points nowhere afterwards.
    """
    if _bag is None:
        return
    with contextlib.suppress(Exception), open(os.devnull, "wb") as nowhere, _left_as_found():
        os.dup2(nowhere.fileno(), log_slot, inheritable=False)
        contextvars.Context().run(_act)


def _is_private() -> bool:
    """Tell whether nothing of the user's would take part: a custom XCom backend would store what is returned."""
    from airflow.sdk.bases.xcom import BaseXCom
    from airflow.sdk.execution_time.xcom import XCom

    return XCom is BaseXCom


def _make_bag() -> Any:
    from airflow.sdk import DAG, task

    with DAG(_NAME, schedule=None) as dag:

        @task
        def act(number: int) -> int:
            return number

        act(1)
    return SimpleNamespace(dags={_NAME: dag}, dag_folder="")


def _act() -> None:
    import structlog

    from airflow.dag_processing.bundles.base import BundleVersionLock
    from airflow.sdk.execution_time import comms, task_runner

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(_frame(0, _startup_details()) + b"".join(_frame(number, None) for number in range(3)))
        # Whoever asks for more gets an error, not silence.
        ours.shutdown(socket.SHUT_WR)
        task_runner.SUPERVISOR_COMMS = comms.CommsDecoder[comms.ToTask, comms.ToSupervisor](
            log=structlog.get_logger(logger_name="task"), socket=theirs
        )
        details = task_runner.get_startup_details()
        with task_runner._make_task_span(msg=details):
            ti, context, log = task_runner.startup(msg=details)
            with BundleVersionLock(bundle_name=ti.bundle_instance.name, bundle_version=ti.bundle_instance.version):
                state, _, error = task_runner.run(ti, context, log)
                task_runner.finalize(ti, state, context, log, error)


def _frame(number: int, body: dict[str, Any] | None) -> bytes:
    import msgspec

    payload = msgspec.msgpack.encode((number, body, None))
    return len(payload).to_bytes(4, "big") + payload


def _startup_details() -> dict[str, Any]:
    nobody = "00000000-0000-7000-8000-000000000000"
    then = "2026-01-01T00:00:00Z"
    return {
        "type": "StartupDetails",
        "ti": {
            "id": nobody,
            "task_id": "act",
            "dag_id": _NAME,
            "run_id": _NAME,
            "try_number": 1,
            "map_index": -1,
            "dag_version_id": nobody,
            "queue": "default",
        },
        "dag_rel_path": f"{_NAME}.py",
        "bundle_info": {"name": _NAME, "version": None},
        "start_date": then,
        "ti_context": {
            "dag_run": {
                "dag_id": _NAME,
                "run_id": _NAME,
                "logical_date": then,
                "data_interval_start": then,
                "data_interval_end": then,
                "run_after": then,
                "start_date": then,
                "end_date": None,
                "clear_number": 0,
                "run_type": "manual",
                "state": "running",
                "conf": {},
                "consumed_asset_events": [],
                "partition_key": None,
            },
            "task_reschedule_count": 0,
            "max_tries": 0,
            "should_retry": False,
        },
        "sentry_integration": "",
    }


@contextlib.contextmanager
def _left_as_found() -> Iterator[None]:
    """Give the stock runner what it needs for the rehearsal, and take everything back afterwards."""
    import setproctitle

    from airflow.dag_processing import dagbag
    from airflow.sdk.execution_time import task_runner

    def nothing(*_args: Any, **_kwargs: Any) -> None: ...

    class Silent:
        def __getattr__(self, _name: str) -> Any:
            return nothing

    environment = dict(os.environ)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGSEGV, signal.SIGALRM)}
    title = setproctitle.getproctitle()
    stock = {name: getattr(task_runner, name) for name in ("get_listener_manager", "stats", "DagBundlesManager")}
    stock_bag = dagbag.BundleDagBag
    bundle = SimpleNamespace(name=_NAME, version=None, path=Path("/"), initialize=nothing)
    task_runner.get_listener_manager = lambda: SimpleNamespace(hook=Silent())
    task_runner.stats = Silent()
    task_runner.DagBundlesManager = lambda: SimpleNamespace(get_bundle=lambda **_kwargs: bundle)
    dagbag.BundleDagBag = lambda **_kwargs: _bag  # type: ignore[misc, assignment]
    try:
        yield
    finally:
        dagbag.BundleDagBag = stock_bag  # type: ignore[misc]
        for name, value in stock.items():
            setattr(task_runner, name, value)
        vars(task_runner).pop("SUPERVISOR_COMMS", None)
        setproctitle.setproctitle(title)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.environ.clear()
        os.environ.update(environment)
