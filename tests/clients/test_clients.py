"""Airflow's Python client and airflowctl, as they are on PyPI, against Leoflow: every operation and every command."""

from __future__ import annotations

from typing import Any

import pytest
from playing import files, play

# The calls that are to be refused, with the reason where it is not that they ask for what is not there or is there
# already. Numbers are those of calls of one operation.
REFUSED = {
    "AssetApi.materialize_asset #2": 404,
    "AssetStateStoreApi.get_asset_state_store #2": 404,
    "BackfillApi.create_backfill #2": 409,
    "ConfigApi.get_config #1": 403,  # the configuration is not exposed, as by default
    "ConfigApi.get_config_value #1": 403,
    "ConnectionApi.delete_connection #2": 404,
    "ConnectionApi.enqueue_connection_test #1": 403,  # connections are not tested, as by default
    "ConnectionApi.get_connection_test #1": 404,
    "ConnectionApi.post_connection #2": 409,
    "ConnectionApi.test_connection #1": 403,
    "DAGApi.get_dag #2": 404,
    "DAGParsingApi.reparse_dag_file #2": 404,
    "DagRunApi.delete_dag_run #3": 404,
    "DagRunApi.trigger_dag_run #2": 409,
    "LoginApi.login #2": 400,
    "PoolApi.delete_pool #2": 400,
    "PoolApi.patch_pool #2": 422,  # names less than a pool has to have
    "PoolApi.patch_pool #3": 400,  # the mask is to say what changes of this one
    "PoolApi.post_pool #2": 409,
    "TaskInstanceApi.delete_task_instance #2": 404,
    "TaskInstanceApi.get_external_log_url #1": 400,  # logs are nowhere else
    "TaskInstanceApi.get_task_instance #2": 404,
    "TaskInstanceApi.get_task_instances #2": 400,  # not an order that there is
    "TaskInstanceApi.update_hitl_detail #2": 409,
    "TaskStateStoreApi.get_task_state_store #2": 404,
    "VariableApi.delete_variable #2": 404,
    "VariableApi.post_variable #3": 409,
    "XComApi.create_xcom_entry #2": 409,
    "XComApi.get_xcom_entry #3": 404,
}
# What the client cannot read of any server: two of the models that it tries fit the same answer.
UNREADABLE = {f"DagRunApi.{name}" for name in ("clear_dag_run #1", "clear_dag_runs #1")}

# The commands that are to fail: asked for what is not there or is there already, or, with a reason, always.
FAILING = {
    "assets delete-dag-queued-events #1": "asks for a path that no server has",
    "assets delete-queued-event #1": "asks for a path that no server has",
    "assets delete-queued-events #1": "asks for a path that no server has",
    "assets materialize #1": "prints nothing: it forgot its option --output",
    "backfill cancel #1": "asks with a method that no server knows",
    "backfill create-dry-run #1": "reads the answer as if a backfill had been made",
    "backfill pause #1": "asks with a method that no server knows",
    "backfill unpause #1": "asks with a method that no server knows",
    "config get #1": "the configuration is not exposed, as by default",
    "config lint #1": "the configuration is not exposed, as by default",
    "config list #1": "the configuration is not exposed, as by default",
    "connections create-defaults #1": "does not expect the empty answer that the API describes",
    "connections delete #2": "",
    "connections test #1": "connections are not tested, as by default",
    "dags get #2": "",
    "dags get-tags #1": "cannot print a list of texts",
    "dags trigger #2": "",
    "variables get #2": "",
    "variables import #2": "",
    "xcom add #2": "",
}


@pytest.fixture(scope="module")
def played(make_shared_lite) -> dict[str, Any]:
    """What the clients offer and what they were answered."""
    return play(make_shared_lite(files()))


def test_every_operation_of_the_client_is_called(played):
    assert {name.partition(" ")[0] for name in played["client"]} == set(played["operations"])


def test_operations_succeed_unless_there_is_a_reason(played):
    assert {name: answer["status"] for name, answer in played["client"].items() if answer["status"] >= 400} == REFUSED


def test_the_client_reads_every_answer(played):
    unreadable = {name: answer["unreadable"] for name, answer in played["client"].items() if "unreadable" in answer}
    assert set(unreadable) == UNREADABLE, unreadable


def test_every_command_is_typed(played):
    assert {name.rpartition(" ")[0] for name in played["terminal"]} == set(played["commands"])


def test_commands_succeed_unless_there_is_a_reason(played):
    failing = {name: answer["body"] for name, answer in played["terminal"].items() if answer["status"]}
    assert set(failing) == set(FAILING), failing
