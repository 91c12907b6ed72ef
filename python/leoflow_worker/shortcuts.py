"""What the stock runner works out anew for every task, though a file's answer is always the same.

Worked out once instead, in the process that imported the file; children forked from it inherit the answer.
Each shortcut answers for the imported DAGs only and leaves everything else to the stock code.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

_BUNDLES = "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"


def take_shortcuts(bag: Any) -> None:
    """Install all of them.

    Args:
        bag: The DAG bag that was imported, without import errors.
    """
    dags = {id(dag): dag for dag in bag.dags.values()}
    _allow_classes_once(dags)
    _list_mapped_nodes_once(dags)
    _build_template_environments_once(dags)
    _configure_bundles_once()
    _configure_stats_once()
    _build_decoder_once()


def _allow_classes_once(dags: dict[int, Any]) -> None:
    """The classes that XComs may be made of: the stock runner asks every task of the DAG for them."""
    import structlog

    from airflow.sdk.execution_time import task_runner

    stock = task_runner._register_deserialization_allowed_classes
    for dag in dags.values():
        stock(dag, structlog.get_logger(logger_name="task"))

    def register(dag: Any, log: Any) -> None:
        if id(dag) not in dags:
            stock(dag, log)

    task_runner._register_deserialization_allowed_classes = register


def _list_mapped_nodes_once(dags: dict[int, Any]) -> None:
    """The mapped tasks and groups: the stock operator looks for its own among all of the DAG."""
    from airflow.sdk.definitions._internal.abstractoperator import AbstractOperator
    from airflow.sdk.definitions.mappedoperator import MappedOperator
    from airflow.sdk.definitions.taskgroup import MappedTaskGroup, TaskGroup

    def walk(group: Any) -> Iterator[Any]:
        for child in group.children.values():
            yield child
            if isinstance(child, TaskGroup):
                yield from walk(child)

    mapped = {
        key: [node for node in walk(dag.task_group) if isinstance(node, (MappedOperator, MappedTaskGroup))]
        for key, dag in dags.items()
    }
    stock = AbstractOperator._iter_all_mapped_downstreams

    def iterate(self: Any) -> Iterator[Any]:
        nodes = mapped.get(id(self.get_dag()))
        if nodes is None:
            yield from stock(self)
            return
        for node in nodes:
            if node.node_id != self.node_id and self.node_id in node.upstream_task_ids:
                yield node

    AbstractOperator._iter_all_mapped_downstreams = iterate


def _build_template_environments_once(dags: dict[int, Any]) -> None:
    """The Jinja environment of each DAG; it depends on the DAG alone."""
    from airflow.sdk import DAG

    stock = DAG.get_template_env
    built = {}
    for key, dag in dags.items():
        # A DAG whose settings Jinja refuses fails in its tasks, as with the stock code.
        with contextlib.suppress(Exception):
            built[key] = stock(dag)

    def get_template_env(self: Any, *, force_sandboxed: bool = False) -> Any:
        environment = None if force_sandboxed else built.get(id(self))
        return environment or stock(self, force_sandboxed=force_sandboxed)

    DAG.get_template_env = get_template_env  # type: ignore[method-assign]


def _configure_bundles_once() -> None:
    """The bundles: always the one local folder that the file is in, which has no state."""
    from airflow.sdk.execution_time import task_runner

    stock = task_runner.DagBundlesManager
    config = os.environ[_BUNDLES]
    manager = stock()
    manager.get_bundle = functools.cache(manager.get_bundle)
    for bundle in json.loads(config):
        # As the stock runner calls it.
        manager.get_bundle(name=bundle["name"], version=None)

    def bundles_manager() -> Any:
        return manager if os.environ.get(_BUNDLES) == config else stock()

    task_runner.DagBundlesManager = bundles_manager


def _configure_stats_once() -> None:
    """Which kind of metrics the configuration asks for."""
    from airflow.sdk.execution_time import task_runner

    factory = task_runner.stats_utils.get_stats_factory()
    task_runner.stats_utils = SimpleNamespace(get_stats_factory=lambda: factory)  # type: ignore[assignment]


def _build_decoder_once() -> None:
    """The decoder of the supervisor's answers: its generic type alone hashes a hundred types."""
    import msgspec

    from airflow.sdk.execution_time import comms, task_runner

    answers = msgspec.msgpack.Decoder(comms._ResponseFrame)

    class Decoders:
        def __getitem__(self, _types: Any) -> Any:
            return lambda **fields: comms.CommsDecoder(resp_decoder=answers, **fields)

    task_runner.CommsDecoder = Decoders()
