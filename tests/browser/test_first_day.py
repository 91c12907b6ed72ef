"""A person's first day with Leoflow Lite, in a real browser."""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from support import PASSWORD, ROOT, USER, eventually

SHOTS = ROOT / "build/screenshots"
HELLO = (ROOT / "dags/hello/dag.py").read_text()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Gives Debian's Chromium, quiet towards the outside."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
        )
        yield chromium
        chromium.close()


# The badge comes with the theme's style sheet: it is generated content, not text of the page.
BADGES = """() => [...document.querySelectorAll("*")]
    .flatMap(e => ["::before", "::after"].map(p => getComputedStyle(e, p).content))
    .join(" ")"""


class Visitor:
    """A page that remembers everything that went wrong on it."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.url = url
        self.page: Page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
        self.wrong: list[str] = []
        self.page.on("response", self._on_response)
        self.page.on("console", lambda m: m.type == "error" and self.wrong.append(f"console: {m.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(f"page: {error}"))

    def _on_response(self, response) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.status} {response.request.method} {response.url}")

    def open(self, path: str) -> None:
        """Opens a page of the UI."""
        self.page.goto(f"{self.url}/{path}")

    def log_in(self) -> None:
        """Goes to the start page and through the login form."""
        self.open("")
        self.page.fill("input[name=username]", USER)
        self.page.fill("input[name=password]", PASSWORD)
        self.shot("login")
        self.page.click("button[type=submit]")
        expect(self.page.get_by_text("Leoflow Lite").first).to_be_visible(timeout=20_000)

    def shot(self, name: str) -> pathlib.Path:
        """Keeps a picture of the page."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        path = SHOTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path


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
    expect(page.get_by_text("success", exact=False).first).to_be_visible(timeout=15_000)
    visitor.shot("run")

    visitor.open(f"dags/hello/runs/{run['dag_run_id']}/tasks/choose")
    page.get_by_text("Pre Execute").wait_for()
    visitor.shot("log")
    expect(page.get_by_text("today we greet world")).to_be_visible(timeout=15_000)

    lite.write_dag("hello/dag.py", HELLO.replace('task_id="done"', 'task_id="a_new_end"'))
    eventually(
        lambda: "a_new_end" in [t["task_id"] for t in lite.get("/api/v2/dags/hello/tasks")["tasks"]], "the edit shows"
    )
    visitor.open("dags/hello/tasks")
    expect(page.get_by_test_id("table-list").get_by_role("link", name="a_new_end")).to_be_visible(timeout=15_000)
    page.get_by_role("button", name=re.compile("^Show Graph")).click()
    expect(page.locator(".react-flow__node", has_text="a_new_end")).to_be_visible(timeout=15_000)
    visitor.shot("graph")
    assert not visitor.wrong


PAGES = [
    "dags", "dag_runs", "task_instances", "assets", "events", "variables", "connections", "pools", "providers",
    "plugins", "jobs", "xcoms", "dags/hello", "dags/hello/runs", "dags/hello/tasks", "dags/hello/calendar",
    "dags/hello/backfills", "dags/hello/code", "dags/hello/events", "dags/hello/details",
    "dags/hello/required_actions",
]  # fmt: skip


def test_every_page_opens_without_an_error(make_lite, browser):
    lite = make_lite({"hello/dag.py": HELLO})
    lite.await_dag("hello", 5)
    lite.await_run("hello", lite.trigger("hello"))
    visitor = Visitor(browser, lite.url)
    visitor.log_in()
    for path in PAGES:
        visitor.open(path)
        visitor.page.wait_for_load_state("networkidle")
        visitor.shot(path.replace("/", "_"))
        assert not visitor.wrong, path


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
