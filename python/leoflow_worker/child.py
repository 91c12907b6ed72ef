"""What runs in a forked child: the stock task runner or DAG parser, or an answer to a question."""

from __future__ import annotations

import os
import random
import select
import signal
import sys
from collections.abc import Callable
from socket import socket
from typing import Any, NoReturn

from leoflow_worker.custom_classes import evaluate_custom_classes
from leoflow_worker.preload import Preload
from leoflow_worker.questions import answer
from leoflow_worker.rehearsal import rehearse_once
from leoflow_worker.turns import log_to, order_standard_streams

# A child that waits this long for its task is not in the way of others when it rehearses.
_IDLE_SECONDS = 0.05


def run_child(kind: str, fds: list[int], preloaded: Preload | None) -> NoReturn:
    """Become a task, parse or trigger process; never returns.

    Args:
        kind: "task", "parse" or "trigger".
        fds: Requests, stdout, stderr and logs: the child's ends.
        preloaded: The DAG file that this process imported already, if any.
    """
    from airflow.sdk.execution_time import supervisor

    random.seed()
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()
    if preloaded is not None:
        if not select.select(fds[:1], [], [], _IDLE_SECONDS)[0]:
            rehearse_once(preloaded.log_slot)
        # Logging is configured already, and perhaps changed by the file: only where it goes to is new.
        supervisor._configure_logs_over_json_channel = lambda fd: os.dup2(fd, preloaded.log_slot)
    elif kind == "task":
        supervisor._configure_logs_over_json_channel = log_to
    if kind == "trigger":
        from leoflow_worker.trigger_host import main as target
    else:
        target = _parse_main if kind == "parse" else _task_main(preloaded, fds[3])
    requests, stdout, stderr = (socket(fileno=fd) for fd in fds[:3])
    try:
        supervisor._fork_main(requests, stdout, stderr, fds[3], target)
    finally:
        os._exit(124)


def _task_main(preloaded: Preload | None, log_fd: int) -> Callable[[], None]:
    from airflow.sdk.execution_time import task_runner

    stock_startup_details = task_runner.get_startup_details

    def get_startup_details() -> Any:
        # A frame of our own precedes the StartupDetails: what only the attempt knows.
        if os.environ.get("_AIRFLOW__REEXECUTED_PROCESS") != "1":
            _prepare(_read_preamble(task_runner.SUPERVISOR_COMMS))
            if preloaded is not None:
                _take_over(preloaded, log_fd)
        return stock_startup_details()

    stock_parse = task_runner.parse

    def parse(*args: Any, **kwargs: Any) -> Any:
        try:
            return stock_parse(*args, **kwargs)
        finally:
            # Importing a DAG file installs a handler in Python. A real crash would come back from it to the
            # very same instruction, for ever.
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)

    task_runner.get_startup_details = get_startup_details
    task_runner.parse = parse

    def main() -> None:
        order_standard_streams()
        task_runner.main()

    return main


def _parse_main() -> None:
    from airflow.dag_processing import processor
    from airflow.sdk.execution_time import comms

    decoder = comms.CommsDecoder()
    preamble = _read_preamble(decoder)
    _prepare(preamble)
    if question := preamble.get("question"):
        return answer(question, decoder)
    # It owns descriptor 0, which the parser opens again.
    decoder.socket.detach()
    evaluate_custom_classes(processor)
    processor._parse_file_entrypoint()


def _read_preamble(decoder: Any) -> dict[str, Any]:
    try:
        return decoder._read_frame().body
    except (EOFError, ConnectionError):
        # Forked ahead, never needed, and the agent is gone.
        os._exit(0)


def _prepare(preamble: dict[str, Any]) -> None:
    os.environ.update(preamble["environment"])


def _take_over(preloaded: Preload, log_fd: int) -> None:
    """Show what the import printed and logged, as if it happened now, and use its DAGs."""
    for fd, content in ((log_fd, preloaded.log), (1, preloaded.output)):
        while content:
            content = content[os.write(fd, content) :]
    _offer_bag(preloaded)


def _offer_bag(preloaded: Preload) -> None:
    """Make the stock runner take the imported bag instead of importing the file again."""
    from airflow.dag_processing import dagbag
    from airflow.sdk import get_parsing_context

    stock_bag = dagbag.BundleDagBag

    def bundle_dag_bag(*args: Any, **kwargs: Any) -> Any:
        bag = preloaded.bag
        wanted = get_parsing_context()
        dag = bag.dags.get(wanted.dag_id)
        if (
            dag is not None
            and wanted.task_id in dag.task_dict
            and str(kwargs.get("dag_folder")) == str(bag.dag_folder)
            and str(kwargs.get("bundle_path")) == str(bag.bundle_path)
            and kwargs.get("bundle_name") == bag.bundle_name
        ):
            return bag
        # The file makes other DAGs now than when it was imported: ask it again.
        return stock_bag(*args, **kwargs)

    dagbag.BundleDagBag = bundle_dag_bag  # type: ignore[misc, assignment]
