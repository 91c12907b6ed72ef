"""What can be done with the log of a task."""

from __future__ import annotations

import pytest
from content import RUN_ID, do_chores
from playwright.sync_api import expect
from support import eventually

START = f"dags/pipeline/runs/{RUN_ID}/tasks/start"


@pytest.mark.does(
    "logs.toggleWrap", "logs.toggleTimestamp", "logs.toggleSource", "logs.toggleFullscreen", "logs.scrollBottom",
    "logs.scrollTop",
)  # fmt: skip
def test_how_a_log_is_shown_is_changed_by_keys_and_in_the_menu(guest):
    page = guest.page
    guest.go(START)
    expect(page.get_by_text("a line of the log")).to_be_visible()
    for shortcut, item in (
        ("logs.toggleWrap", "log-settings-wrap"), ("logs.toggleTimestamp", "log-settings-timestamp"),
        ("logs.toggleSource", "log-settings-source"),
    ):  # fmt: skip
        words = {}
        for when in ("before", "after"):
            page.get_by_test_id("log-settings-button").click()
            words[when] = page.get_by_test_id(item).inner_text()
            guest.picture(f"{item}_{when}")
            page.keyboard.press("Escape")
            expect(page.get_by_test_id(item)).to_have_count(0)
            guest.press(shortcut)
        assert words["before"] != words["after"]
    guest.press("logs.scrollBottom")
    guest.press("logs.scrollTop")
    for large in (1, 0):
        guest.press("logs.toggleFullscreen")
        expect(page.get_by_role("dialog")).to_have_count(large)


@pytest.mark.does("logs.toggleExpand")
def test_groups_of_a_log_are_unfolded(guest):
    do_chores(guest.lite, "folded")
    guest.go("dags/chores/runs/folded/tasks/wash")
    expect(guest.page.get_by_text("in detail")).to_be_visible()
    expect(guest.page.get_by_text("green", exact=True)).to_be_hidden()
    guest.press("logs.toggleExpand")
    expect(guest.page.get_by_text("green", exact=True)).to_be_visible()


@pytest.mark.does("logs.focusLogSearch", "logs.downloadLogs")
def test_a_log_is_searched_narrowed_copied_and_downloaded(guest):
    page = guest.page
    guest.go(START)
    line = page.get_by_text("a line of the log")
    line.wait_for()
    search = page.get_by_test_id("log-search-input")

    def is_focused() -> bool:
        # The page listens to keys some time after it shows the log.
        guest.press("logs.focusLogSearch")
        return bool(search.evaluate("element => element === document.activeElement"))

    eventually(is_focused, "the search of the log has the focus", 15)
    page.keyboard.type("line of")
    expect(page.get_by_text("1 of 1")).to_be_visible()
    guest.picture("log_search")
    page.get_by_test_id("log-search-input").fill("")
    page.get_by_role("combobox").filter(has_text="All Log Levels").click()
    page.get_by_role("option", name="ERROR").click()
    expect(line).to_have_count(0)
    guest.picture("log_level")
    guest.go(START)
    guest.button("Copy").click()
    assert "a line of the log" in page.evaluate("() => navigator.clipboard.readText()")
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        guest.press("logs.downloadLogs")
    with open(download.value.path(), encoding="utf-8") as file:
        assert "a line of the log" in file.read()


def test_an_earlier_try_is_chosen(guest):
    guest.go(f"dags/pipeline/runs/{RUN_ID}/tasks/group.shaky")
    guest.page.get_by_test_id("log-attempt-select-button-1").first.click()
    expect(guest.page.get_by_text("only at first").first).to_be_visible()
