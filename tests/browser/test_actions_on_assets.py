"""What can be done with assets."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from stores import add_edit_delete_and_clear
from support import eventually


@pytest.fixture
def asset(world) -> str:
    """Gives the asset's id."""
    return str(world[1]["asset"])


@pytest.mark.does("createAssetEvent")
def test_an_event_is_created(guest, asset):
    events = f"/api/v2/assets/events?asset_id={asset}&order_by=-timestamp"
    before = guest.lite.get(events)["total_entries"]
    guest.go("assets")
    guest.button("Create Event").click()
    dialog = guest.dialog("Create Asset Event")
    dialog.get_by_text("Manual", exact=True).click()
    guest.write('{"said": "by hand"}')
    dialog.get_by_role("textbox", name="Partition Key").click()
    guest.confirm("Create Asset Event", "Create Event")
    eventually(lambda: guest.lite.get(events)["total_entries"] == before + 1, "the event is there")
    assert guest.lite.get(events)["asset_events"][0]["extra"]["said"] == "by hand"


@pytest.mark.does("materializeAsset")
def test_an_asset_is_materialized(guest, asset):
    runs = "/api/v2/dags/pipeline/dagRuns?run_type=asset_materialization"
    guest.go(f"assets/{asset}")
    guest.button("Create Event").click()
    guest.dialog("Create Asset Event").get_by_text("Materialize", exact=True).click()
    guest.picture("materialize")
    guest.confirm("Create Asset Event", "Trigger")
    [run] = eventually(lambda: guest.lite.get(runs)["dag_runs"], "the run is there")
    guest.lite.await_run("pipeline", run["dag_run_id"], "failed")


def test_assets_are_searched_and_what_depends_on_them_is_followed(guest, asset):
    page = guest.page
    guest.go("assets")
    page.get_by_test_id("search-dags").fill("no such")
    expect(page.get_by_text("No Assets found")).to_be_visible()
    guest.button("Clear search").click()
    guest.button("1 Task").click()
    expect(page.get_by_role("link", name="pipeline.publish")).to_be_visible()
    page.keyboard.press("Escape")
    guest.button("1 Dag").click()
    page.get_by_role("link", name="consumer").click()
    page.wait_for_url("**/dags/consumer")


def test_the_graph_of_an_asset_shows_its_tasks_and_turns(guest, asset):
    page = guest.page
    guest.go(f"assets/{asset}")
    guest.button("Task Dependencies").click()
    expect(page.locator(".react-flow__node", has_text="publish")).to_be_visible()
    guest.button("Options").click()
    page.get_by_role("combobox", name="Graph Direction").click()
    page.get_by_role("option", name="Top to Bottom").click()
    page.keyboard.press("Escape")
    for name in ("Zoom In", "Zoom Out", "Fit View"):
        guest.button(name).click()
    guest.picture("asset_graph")
    guest.button("Scheduling").click()
    expect(page.locator(".react-flow__node", has_text="consumer")).to_be_visible()
    with page.expect_download() as download:
        guest.button("Download graph image").click()
    assert download.value.suggested_filename.endswith(".png")


@pytest.mark.does("setAssetStateStore", "deleteAssetStateStore", "clearAssetStateStore")
def test_what_an_asset_stores_is_added_edited_deleted_and_cleared(guest, asset):
    store = f"/api/v2/assets/{asset}/state-store"
    guest.go(f"assets/{asset}/asset-state-store")
    add_edit_delete_and_clear(guest, "Asset State Store", store)
    guest.lite.request("PUT", f"{store}/watermark", {"value": "2026-01-02"})
