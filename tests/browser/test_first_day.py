"""A person's first day with Leoflow Lite, in a real browser."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from support import eventually
from visitor import BADGES, HELLO, Visitor


def test_log_in_trigger_watch_read_and_edit(make_lite, browser):
    lite = make_lite({"hello/dag.py": HELLO})
    lite.await_dag("hello", 5)
    visitor = Visitor(browser, lite.url)
    page = visitor.page
    visitor.log_in()
    assert "Lite" in page.evaluate(BADGES)
    visitor.shot("home")

    visitor.open("dags")
    expect(page.get_by_role("link", name="hello", exact=True)).to_be_visible()
    visitor.shot("dags")

    visitor.open("dags/hello")
    page.get_by_test_id("trigger-dag-button").click()
    dialog = page.get_by_role("dialog").filter(has_text="Trigger Dag")
    dialog.get_by_role("button", name="Run Parameters").wait_for()
    visitor.shot("trigger")
    dialog.get_by_role("button", name="Trigger", exact=True).click()

    def last_run() -> dict | None:
        runs = lite.get("/api/v2/dags/hello/dagRuns?order_by=-run_after&run_type=manual")["dag_runs"]
        return runs[0] if runs else None

    run = eventually(last_run, "the run is there")
    lite.await_run("hello", run["dag_run_id"])
    visitor.open(f"dags/hello/runs/{run['dag_run_id']}")
    expect(page.get_by_text("success", exact=False).first).to_be_visible(timeout=40_000)
    visitor.shot("run")

    visitor.open(f"dags/hello/runs/{run['dag_run_id']}/tasks/choose")
    page.get_by_text("Pre Execute").wait_for()
    visitor.shot("log")
    expect(page.get_by_text("today we greet world")).to_be_visible(timeout=40_000)

    lite.write_dag("hello/dag.py", HELLO.replace('task_id="done"', 'task_id="a_new_end"'))
    eventually(
        lambda: "a_new_end" in [t["task_id"] for t in lite.get("/api/v2/dags/hello/tasks")["tasks"]], "the edit shows"
    )
    visitor.open("dags/hello/tasks")
    expect(page.get_by_test_id("table-list").get_by_role("link", name="a_new_end")).to_be_visible(timeout=40_000)
    page.get_by_role("button", name=re.compile("^Show Graph")).click()
    expect(page.locator(".react-flow__node", has_text="a_new_end")).to_be_visible(timeout=40_000)
    visitor.shot("graph")
    assert not visitor.wrong


def test_pause_clear_and_mark_from_the_page(make_lite, browser):
    lite = make_lite({"hello/dag.py": HELLO})
    lite.await_dag("hello", 5)
    run_id = lite.trigger("hello")
    lite.await_run("hello", run_id)
    visitor = Visitor(browser, lite.url)
    page = visitor.page
    visitor.log_in()

    visitor.open(f"dags/hello/runs/{run_id}")
    page.get_by_role("button", name="Press shift+c to clear").click()
    dialog = page.get_by_role("dialog").filter(has_text="Clear")
    dialog.get_by_role("button", name="Confirm").wait_for()
    dialog.get_by_text("Clear existing tasks").click()
    visitor.shot("clear")
    dialog.get_by_role("button", name="Confirm").click()
    eventually(lambda: lite.task_instances("hello", run_id)["choose"]["try_number"] == 2, "the run runs again")
    lite.await_run("hello", run_id)

    visitor.open(f"dags/hello/runs/{run_id}")
    page.get_by_test_id("mark-run-as-button").click()
    page.get_by_role("menuitem", name=re.compile("failed", re.IGNORECASE)).click()
    dialog = page.get_by_role("dialog").filter(has_text="Mark")
    dialog.get_by_role("button", name="Confirm").wait_for()
    visitor.shot("mark")
    dialog.get_by_role("button", name="Confirm").click()
    eventually(lambda: lite.run_state("hello", run_id) == "failed", "the run is marked failed")
    assert not visitor.wrong
