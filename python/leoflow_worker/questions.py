"""Answers what only Python knows: timetables and partition mappers from plugins, and the installed packages.

A question is a JSON object with `ask`, and is answered in a process of its own with JSON:

    next_run       timetable, last, earliest, latest, catchup -> a run, or null
    runs_between   timetable, earliest, latest -> runs
    manual_run     timetable, run_type, logical_date, run_after, partition_key -> start, end, run_id, partition_date
    map_partition  mapper, key -> partitions: key, is_temporal, date, needs (keys, minimum)
    catalog        list: providers, hook_meta or default_connections -> its items, as in Airflow's API
                   list: configuration, variables (AIRFLOW__*, instead of our own)
                   -> its sections: name, options, sensitive (keys of options)
    test_connection  connection: its fields, as in Airflow's API -> status, message
    plugins        -> plugins, import_errors, prefixes, warnings (plugins.py says what they are)
    deadline_callback  callback, context, bundle_path, relative_fileloc -> null, once it ran

A run is run_after, start, end, partition_key, partition_date, run_id. Times are ISO 8601.
"""

from __future__ import annotations

import asyncio
import datetime
import os
import secrets
import sys
from traceback import format_exception
from typing import Any

import structlog

# As many runs of a range as one may reasonably want; more would fill the memory.
_MOST_RUNS = 100_000


def answer(question: dict[str, Any], decoder: Any) -> None:
    """Answers one question over the child's connection.

    Args:
        question: What is asked.
        decoder: The SDK's decoder that owns the connection.
    """
    from airflow.sdk.execution_time.comms import _RequestFrame

    try:
        body = {"type": "Answer", "answer": _ANSWERS[question["ask"]](question)}
    except Exception as error:  # noqa: BLE001 - a class of the user's may raise anything
        body = {"type": "AnswerError", "answer": "".join(format_exception(error))}
    frame = _RequestFrame(id=next(decoder.id_counter), body=body)
    decoder.socket.sendall(frame.as_bytes())
    decoder._read_frame()


def _time(text: str | None) -> Any:
    from airflow._shared.timezones.timezone import coerce_datetime

    return coerce_datetime(datetime.datetime.fromisoformat(text)) if text else None


def _text(time: datetime.datetime | None) -> str | None:
    return time and time.astimezone(datetime.UTC).isoformat()


def _timetable(question: dict[str, Any]) -> Any:
    from airflow.serialization.decoders import decode_timetable

    return decode_timetable(_without_facts(question["timetable"]))


def _without_facts(encoded: Any) -> Any:
    if not isinstance(encoded, dict):
        return encoded
    return {name: _without_facts(value) for name, value in encoded.items() if name != "__facts"}


def _run(timetable: Any, info: Any, run_type: str) -> dict[str, Any]:
    from airflow.utils.types import DagRunType

    interval = info.data_interval
    run_id = timetable.generate_run_id(
        run_type=DagRunType(run_type),
        run_after=info.run_after,
        data_interval=interval,
        partition_key=info.partition_key,
    )
    return {
        "run_after": _text(info.run_after),
        "start": interval and _text(interval.start),
        "end": interval and _text(interval.end),
        "partition_key": info.partition_key,
        "partition_date": _text(info.partition_date),
        "run_id": run_id,
    }


def _next_run(question: dict[str, Any]) -> dict[str, Any] | None:
    from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction

    timetable = _timetable(question)
    if not timetable.can_be_scheduled:
        return None
    last = None
    if told := question["last"]:
        interval = told["start"] and DataInterval(_time(told["start"]), _time(told["end"]))
        last = DagRunInfo(
            run_after=_time(told["run_after"]),
            data_interval=interval,
            partition_key=told["partition_key"],
            partition_date=_time(told["partition_date"]),
        )
    restriction = TimeRestriction(_time(question["earliest"]), _time(question["latest"]), question["catchup"])
    info = timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=restriction)
    return info and _run(timetable, info, "scheduled")


def _runs_between(question: dict[str, Any]) -> list[dict[str, Any]]:
    from airflow.timetables.base import TimeRestriction

    timetable = _timetable(question)
    earliest, latest = _time(question["earliest"]), _time(question["latest"])
    if timetable.partitioned:
        infos = timetable.iter_partition_dagrun_infos(earliest=earliest, latest=latest)
        return [_run(timetable, info, "backfill") for info in infos]
    restriction = TimeRestriction(earliest, latest, catchup=True)
    runs: list[dict[str, Any]] = []
    info = None
    while info := timetable.next_dagrun_info_v2(last_dagrun_info=info, restriction=restriction):
        runs.append(_run(timetable, info, "backfill"))
        if len(runs) > _MOST_RUNS:
            raise ValueError(f"the timetable has more than {_MOST_RUNS} runs in that range")
    return runs


def _manual_run(question: dict[str, Any]) -> dict[str, Any]:
    from airflow.utils.types import DagRunType

    timetable = _timetable(question)
    logical_date = _time(question["logical_date"])
    interval = timetable.infer_manual_data_interval(run_after=logical_date) if logical_date else None
    run_id = timetable.generate_run_id(
        run_type=DagRunType(question["run_type"]), run_after=_time(question["run_after"]), data_interval=interval
    )
    return {
        "start": interval and _text(interval.start),
        "end": interval and _text(interval.end),
        "run_id": run_id,
        "partition_date": _text(timetable.resolve_partition_date(question["partition_key"])),
    }


def _map_partition(question: dict[str, Any]) -> list[dict[str, Any]]:
    from airflow.serialization.decoders import decode_partition_mapper

    mapper = decode_partition_mapper(question["mapper"])
    keys = mapper.to_downstream(question["key"])
    return [_mapped(mapper, key) for key in ([keys] if isinstance(keys, str) else keys)]


def _mapped(mapper: Any, key: str) -> dict[str, Any]:
    out: dict[str, Any] = {"key": key, "is_temporal": False, "date": None, "needs": None}
    # As with a built-in one: a mapper that cannot read its own keys has no date, and waits for ever.
    try:
        out["date"] = _text(mapper.to_partition_date(key))
        out["is_temporal"] = out["date"] is not None
    except Exception:  # noqa: BLE001
        out["is_temporal"] = True
    if mapper.is_rollup:
        try:
            minimum = getattr(mapper.wait_policy, "n", None)
            out["needs"] = {"keys": sorted(mapper.to_upstream(key)), "minimum": minimum}
        except Exception:  # noqa: BLE001
            out["needs"] = {"keys": [], "minimum": 1}
    return out


def _deadline_callback(question: dict[str, Any]) -> None:
    from airflow.sdk.definitions.callback import AsyncCallback
    from airflow.sdk.execution_time import callback_supervisor
    from airflow.sdk.serde import deserialize

    callback = deserialize(question["callback"])
    sys.path.append(question["bundle_path"])
    kwargs = {**callback.kwargs, "context": question["context"]}
    if isinstance(callback, AsyncCallback):
        return asyncio.run(_run_async(callback.path, kwargs))
    done, error = callback_supervisor.execute_callback(
        callback.path, kwargs, question["relative_fileloc"], question["bundle_path"], structlog.get_logger()
    )
    if not done:
        raise RuntimeError(error)


def _catalog(question: dict[str, Any]) -> list[dict[str, Any]]:
    return _CATALOG[question["list"]](question)


def _providers(_question: dict[str, Any]) -> list[dict[str, Any]]:
    from airflow.api_fastapi.core_api.services.public.providers import _provider_mapper
    from airflow.providers_manager import ProvidersManager

    known = ProvidersManager().providers.values()
    providers = [_provider_mapper(provider).model_dump(mode="json") for provider in known]
    return sorted(providers, key=lambda provider: provider["package_name"])


def _hook_meta(_question: dict[str, Any]) -> list[dict[str, Any]]:
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

    return [form.model_dump(mode="json", by_alias=True) for form in HookMetaService.hook_meta_data()]


def _default_connections(_question: dict[str, Any]) -> list[dict[str, Any]]:
    from airflow.utils.db import get_default_connections

    return [_connection(connection) for connection in get_default_connections()]


def _connection(connection: Any) -> dict[str, Any]:
    fields = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")
    told = {field: getattr(connection, field) for field in fields}
    return {"connection_id": connection.conn_id, **{field: value for field, value in told.items() if value is not None}}


def _configuration(question: dict[str, Any]) -> list[dict[str, Any]]:
    from airflow.api_fastapi.core_api.services.public import config
    from airflow.configuration import conf

    for name in [name for name in os.environ if name.startswith("AIRFLOW__")]:
        del os.environ[name]
    os.environ.update(question["variables"])
    sections = conf.as_dict(display_source=False, display_sensitive=False)
    config._mask_per_key_sensitive_options(sections)

    def is_sensitive(section: str, key: str) -> bool:
        return conf.is_sensitive_option(section, key) or config._is_per_key_sensitive_option(section, key)

    return [
        {
            "name": name,
            "options": {key: str(value) for key, value in options.items()},
            "sensitive": [key for key in options if is_sensitive(name, key)],
        }
        for name, options in sections.items()
    ]


def _test_connection(question: dict[str, Any]) -> dict[str, Any]:
    from airflow.models.connection import Connection
    from airflow.secrets.environment_variables import CONN_ENV_PREFIX

    # Hooks look for their connection by its id: this one is found in the environment of this process alone.
    connection = Connection(conn_id=f"test_{secrets.token_hex(8)}", **question["connection"])
    os.environ[CONN_ENV_PREFIX + connection.conn_id.upper()] = connection.get_uri()
    status, message = connection.test_connection()
    password = question["connection"].get("password")
    return {"status": bool(status), "message": str(message).replace(password, "***") if password else str(message)}


def _plugins(_question: dict[str, Any]) -> dict[str, Any]:
    from leoflow_worker.plugins import describe

    return describe()


async def _run_async(path: str, kwargs: dict[str, Any]) -> None:
    from airflow._shared.module_loading import accepts_context, import_string

    function = import_string(path)
    if not accepts_context(function):
        kwargs.pop("context")
    await function(**kwargs)


_CATALOG = {
    "providers": _providers,
    "hook_meta": _hook_meta,
    "default_connections": _default_connections,
    "configuration": _configuration,
}

_ANSWERS = {
    "next_run": _next_run,
    "runs_between": _runs_between,
    "manual_run": _manual_run,
    "map_partition": _map_partition,
    "catalog": _catalog,
    "test_connection": _test_connection,
    "plugins": _plugins,
    "deadline_callback": _deadline_callback,
}
