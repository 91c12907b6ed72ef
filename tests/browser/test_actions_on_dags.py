"""What can be done with DAGs: in the list, on a DAG's page, and how the list is searched and shown."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from support import eventually

TASK = "    @task\n    def one(): ...\n\n    one()\n"


def expect_dags(guest, *dag_ids: str) -> None:
    """Waits until the list shows these, in this order."""
    expect(guest.page.get_by_test_id("dag-id")).to_have_text(list(dag_ids))


@pytest.mark.does("patchDag", "favoriteDag", "unfavoriteDag")
def test_a_dag_is_paused_and_becomes_a_favorite(guest):
    guest.go("dags/nightly")
    for paused in (True, False):
        guest.page.get_by_test_id("toggle-pause").first.click()
        eventually(lambda p=paused: guest.lite.get("/api/v2/dags/nightly")["is_paused"] is p, f"paused: {paused}")
    for name in ("Unfavorite Dag", "Favorite Dag"):
        guest.button(name).click()
    expect(guest.button("Unfavorite Dag")).to_be_visible()


@pytest.mark.does("reparseDagFile", "deleteDag")
def test_a_dag_is_read_again_and_deleted(guest):
    file = guest.lite.write_dag("brief.py", "from airflow.sdk import DAG\n\nwith DAG('brief'): ...\n")
    guest.lite.await_dag("brief")
    guest.go("dags/brief")
    guest.button("Reparse Dag").click()
    expect(guest.page.get_by_text("Dag should reparse soon.")).to_be_visible()
    file.unlink()
    guest.button("Delete Dag").click()
    guest.confirm("Delete Dag", "Delete")
    eventually(lambda: guest.lite.request("GET", "/api/v2/dags/brief").status == 404, "the DAG is gone")


def test_what_a_dag_says_of_itself_is_shown(guest):
    guest.go("dags/pipeline")
    guest.button("Dag Docs").click()
    expect(guest.dialog("Dag Documentation").get_by_role("heading", name="Pipeline")).to_be_visible()
    guest.picture("dag_docs")
    guest.close("Dag Documentation")
    guest.button("1 deadline").click()
    expect(guest.page.get_by_text("(within a day)").first).to_be_visible()
    guest.page.keyboard.press("Escape")


@pytest.mark.does("search.searchDags", "search.focusSearch")
def test_dags_are_searched(guest):
    page = guest.page
    guest.go("dags")
    guest.press("search.focusSearch")
    page.keyboard.type("peli")
    expect(page.get_by_text("No Dags found")).to_be_visible()
    page.get_by_test_id("advanced-search-toggle").first.click()
    expect(page.get_by_role("link", name="pipeline").first).to_be_visible()
    page.get_by_test_id("advanced-search-toggle").first.click()
    guest.button("Clear search").click()
    expect(page.get_by_role("link", name="consumer").first).to_be_visible()
    guest.go("dags/asks")
    guest.press("search.searchDags")
    guest.picture("palette")
    page.keyboard.type("chor")
    page.get_by_role("option", name="chores").click()
    page.wait_for_url("**/dags/chores")


def test_the_list_of_dags_is_narrowed(guest):
    page = guest.page
    guest.go("dags")
    guest.button("Paused").click()
    expect(page.get_by_text("No Dags found")).to_be_visible()
    guest.button("Active").click()
    expect_dags(guest, "asks", "chores", "consumer", "nightly", "pipeline", "waits")
    guest.button("Required Actions").click()
    expect_dags(guest, "asks")
    guest.go("dags")
    guest.button("Favorite").click()
    expect_dags(guest, "nightly")
    for menu in ("Last run:", "Any run:"):
        guest.go("dags")
        page.get_by_role("combobox").filter(has_text=menu).press("Enter")
        page.get_by_role("option", name="Failed").click()
        expect(page.get_by_role("link", name="consumer")).to_have_count(0)
        expect(page.get_by_role("link", name="pipeline").first).to_be_visible()
    guest.go("dags")
    for tag in ("colour", "shape"):
        page.get_by_role("combobox", name="Filter Dags by tag").click()
        page.get_by_role("option", name=tag).click()
    expect_dags(guest, "consumer", "pipeline")
    guest.picture("tags")
    page.get_by_text("Any", exact=True).locator("..").get_by_role("checkbox").press("Space")
    expect_dags(guest, "pipeline")
    # The application remembers them, and would narrow every list from now on.
    page.evaluate("['tags', 'tags_match_mode'].forEach(name => localStorage.removeItem(name))")


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("Sort by Display Name (Z-A)", "waits"),
        ("Sort by Display Name (A-Z)", "asks"),
    ],
)
def test_the_list_of_dags_is_sorted_and_shown_as_cards_or_rows(guest, order, first):
    guest.open("dags")
    guest.page.get_by_role("combobox").filter(has_text="Sort by").click()
    guest.page.get_by_role("option", name=order).click()
    expect(guest.page.get_by_test_id("dag-id")).to_have_count(6)
    expect(guest.page.get_by_test_id("dag-id").first).to_have_text(first)
    guest.button("Show table view").click()
    expect(guest.page.get_by_test_id("table-list")).to_be_visible()
    guest.picture("dags_table")
    guest.button("Show card view").click()
    expect(guest.page.get_by_test_id("card-list")).to_be_visible()


def test_import_errors_are_searched_and_read(guest):
    guest.go("dags")
    guest.button("Dag Import Error").click()
    dialog = guest.dialog("Dag Import Error")
    dialog.get_by_role("textbox").fill("broken")
    dialog.get_by_role("button", name="broken.py").click()
    expect(dialog.get_by_text("a DAG for airflow, broken on purpose").first).to_be_visible()
    guest.picture("import_error")
    guest.close("Dag Import Error")


def test_tasks_of_a_dag_are_searched_and_narrowed(guest):
    page = guest.page
    guest.go("dags/pipeline/tasks")
    page.get_by_role("combobox").filter(has_text="Select operators").click()
    page.get_by_role("option", name="BashOperator", exact=True).click()
    expect(guest.row("never")).to_have_count(0)
    expect(page.get_by_test_id("table-list").get_by_role("link", name="group.shell")).to_be_visible()
    guest.go("dags/pipeline/tasks")
    page.get_by_placeholder("Search tasks").fill("publ")
    expect(guest.row("never")).to_have_count(0)


def test_the_calendar_is_turned(guest):
    page = guest.page
    guest.go("dags/pipeline/calendar")
    for name in ("Hourly", "Failed Runs", "Total Runs", "Previous month", "Next month", "Daily"):
        page.get_by_role("button", name=name, exact=True).first.click()
        guest.settle()
    page.get_by_test_id("calendar-cell").first.hover()
    guest.picture("calendar")


@pytest.mark.does("code.toggleWrap", "code.toggleFullscreen")
def test_code_is_wrapped_shown_large_copied_and_compared(guest):
    page = guest.page
    source = guest.lite.write_dag("edited.py", "from airflow.sdk import DAG, task\n\nwith DAG('edited'):\n" + TASK)
    guest.lite.await_dag("edited", 1)
    guest.lite.trigger("edited")
    source.write_text(source.read_text() + TASK.replace("one", "two"))
    guest.lite.await_dag("edited", 2)
    guest.go("dags/edited/code")
    page.locator(".monaco-editor").first.wait_for()
    guest.press("code.toggleWrap")
    expect(guest.button("Unwrap")).to_be_visible()
    guest.press("code.toggleWrap")
    for large in (1, 0):
        guest.press("code.toggleFullscreen")
        expect(page.get_by_role("dialog")).to_have_count(large)
    guest.button("Copy").click()
    assert "two" in page.evaluate("() => navigator.clipboard.readText()")
    guest.button("Diff").click()
    guest.picture("code_compare")
    page.get_by_role("combobox").filter(has_text="Select version to compare").click()
    page.get_by_role("option", name="v1").click()
    expect(page.locator(".monaco-diff-editor .line-insert").first).to_be_visible()
    guest.picture("code_diff")
    guest.button("Exit Diff").click()
