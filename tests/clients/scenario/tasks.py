"""Task instances of a run with one of everything, their XComs, logs, links, stores and questions to people."""

from __future__ import annotations

from typing import Any

import runs
from airflow_client.client import DagRunApi, ExtraLinksApi, MonitorApi, TaskInstanceApi, TaskStateStoreApi, XComApi
from airflow_client.client.models import (
    BulkBodyBulkTaskInstanceBody,
    ClearTaskInstancesBody,
    PatchTaskInstanceBody,
    TaskInstancesBatchBody,
    TaskStateStoreBody,
    TaskStateStorePatchBody,
    TriggerDAGRunPostBody,
    UpdateHITLDetailPayload,
    XComCreateBody,
    XComUpdateBody,
)
from recorder import Recorder, until

_RUN = ("pipeline", "whole")
_WORK = (*_RUN, "work")
_MAPPED = (*_RUN, "mapped")
_ASK = (*_RUN, "ask", -1)

# By their ids they have no order.
_ORDER = ["map_index", "start_date"]


def play(recorder: Recorder) -> None:
    """Plays a run to its end and on."""
    instances = recorder.of(TaskInstanceApi)
    body = TriggerDAGRunPostBody(dag_run_id="whole", logical_date="2026-01-02T00:00:00Z")
    recorder.of(DagRunApi).trigger_dag_run("pipeline", body)
    runs.pause(recorder, "pipeline", False)
    _answer(recorder, instances)
    runs.await_end(recorder, *_RUN)
    _read(recorder, instances)
    _read_mapped(instances)
    _xcoms(recorder.of(XComApi))
    _store(recorder.of(TaskStateStoreApi))
    _clear(recorder, instances)
    _mark(instances)
    _change_many(instances)


def _answer(recorder: Recorder, instances: Any) -> None:
    asked = TaskInstanceApi(recorder.client)
    until(lambda: asked.get_task_instance(*_ASK[:3]).state in ("deferred", "awaiting_input"), "a task asks people")
    _await_scheduler(recorder)
    instances.get_task_instance_dependencies(*_ASK[:3])
    instances.get_hitl_detail(*_ASK)
    instances.update_hitl_detail(*_ASK, UpdateHITLDetailPayload(chosen_options=["that"]))
    instances.update_hitl_detail(*_ASK, UpdateHITLDetailPayload(chosen_options=["that"]))


def _await_scheduler(recorder: Recorder) -> None:
    """Waits until the scheduler knows that the task's process has ended.

    Airflow takes that for a failure once the task is queued again by an answer, has it ask anew, and waits for ever.
    """
    health = MonitorApi(recorder.client)
    before = health.get_health().scheduler.latest_scheduler_heartbeat
    until(lambda: health.get_health().scheduler.latest_scheduler_heartbeat != before, "the scheduler comes round")


def _read(recorder: Recorder, instances: Any) -> None:
    instances.get_task_instances(*_RUN, order_by=_ORDER)
    instances.get_task_instances(*_RUN, order_by=["task_id"])
    instances.get_task_instances("~", "~", task_id="work")
    batch = TaskInstancesBatchBody(dag_ids=["pipeline"], task_ids=["work", "ask"], order_by="start_date")
    instances.get_task_instances_batch("~", "~", batch)
    instances.get_task_instance(*_WORK)
    instances.get_task_instance(*_RUN, "nothing")
    instances.get_task_instance_tries(*_WORK)
    instances.get_task_instance_try_details(*_WORK, 1)
    instances.get_task_instance_dependencies(*_WORK)
    instances.get_log(*_WORK, 1, full_content=True)
    instances.get_external_log_url(*_WORK, 1)
    instances.get_extra_links(*_RUN, "linked")
    recorder.of(ExtraLinksApi).get_extra_links(*_RUN, "linked")
    instances.get_hitl_detail_try_detail(*_ASK, 1)
    instances.get_hitl_details(*_RUN)


def _read_mapped(instances: Any) -> None:
    instances.get_mapped_task_instances(*_MAPPED)
    instances.get_mapped_task_instance(*_MAPPED, 1)
    instances.get_mapped_task_instance_tries(*_MAPPED, 1)
    instances.get_mapped_task_instance_try_details(*_MAPPED, 1, 1)
    instances.get_task_instance_dependencies_by_map_index(*_MAPPED, 1)


def _xcoms(xcoms: Any) -> None:
    place = ("pipeline", "work", "whole")
    xcoms.create_xcom_entry(*place, XComCreateBody(key="by_hand", value={"a": [1, None, "x"]}))
    xcoms.create_xcom_entry(*place, XComCreateBody(key="by_hand", value=1))
    xcoms.update_xcom_entry(*place, "by_hand", XComUpdateBody(value="changed"))
    xcoms.get_xcom_entry(*place, "by_hand")
    xcoms.get_xcom_entry(*place, "return_value", deserialize=True)
    xcoms.get_xcom_entries(*_RUN, "~")
    xcoms.delete_xcom_entry(*place, "by_hand")
    xcoms.get_xcom_entry(*place, "by_hand")


def _store(stores: Any) -> None:
    stores.set_task_state_store("seen", *_WORK, TaskStateStoreBody(value={"rows": 3}))
    stores.set_task_state_store("offset", *_WORK, TaskStateStoreBody.from_dict({"value": 17, "expires_at": "default"}))
    stores.patch_task_state_store("seen", *_WORK, TaskStateStorePatchBody(value=[4]))
    stores.get_task_state_store("seen", *_WORK)
    stores.list_task_state_store(*_WORK)
    stores.delete_task_state_store("seen", *_WORK)
    stores.clear_task_state_store(*_WORK)
    stores.get_task_state_store("seen", *_WORK)


def _clear(recorder: Recorder, instances: Any) -> None:
    body = {"dag_run_id": "whole", "task_ids": ["work"], "only_failed": False}
    instances.post_clear_task_instances("pipeline", ClearTaskInstancesBody.from_dict(body))
    instances.post_clear_task_instances("pipeline", ClearTaskInstancesBody.from_dict(body | {"dry_run": False}))
    runs.await_end(recorder, *_RUN)
    instances.get_task_instance_tries(*_WORK)
    instances.get_task_instance_try_details(*_WORK, 2)


def _mark(instances: Any) -> None:
    failed = PatchTaskInstanceBody(new_state="failed", note="marked")
    success = PatchTaskInstanceBody(new_state="success", include_downstream=True)
    instances.patch_task_instance_dry_run(*_WORK, failed)
    instances.patch_task_instance(*_WORK, failed)
    instances.patch_task_instance(*_WORK, PatchTaskInstanceBody(note="only a note"), update_mask=["note"])
    instances.patch_task_instance_dry_run_by_map_index(*_MAPPED, 1, failed)
    instances.patch_task_instance_by_map_index(*_MAPPED, 1, failed)
    instances.patch_task_group_instances_dry_run(*_RUN, "group", failed)
    instances.patch_task_group_instances(*_RUN, "group", failed)
    instances.patch_task_group_instances(*_RUN, "group", success)


def _change_many(instances: Any) -> None:
    actions = [
        {"action": "update", "entities": [{"task_id": "linked", "new_state": "failed", "note": "marked"}]},
        {"action": "update", "entities": [{"task_id": "nothing", "note": "marked"}]},
        {"action": "delete", "entities": ["ask"]},
    ]
    instances.bulk_task_instances(*_RUN, BulkBodyBulkTaskInstanceBody.from_dict({"actions": actions}))
    instances.delete_task_instance(*_RUN, "group.inside")
    instances.delete_task_instance(*_RUN, "group.inside")
    instances.get_task_instances(*_RUN, order_by=_ORDER)
