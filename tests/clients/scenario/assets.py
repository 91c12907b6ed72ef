"""Assets, their events, queues and stores, and backfills."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow_client.client import AssetApi, AssetStateStoreApi, BackfillApi, DAGApi
from airflow_client.client.models import (
    AssetStateStoreBody,
    BackfillPostBody,
    CreateAssetEventsBody,
    DAGPatchBody,
    MaterializeAssetBody,
)
from recorder import Recorder


def play(recorder: Recorder) -> None:
    """Tells of assets that have changed, and takes it back."""
    DAGApi(recorder.client).patch_dag("consumer", DAGPatchBody(is_paused=False))
    assets = recorder.of(AssetApi)
    ids = {asset.name: asset.id for asset in assets.get_assets(order_by=["name"]).assets}
    assets.get_asset(ids["report"])
    aliases = assets.get_asset_aliases()
    assets.get_asset_alias(aliases.asset_aliases[0].id)
    _queues(assets, ids["report"])
    assets.get_asset_events(asset_id=ids["report"], order_by=["timestamp"])
    assets.materialize_asset(ids["made"], MaterializeAssetBody(dag_run_id="by_hand", note="made by hand"))
    assets.materialize_asset(ids["never"])
    _store(recorder.of(AssetStateStoreApi), ids["report"])
    _backfills(recorder.of(BackfillApi))


def _queues(assets: Any, report: int) -> None:
    event = CreateAssetEventsBody(asset_id=report, extra={"rows": 3})
    assets.create_asset_event(event)
    assets.get_asset_queued_events(report)
    assets.get_dag_asset_queued_events("consumer")
    assets.get_dag_asset_queued_event("consumer", report)
    assets.delete_dag_asset_queued_event("consumer", report)
    assets.create_asset_event(event)
    assets.delete_dag_asset_queued_events("consumer")
    assets.create_asset_event(event)
    assets.delete_asset_queued_events(report)
    assets.get_asset_queued_events(report)


def _store(stores: Any, report: int) -> None:
    stores.set_asset_state_store("watermark", report, AssetStateStoreBody(value="2026-01-02"))
    stores.set_asset_state_store("seen", report, AssetStateStoreBody(value={"rows": [1, 2]}))
    stores.get_asset_state_store("seen", report)
    stores.list_asset_state_store(report)
    stores.delete_asset_state_store("seen", report)
    stores.clear_asset_state_store(report)
    stores.get_asset_state_store("seen", report)


def _backfills(backfills: Any) -> None:
    body = BackfillPostBody(
        dag_id="daily",
        from_date=datetime(2026, 1, 1, tzinfo=UTC),
        to_date=datetime(2026, 1, 3, tzinfo=UTC),
        dag_run_conf={"by": "hand"},
        max_active_runs=2,
    )
    backfills.create_backfill_dry_run(body)
    number = backfills.create_backfill(body).id
    backfills.create_backfill(body)
    backfills.pause_backfill(number)
    backfills.unpause_backfill(number)
    backfills.get_backfill(number)
    backfills.list_backfills("daily")
    backfills.cancel_backfill(number)
