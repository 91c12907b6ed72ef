"""How the grid, the graph and the lists of runs and tasks are shown."""

from __future__ import annotations

import json
import re

import pytest
from content import RUN_ID
from playwright.sync_api import expect

RUN = f"dags/pipeline/runs/{RUN_ID}"


@pytest.mark.does("dagView.toggleGraphGrid", "filters.openGraphFilters")
def test_the_graph_is_unfolded_filtered_turned_and_downloaded(guest):
    page = guest.page
    nodes = page.locator(".react-flow__node")
    guest.go(RUN)
    guest.press("dagView.toggleGraphGrid")
    page.get_by_role("button", name="Expand all task groups").click()
    for task_id in ("start", "shaky", "twice", "never"):
        expect(nodes.filter(has_text=task_id).first).to_be_visible()
    guest.picture("graph")
    page.get_by_role("button", name="Collapse all task groups").click()
    expect(nodes.filter(has_text="shaky")).to_have_count(0)
    for direction in ("Top to Bottom", "Left to Right"):
        guest.button("Options").click()
        page.get_by_role("combobox", name="Graph Direction").click()
        page.get_by_role("option", name=direction).click()
        page.keyboard.press("Escape")
    guest.press("filters.openGraphFilters")
    guest.picture("graph_filters")
    page.keyboard.press("Escape")
    for name in ("Zoom In", "Zoom Out", "Fit View"):
        guest.button(name).click()
    with page.expect_download() as download:
        guest.button("Download graph image").click()
    assert download.value.suggested_filename.endswith(".png")
    guest.press("dagView.toggleGraphGrid")
    expect(nodes).to_have_count(0)


def test_the_graph_shows_what_other_dags_have_to_do_with_it(guest):
    page = guest.page
    for name, value in {"dag_view-pipeline": "graph", "dependencies-pipeline": "all"}.items():
        page.evaluate("([name, value]) => localStorage.setItem(name, value)", [name, json.dumps(value)])
    guest.go("dags/pipeline")
    page.get_by_role("button", name=re.compile("^Show Graph")).click()
    for name in ("pipeline", "numbers", "consumer"):
        expect(page.locator(".react-flow__node", has_text=name).first).to_be_visible()
    guest.picture("dependencies")
    page.get_by_role("button", name=re.compile("^Show Grid")).click()
    page.evaluate("() => localStorage.removeItem('dependencies-pipeline')")


@pytest.mark.does("navigation.navigateTasks", "navigation.toggleTaskGroup")
def test_the_grid_is_walked_through_by_keys_and_unfolded(guest):
    page = guest.page
    guest.go(f"{RUN}/tasks/group/group")
    guest.press("navigation.toggleTaskGroup")
    expect(page.get_by_role("link", name="shaky").first).to_be_visible()
    guest.press("navigation.navigateTasks")
    page.wait_for_url(re.compile("/tasks/(?!group/group$)"))
    guest.button("Collapse all task groups").click()
    expect(page.get_by_test_id("task-group.shaky")).to_have_count(0)


def test_the_grid_shows_as_many_runs_as_asked_for_and_a_gantt(guest):
    page = guest.page
    guest.go(RUN)
    guest.button("Options").click()
    page.get_by_role("combobox", name="Number of Dag Runs").click()
    page.get_by_role("option", name="25", exact=True).click()
    page.get_by_role("combobox", name="Show Version Indicator").click()
    page.get_by_role("option", name="Hide All").click()
    guest.picture("grid_options")
    page.keyboard.press("Escape")
    guest.button("Show Gantt").click()
    expect(page.get_by_role("link", name="breaks").first).to_be_visible()
    guest.settle()
    guest.picture("gantt")
    page.get_by_role("button", name=re.compile("^Show Grid")).click()
    guest.button("Collapse Details Panel").click()
    guest.button("Show Details Panel").click()


# Filters with a list of choices; the others take text.
CHOSEN = {"State", "Job Type", "Status"}

# Page, filter, its choice or text, a text that stays, one that goes.
FILTERS: list[tuple[str, str, str, str, str]] = [
    ("dag_runs", "State", "Success", "consumer", RUN_ID),
    ("task_instances", "State", "Upstream Failed", "never", "publish"),
    ("events", "Event Type", "post_var", "post_variable", "trigger_dag_run"),
    ("jobs", "Job Type", "TriggererJob", "TriggererJob", "SchedulerJob"),
    ("deadlines", "Status", "Missed", "No Deadlines found", "within a day"),
    ("xcoms", "Key", "no_such", "No XCom", "return_value"),
    ("required_actions", "Subject", "Go on", "Go on?", "Which one?"),
]


@pytest.mark.parametrize(("path", "name", "choice", "stays", "goes"), FILTERS, ids=[case[0].rpartition("/")[2] for case in FILTERS])
def test_a_list_is_filtered(guest, path, name, choice, stays, goes):
    page = guest.page
    guest.go(path)
    guest.choose("Filter", name)
    if name in CHOSEN:
        page.get_by_role("combobox").first.click()
        page.get_by_role("option", name=choice, exact=True).click()
    else:
        page.keyboard.type(choice)
    expect(page.get_by_text(stays).first).to_be_visible()
    expect(page.get_by_role("table").get_by_text(goes, exact=True)).to_have_count(0)
    guest.picture(f"filtered_{goes}")
    page.keyboard.press("Escape")
    guest.button("Reset").click()


def test_columns_are_chosen_and_sorted_and_extras_unfolded(guest):
    page = guest.page
    guest.go("dag_runs")
    guest.choose("Filter table columns", "End Date")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("table-list").get_by_text("End Date")).to_be_visible()
    page.get_by_role("button", name="sort").first.click()
    expect(page.get_by_role("img", name=re.compile("sorted (as|des)cending")).first).to_be_visible()
    guest.picture("columns")
    guest.choose("Filter table columns", "End Date")
    page.keyboard.press("Escape")
    guest.go("events")
    guest.button("Collapse all extra JSON").click()
    guest.button("Expand all extra JSON").click()
    expect(page.locator(".monaco-editor").first).to_be_visible()
