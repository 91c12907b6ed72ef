"""Imports and lazy set-up that every child would otherwise repeat."""

from __future__ import annotations

import gc
import os
from typing import Any

from leoflow_worker.heap import freeze_heap


def warm_up() -> None:
    """Import what tasks and parsers need, and build what they build lazily."""
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "client"
    import jinja2.nativetypes  # noqa: F401
    import setproctitle  # noqa: F401
    from pydantic import JsonValue

    import airflow.dag_processing.processor as processor
    import airflow.sdk  # noqa: F401
    import airflow.sdk.definitions.asset.metadata  # noqa: F401
    import airflow.sdk.execution_time.secrets.execution_api  # noqa: F401
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.importers import get_importer_registry
    from airflow.sdk import DAG, BaseOperator, task  # noqa: F401
    from airflow.sdk.api.client import get_hostname, getuser
    from airflow.sdk.execution_time import comms, supervisor, task_runner

    for module in (comms, processor, task_runner):
        _share_type_adapters(module)
    comms.TypeAdapter(comms.ToTask)
    processor.TypeAdapter(processor.ToDagProcessor)
    task_runner.TypeAdapter(JsonValue)
    get_importer_registry()
    get_hostname()
    getuser()
    DagBundlesManager()
    _touch_stats(task_runner)
    _render_once(BaseOperator, DAG)
    supervisor._make_process_nondumpable()
    # Once for all children: with it they need not dispose of database engines after the fork either.
    supervisor.block_orm_access()
    supervisor.block_orm_access = lambda: None


def freeze() -> None:
    """Move all objects out of the collector's sight, so that children share their pages, and make forks cheap."""
    gc.collect()
    gc.freeze()
    freeze_heap()


def _share_type_adapters(module: Any) -> None:
    """Let a module build the pydantic adapter of each type once, not once per decoder."""
    original = module.TypeAdapter

    class SharedTypeAdapter:
        _built: dict[int, tuple[Any, Any]] = {}

        def __new__(cls, tp: Any) -> Any:
            # The type is kept beside its adapter, so that its id stays taken.
            if id(tp) not in cls._built:
                cls._built[id(tp)] = (tp, original(tp))
            return cls._built[id(tp)][1]

        def __class_getitem__(cls, item: Any) -> type:
            return cls

    module.TypeAdapter = SharedTypeAdapter


def _touch_stats(task_runner: Any) -> None:
    from airflow.sdk.configuration import conf

    task_runner.stats.initialize(
        factory=task_runner.stats_utils.get_stats_factory(),
        export_legacy_names=conf.getboolean("metrics", "legacy_names_on"),
    )


def _render_once(base_operator: Any, dag_class: Any) -> None:
    """Render one template: Jinja, its sandbox and our filters are imported lazily."""
    with dag_class("leoflow_warm_up", schedule=None) as dag:

        class WarmUp(base_operator):
            template_fields = ("value",)

            def __init__(self, value: str, **kwargs: Any) -> None:
                super().__init__(**kwargs)
                self.value = value

        operator = WarmUp(task_id="warm_up", value="{{ 1 + 1 }}")
    operator.render_template_fields({"dag": dag}, dag.get_template_env())
