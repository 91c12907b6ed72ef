"""Variables, connections, pools and the configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_client.client import ConfigApi, ConnectionApi, PoolApi, VariableApi
from airflow_client.client.models import (
    BulkBodyConnectionBody,
    BulkBodyPoolBody,
    BulkBodyVariableBody,
    ConnectionBody,
    ConnectionTestRequestBody,
    PoolBody,
    PoolPatchBody,
    VariableBody,
)
from recorder import Recorder


def play(recorder: Recorder) -> None:
    """Makes, reads, changes and deletes each."""
    _variables(recorder.of(VariableApi))
    _connections(recorder.of(ConnectionApi))
    _pools(recorder.of(PoolApi))
    config = recorder.of(ConfigApi)
    config.get_config()
    config.get_config_value("core", "parallelism")


def _variables(variables: Any) -> None:
    variables.post_variable(VariableBody(key="greeting", value="hello", description="said first"))
    variables.post_variable(VariableBody(key="a_password", value="hidden"))
    variables.post_variable(VariableBody(key="greeting", value="there is one"))
    variables.patch_variable("greeting", VariableBody(key="greeting", value={"deep": [1, None]}), update_mask=["value"])
    one = {"key": "made", "value": "1"}
    _bulk(variables.bulk_variables, BulkBodyVariableBody, one, one | {"value": "2"}, "key")
    variables.get_variable("greeting")
    variables.get_variables(order_by=["-key"], variable_key_pattern="%e%")
    variables.get_variables()
    variables.delete_variable("a_password")
    variables.delete_variable("a_password")


def _connections(connections: Any) -> None:
    web = ConnectionBody(connection_id="web", conn_type="http", host="example.com", password="hidden", port=81)
    connections.post_connection(web)
    connections.post_connection(web)
    changed = ConnectionBody(connection_id="web", conn_type="http", schema="https", extra='{"api_key": "x", "a": 1}')
    connections.patch_connection("web", changed)
    one = {"connection_id": "made", "conn_type": "http"}
    _bulk(connections.bulk_connections, BulkBodyConnectionBody, one, one | {"login": "ann"}, "connection_id")
    connections.get_connection("web")
    connections.get_connections()
    connections.test_connection(web)
    connections.enqueue_connection_test(ConnectionTestRequestBody(connection_id="web", conn_type="http"))
    connections.get_connection_test("nothing")
    connections.delete_connection("web")
    connections.delete_connection("web")
    connections.create_default_connections()
    connections.get_connections(limit=100)


def _pools(pools: Any) -> None:
    pools.post_pool(PoolBody(name="narrow", slots=2, description="two"))
    pools.post_pool(PoolBody(name="narrow", slots=3))
    pools.patch_pool("narrow", PoolPatchBody(pool="narrow", slots=3, include_deferred=True), update_mask=["slots"])
    pools.patch_pool("narrow", PoolPatchBody(slots=4), update_mask=["slots"])
    pools.patch_pool("default_pool", PoolPatchBody(slots=64))
    pools.patch_pool("default_pool", PoolPatchBody(slots=128), update_mask=["slots"])
    one = {"name": "made", "slots": 1}
    _bulk(pools.bulk_pools, BulkBodyPoolBody, one, one | {"slots": -1}, "name")
    pools.get_pool("narrow")
    pools.get_pools()
    pools.delete_pool("narrow")
    pools.delete_pool("default_pool")


def _bulk(call: Callable[..., Any], body: Any, create: dict[str, Any], update: dict[str, Any], key: str) -> None:
    """Makes one with a bulk request, then changes and deletes it with another; both meet something unexpected."""
    made = {"action": "create", "entities": [create]}
    refused = {"action": "update", "entities": [update | {key: "nothing"}]}
    changed = {"action": "update", "entities": [update]}
    gone = {"action": "delete", "entities": ["nothing"], "action_on_non_existence": "skip"}
    call(body.from_dict({"actions": [made, refused]}))
    call(body.from_dict({"actions": [made, changed, gone]}))
    call(body.from_dict({"actions": [made | {"action_on_existence": "overwrite"}, gone]}))
    call(body.from_dict({"actions": [{"action": "delete", "entities": [create[key]]}]}))
