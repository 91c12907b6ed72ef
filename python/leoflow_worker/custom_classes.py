"""Finds out, where a DAG file is parsed, what timetables and weight rules of the user's own are like.

The control plane runs none of the user's code. So the parser puts beside the JSON of each such class what it
needs to know: `__facts` into a timetable, `__weights` into a task. Into a timetable of cron expressions goes what
they mean in words, `__description`: for that Airflow has a library of Python.
"""

from __future__ import annotations

import datetime
from traceback import format_exception
from types import SimpleNamespace
from typing import Any

# A rule is asked for so many tries before a task instance was cleared; beyond them it stays the same.
_TRIES = 32


def evaluate_custom_classes(processor: Any) -> None:
    """Makes the stock parser tell what the DAGs' own classes say; one that fails is an import error.

    Args:
        processor: The module `airflow.dag_processing.processor`.
    """
    stock_parse = processor._parse_file

    def parse(request: Any, log: Any) -> Any:
        result = stock_parse(request, log)
        if result is None:
            return None
        # The parser keeps them in a set, whose order changes: of two assets that conflict always the same is to win.
        result.serialized_dags.sort(key=lambda dag: dag.dag_id)
        for dag in list(result.serialized_dags):
            try:
                _evaluate(dag.data["dag"])
            except Exception as error:  # noqa: BLE001 - a class of the user's may raise anything
                result.serialized_dags.remove(dag)
                errors = result.import_errors = result.import_errors or {}
                file = str(dag.data["dag"].get("relative_fileloc") or request.file)
                text = "".join(format_exception(error))
                errors[file] = errors.get(file, "") + f"Dag '{dag.dag_id}':\n{text}"
        return result

    processor._parse_file = parse


def _evaluate(dag: dict[str, Any]) -> None:
    _describe_timetable(dag, dag["timetable"])
    _put_into_words(dag["timetable"])
    rules = {"downstream", "upstream", "absolute"}
    for entry in dag["tasks"]:
        task = entry.get("__var", entry)
        fields = task.get("partial_kwargs") or {}
        rule = task.get("weight_rule") or fields.get("weight_rule")
        if isinstance(rule, str) and rule not in rules:
            task["__weights"] = _weights(dag, task, fields, rule)


def _is_core(encoded: dict[str, Any]) -> bool:
    """Tells whether the control plane evaluates the timetable itself."""
    if not encoded["__type"].startswith("airflow.timetables."):
        return False
    delta = (encoded.get("__var") or {}).get("delta")
    return not (isinstance(delta, dict) and "weekday" in delta.get("__var", delta))


def _describe_timetable(dag: dict[str, Any], encoded: dict[str, Any]) -> None:
    inner = (encoded.get("__var") or {}).get("timetable")
    if isinstance(inner, dict) and "__type" in inner:
        _describe_timetable(dag, inner)
    if _is_core(encoded):
        return
    from airflow.serialization.decoders import decode_timetable
    from airflow.timetables.base import TimeRestriction

    timetable = decode_timetable(encoded)
    if timetable.can_be_scheduled:
        start = dag.get("start_date")
        earliest = _moment(start) if isinstance(start, int | float) else None
        restriction = TimeRestriction(earliest=earliest, latest=None, catchup=bool(dag.get("catchup")))
        timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=restriction)
    encoded["__facts"] = {
        "summary": timetable.summary,
        "description": timetable.description,
        "periodic": timetable.periodic,
        "active_runs_limit": timetable.active_runs_limit,
        "can_be_scheduled": timetable.can_be_scheduled,
        "partitioned": timetable.partitioned,
        "partitioned_at_runtime": timetable.partitioned_at_runtime,
    }


def _put_into_words(encoded: dict[str, Any]) -> None:
    if _is_core(encoded) and _has_cron(encoded):
        from airflow.serialization.decoders import decode_timetable

        encoded["__description"] = decode_timetable(encoded).description


def _has_cron(encoded: dict[str, Any]) -> bool:
    fields = encoded.get("__var") or {}
    inner = fields.get("timetable")
    within = isinstance(inner, dict) and "__type" in inner and _is_core(inner) and _has_cron(inner)
    return within or "expression" in fields or "expressions" in fields


def _moment(seconds: float) -> Any:
    from airflow._shared.timezones.timezone import coerce_datetime

    return coerce_datetime(datetime.datetime.fromtimestamp(seconds, datetime.UTC))


class _TaskInstance:
    """As much of a task instance as is known before there is one."""

    def __init__(self, dag_id: str, task: Any, try_number: int) -> None:
        self.dag_id = dag_id
        self.task_id = task.task_id
        self.task = task
        self.try_number = self._try_number = try_number

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"a priority weight strategy is asked before there is a run, so it cannot look at '{name}': only at"
            " task, task_id, dag_id and try_number"
        )


def _weights(dag: dict[str, Any], task: dict[str, Any], partial: dict[str, Any], rule: str) -> list[int]:
    from airflow.serialization.serialized_objects import _get_registered_priority_weight_strategy

    strategy = _get_registered_priority_weight_strategy(rule)
    if strategy is None:
        raise ValueError(f"no plugin registers the priority weight strategy '{rule}'")
    known = SimpleNamespace(**{**partial, **task})
    for name, default in (("priority_weight", 1), ("retries", 0), ("pool", "default_pool"), ("queue", "default")):
        if not hasattr(known, name):
            setattr(known, name, default)
    return [int(strategy().get_weight(_TaskInstance(dag["dag_id"], known, n))) for n in range(_TRIES)]
