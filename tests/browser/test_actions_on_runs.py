"""What can be done with runs: on a run's page, in lists, to several at once, and with backfills."""

from __future__ import annotations

import pytest
from content import do_chores, start
from guest import Guest
from playwright.sync_api import Locator, expect
from support import eventually


def number_of_tries(guest: Guest, run_id: str, task_id: str) -> int:
    """Returns the number of the last try of a task of the chores."""
    return int(guest.lite.task_instances("chores", run_id)[task_id]["try_number"])


def asked_to_clear(guest: Guest, run_id: str) -> Locator:
    """Does chores, and returns the dialog that asks what of them is to be cleared."""
    do_chores(guest.lite, run_id)
    guest.go(f"dags/chores/runs/{run_id}")
    guest.button("Press shift+c to clear").click()
    return guest.dialog("Clear Dag Run")


@pytest.mark.does("triggerDagRun")
def test_a_run_is_triggered_with_parameters_a_run_id_and_a_note(guest):
    lite, page = guest.lite, guest.page
    guest.go("dags/chores")
    page.get_by_test_id("trigger-dag-button").click()
    dialog = guest.dialog("Trigger Dag")
    dialog.get_by_role("button", name="Run Parameters").wait_for()
    page.locator("input[name=element_soap]").fill("blue")
    guest.button("Advanced Options").click()
    dialog.get_by_role("textbox", name="Run ID").fill("by_hand")
    guest.write_note(dialog, "*started* by hand")
    guest.picture("trigger")
    page.get_by_test_id("trigger-dag-submit").click()
    expect(dialog).to_have_count(0)
    run = eventually(lambda: lite.get("/api/v2/dags/chores/dagRuns/by_hand"), "the run is there")
    assert (run["conf"], run["note"]) == ({"soap": "blue"}, "*started* by hand")


@pytest.mark.does("triggerDagRun")
def test_a_run_is_triggered_with_a_configuration_and_again_with_the_same(guest):
    lite, page = guest.lite, guest.page
    runs = "/api/v2/dags/asks/dagRuns?order_by=-id"
    guest.go("dags/asks")
    page.get_by_test_id("trigger-dag-button").click()
    guest.button("Advanced Options").click()
    guest.write('{"why": "because"}')
    guest.dialog("Trigger Dag").get_by_role("textbox", name="Run ID").click()
    guest.settle()
    page.get_by_test_id("trigger-dag-submit").click()
    first = eventually(
        lambda: (run := lite.get(runs)["dag_runs"][0])["conf"] == {"why": "because"} and run, "the run is there"
    )
    guest.go(f"dags/asks/runs/{first['dag_run_id']}")
    page.get_by_test_id("trigger-dag-button").click()
    page.get_by_role("menuitem", name="Trigger again with this config").click()
    page.get_by_test_id("trigger-dag-submit").click()
    eventually(lambda: lite.get(f"{runs}&conf_contains=because")["total_entries"] == 2, "the run is there again")
    guest.go("dags")
    for run in lite.get(runs)["dag_runs"][:2]:
        assert run["conf"] == {"why": "because"}
        lite.request("DELETE", f"/api/v2/dags/asks/dagRuns/{run['dag_run_id']}")


@pytest.mark.does("clearDagRun", "runActions.clearRun")
def test_a_run_is_cleared_with_a_note(guest):
    run = do_chores(guest.lite, "clear_all")
    guest.go("dags/chores/runs/clear_all")
    guest.button("Press shift+c to clear").wait_for()
    guest.press("runActions.clearRun")
    dialog = guest.dialog("Clear Dag Run")
    expect(dialog.get_by_role("button", name="Affected Tasks: 6")).to_be_visible()
    guest.write_note(dialog, "once more")
    guest.confirm("Clear Dag Run")
    eventually(lambda: number_of_tries(guest, "clear_all", "wash") == 2, "all runs again")
    assert guest.lite.get(run)["note"] == "once more"


@pytest.mark.does("clearDagRun")
def test_only_what_failed_in_a_run_is_cleared(guest):
    dialog = asked_to_clear(guest, "clear_failed")
    dialog.get_by_role("button", name="Clear only failed tasks").click()
    expect(dialog.get_by_role("button", name="Affected Tasks: 2")).to_be_visible()
    guest.confirm("Clear Dag Run")
    eventually(lambda: number_of_tries(guest, "clear_failed", "rooms.bath") == 2, "what failed runs again")
    assert number_of_tries(guest, "clear_failed", "wash") == 1


def test_new_tasks_would_be_queued_in_a_run(guest):
    dialog = asked_to_clear(guest, "clear_new")
    dialog.get_by_role("button", name="Queue up new tasks").click()
    expect(dialog.get_by_text("No tasks found.")).to_be_visible()
    guest.close("Clear Dag Run")


@pytest.mark.does("patchDagRun", "runActions.markRunSuccess", "runActions.markRunFailed")
@pytest.mark.parametrize("state", ["success", "failed"])
def test_a_run_is_marked(guest, state):
    run_id = f"mark_{state}"
    start(guest.lite, "chores", run_id)
    guest.go(f"dags/chores/runs/{run_id}")
    guest.button("Mark Dag Run as...").wait_for()
    for shortcut in ("runActions.markRunSuccess", "runActions.markRunFailed"):
        guest.press(shortcut)
        guest.close("Mark Dag Run as")
    guest.choose("Mark Dag Run as...", state.capitalize())
    dialog = guest.dialog(f"Mark Dag Run as {state}")
    guest.write_note(dialog, f"marked {state}")
    guest.confirm(f"Mark Dag Run as {state}")
    run = f"/api/v2/dags/chores/dagRuns/{run_id}"
    eventually(lambda: guest.lite.get(run)["note"] == f"marked {state}", "the run is marked")
    assert guest.lite.get(run)["state"] == state


@pytest.mark.does("patchDagRun")
def test_a_note_of_a_run_is_written_seen_and_changed(guest):
    run, dialog = do_chores(guest.lite, "note"), guest.dialog("Dag Run Note")
    guest.go("dags/chores/runs/note")
    guest.button("Edit note").click()
    dialog.get_by_role("textbox").fill("**important**")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_role("strong")).to_have_text("important")
    guest.confirm("Dag Run Note")
    eventually(lambda: guest.lite.get(run)["note"] == "**important**", "the note is kept")
    guest.button("Edit note").click()
    dialog.get_by_role("button", name="Write").click()
    dialog.get_by_role("textbox").fill("")
    guest.confirm("Dag Run Note")
    eventually(lambda: not guest.lite.get(run)["note"], "the note is gone")


@pytest.mark.does("deleteDagRun")
def test_a_run_is_deleted(guest):
    run = do_chores(guest.lite, "unwanted")
    guest.go("dags/chores/runs")
    guest.row("unwanted").get_by_role("button", name="Delete Dag Run").click()
    guest.confirm("Delete Dag Run", "Delete")
    eventually(lambda: guest.lite.request("GET", run).status == 404, "the run is gone")


@pytest.mark.does("clearDagRuns", "bulkDagRuns")
def test_runs_are_cleared_marked_and_deleted_together(guest):
    lite, page = guest.lite, guest.page
    runs = "/api/v2/dags/chores/dagRuns?run_id_pattern=many_"

    def states() -> list[str]:
        return [run["state"] for run in lite.get(runs)["dag_runs"]]

    for run_id in ("many_1", "many_2"):
        do_chores(lite, run_id)
    guest.go("dag_runs?dag_id_pattern=chores&run_id_pattern=many_")
    guest.select_all()
    guest.picture("selected_runs")
    guest.button("Clear Dag Runs").click()
    expect(guest.dialog("Clear Dag Runs").get_by_role("button", name="Affected Tasks: 12")).to_be_visible()
    guest.confirm("Clear Dag Runs")
    eventually(lambda: all(number_of_tries(guest, f"many_{n}", "wash") == 2 for n in (1, 2)), "both run again")
    eventually(lambda: states() == ["failed", "failed"], "both have ended again")
    guest.select_all()
    page.get_by_role("button", name="Mark Dag Runs as...").last.click()
    page.get_by_role("menuitem", name="Success").click()
    guest.confirm("Mark Dag Runs as success")
    eventually(lambda: states() == ["success", "success"], "both are marked")
    guest.select_all()
    guest.button("Delete Dag Runs").click()
    guest.confirm("Delete Dag Runs")
    eventually(lambda: not states(), "both are gone")


@pytest.mark.does("createBackfillDryRun", "createBackfill", "pauseBackfill", "unpauseBackfill", "cancelBackfill")
def test_a_backfill_is_planned_started_paused_and_cancelled(guest):
    lite, page = guest.lite, guest.page
    guest.go("dags/waits")
    page.get_by_test_id("trigger-dag-button").click()
    page.get_by_role("dialog").get_by_text("Run this Dag for a range of dates").click()
    dialog = guest.dialog("Run Backfill")
    for label, date in (("From", "2026/02/01"), ("To", "2026/02/02")):
        dialog.get_by_test_id("datetime-input").nth(int(label == "To")).click()
        page.get_by_role("textbox", name=label).fill(date)
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
    dialog.get_by_text("All Runs").click()
    dialog.get_by_text("Run Backwards").click()
    expect(dialog.get_by_text("2 runs will be triggered.")).to_be_visible()
    guest.confirm("Run Backfill", "Run Backfill")
    backfill = eventually(lambda: lite.get("/ui/backfills?dag_id=waits&active=true")["backfills"], "it is there")[0]
    assert (backfill["reprocess_behavior"], backfill["to_date"][:10]) == ("completed", "2026-02-02")
    for button, paused in (("Pause backfill", True), ("Unpause backfill", False)):
        guest.button(button).click()
        path = f"/api/v2/backfills/{backfill['id']}"
        eventually(lambda path=path, paused=paused: lite.get(path)["is_paused"] is paused, button)
    guest.button("Cancel backfill").click()
    eventually(lambda: lite.get(f"/api/v2/backfills/{backfill['id']}")["completed_at"], "the backfill is cancelled")
    expect(guest.button("Cancel backfill")).to_have_count(0)
