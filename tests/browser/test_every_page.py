"""Every page of the UI, light and dark, and what one can do on them, with nothing that goes wrong on the way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from content import FILES, RUN_ID, fill
from playwright.sync_api import Browser, expect
from support import PYTHON, Lite, eventually
from visitor import Visitor

DAG = "dags/pipeline"
RUN = f"{DAG}/runs/{RUN_ID}"
TASK = f"{RUN}/tasks"
ASKED = f"dags/asks/runs/{RUN_ID}/tasks/ask"

# Address, and a text that the page shows only if it works.
PAGES: list[tuple[str, str]] = [
    ("", "Dag Import Error"),
    ("dags", "consumer"),
    ("dags?paused=false&tags=colour&tags=shape&tags_match_mode=all", "pipeline"),
    ("dags?last_dag_run_state=failed", "pipeline"),
    ("dags?favorite=true", "nightly"),
    ("dags?needs_review=true", "asks"),
    ("dags?name_pattern=nothing_like_it", "No Dags found"),
    ("dag_runs", RUN_ID),
    ("dag_runs?state=failed&run_type=manual&dag_id_pattern=pipe", RUN_ID),
    ("task_instances", "each.twice"),
    ("task_instances?task_state=upstream_failed&dag_id_pattern=pipe", "never"),
    ("required_actions", "Which one?"),
    ("required_actions?response_received=false", "Go on?"),
    ("assets", "numbers"),
    ("assets/{asset}", "Producing Tasks"),
    ("assets/{asset}/asset-state-store", "watermark"),
    ("deadlines", "within a day"),
    ("events", "post_variable"),
    ("xcoms", "return_value"),
    ("jobs", "SchedulerJob"),
    ("variables", "greeting"),
    ("pools", "narrow"),
    ("providers", "apache-airflow-providers-standard"),
    ("plugins", "Plugins"),
    ("connections", "example.com"),
    ("configs", "Forbidden"),
    (DAG, "Recent Failed Task Logs"),
    (f"{DAG}/runs", RUN_ID),
    (f"{DAG}/tasks", "shell"),
    (f"{DAG}/calendar", "Total Runs"),
    (f"{DAG}/backfills", "Backfills"),
    ("dags/nightly/backfills", "Missing Runs"),
    (f"{DAG}/events", "trigger_dag_run"),
    (f"{DAG}/code", "datetime"),
    (f"{DAG}/details", "Max Active Runs"),
    ("dags/asks/required_actions", "approve"),
    (f"{DAG}/tasks/add", "add"),
    (f"{DAG}/tasks/add/task_instances", "Success"),
    (f"{DAG}/tasks/add/events", "Audit Log"),
    ("dags/asks/tasks/ask/required_actions", "Which one?"),
    (f"{DAG}/tasks/group/group", "group"),
    (f"{DAG}/tasks/group/group/task_instances", "shell"),
    (RUN, "breaks"),
    (f"{RUN}/events", "Audit Log"),
    (f"{RUN}/code", "datetime"),
    (f"{RUN}/details", "Triggered By"),
    (f"{RUN}/asset_events", "No Asset Events found"),
    ("dags/consumer/runs/{consumed}/asset_events", "numbers"),
    (f"dags/asks/runs/{RUN_ID}/required_actions", "approve"),
    (f"{RUN}/tasks/group/group", "shell"),
    (f"{RUN}/tasks/group/each", "twice"),
    (f"{TASK}/start", "a line of the log"),
    (f"{TASK}/breaks", "as meant"),
    (f"{TASK}/group.shaky?try_number=1", "only at first"),
    (f"{TASK}/group.shell/rendered_templates", "echo 3 full"),
    (f"{TASK}/start/xcom", "return_value"),
    (f"{TASK}/start/task-state-store", "offset"),
    (f"{TASK}/start/events", "Audit Log"),
    (f"{TASK}/start/code", "datetime"),
    (f"{TASK}/start/details", "@task"),
    (f"{TASK}/group.shaky/details", "Task Tries"),
    (f"{TASK}/publish/asset_events", "numbers"),
    (f"{TASK}/add/mapped", "success"),
    (f"{TASK}/add/mapped/details", "add"),
    (f"{TASK}/add/mapped/1", "Pre Execute"),
    (f"{TASK}/add/mapped/1/xcom", "return_value"),
    (f"{TASK}/add/mapped/1/details", "Map Index"),
    (f"{ASKED}/required_actions", "There are"),
    ("no/such/page", "Page Not Found"),
]  # fmt: skip

# What the browser may complain about, and why. Airflow answers the same.
EXPECTED: tuple[tuple[str, str], ...] = (
    (r"403 GET .*/api/v2/config$", "expose_config is off unless it is set"),
    (r"404 GET .*/static/wasm/sqlparser_rs_wasm\.js$", "the wheel does not have the file"),
    (r"console: Failed to load resource", "the answer itself is remembered with its status and address"),
)


class Guest(Visitor):
    """A visitor who goes from page to page within the application, and notes where something went wrong."""

    def __init__(self, browser: Browser, lite: Lite, theme: str) -> None:
        super().__init__(browser, lite.url)
        self.lite = lite
        self.theme = theme
        self.place = "login"
        self.found: list[str] = []
        self.page.add_init_script(f"localStorage.setItem('theme', '{theme}')")
        self.page.set_default_timeout(15_000)
        expect.set_options(timeout=15_000)

    def go(self, path: str) -> None:
        """Follows a link without loading the application again."""
        self.note()
        self.place = path
        self.page.evaluate(
            "path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate', {state: {}})); }",
            f"/{path}",
        )

    def settle(self) -> None:
        """Waits until nothing of the page is only a placeholder."""
        expect(self.page.get_by_test_id("skeleton")).to_have_count(0)

    def picture(self, name: str) -> None:
        """Keeps a picture, named after the theme as well."""
        self.shot(f"{self.theme}_{name}")

    def note(self) -> None:
        """Remembers what went wrong since the last time, with the place."""
        unexpected = [
            wrong for wrong in self.wrong if not any(re.search(pattern, wrong) for pattern, _reason in EXPECTED)
        ]
        self.found += [f"{self.place}: {wrong}" for wrong in unexpected]
        self.wrong.clear()


@pytest.fixture(scope="module")
def world(make_shared_lite) -> tuple[Lite, dict[str, object]]:
    """Gives a server with some of everything, and the ids that addresses need."""
    lite = make_shared_lite(FILES)
    asset = fill(lite)
    [run, *_] = lite.get("/api/v2/dags/consumer/dagRuns")["dag_runs"]
    return lite, {"asset": asset, "consumed": run["dag_run_id"]}


def routes_of_the_application() -> set[str]:
    """Returns the addresses that the application's bundle declares, without those of plugins."""
    folder = next((PYTHON.parent.parent / "lib").glob("python3*/site-packages/airflow/ui/dist/assets"))
    [bundle] = [text for path in folder.glob("index-*.js") if "path:`dags/:dagId`" in (text := path.read_text())]
    return set(re.findall(r"path:`([\w/:*-]+)`", bundle[bundle.index("path:`plugin/:page/*`") :]))


def file_name(path: str) -> str:
    """Returns an address as a name of a file."""
    return re.sub(r"\W+", "_", path).strip("_")[:60] or "home"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_shows_its_content_without_an_error(world, browser, theme):
    lite, ids = world
    guest = Guest(browser, lite, theme)
    guest.log_in()
    missing = []
    for path, text in PAGES if theme == "light" else PAGES[::3]:
        address = path.format(**ids)
        guest.go(address)
        try:
            expect(guest.page.get_by_text(text).filter(visible=True).first).to_be_visible()
            guest.settle()
        except AssertionError:
            missing.append(f"{address}: {text}")
        guest.picture(file_name(path))
    guest.note()
    assert not missing
    assert not guest.found


def test_every_route_of_the_application_is_among_the_pages():
    visited = [re.sub(r"\?.*", "", path) for path, _text in PAGES]
    parents = {"dags/:dagId", "assets/:assetId", "plugin/:page/*", "security/:page/*", "*", "/"}
    unvisited = {
        route
        for route in routes_of_the_application() - parents
        if not any(re.search(f"(^|/){re.sub(r':[a-zA-Z]+', '[^/]+', route)}(/|$)", path) for path in visited)
    }
    assert not unvisited


@pytest.mark.parametrize("view", ["Graph", "Gantt"])
def test_a_run_is_shown_as(world, browser, view):
    guest = Guest(browser, world[0], "light")
    page = guest.page
    guest.log_in()
    guest.go(RUN)
    page.get_by_role("button", name=re.compile(f"^Show {view}")).click()
    if view == "Graph":
        page.get_by_role("button", name="Expand all task groups").click()
        for task_id in ("start", "shaky", "twice", "never"):
            expect(page.locator(".react-flow__node", has_text=task_id).first).to_be_visible()
    else:
        expect(page.get_by_role("link", name="breaks").first).to_be_visible()
    guest.picture(view.lower())
    guest.note()
    assert not guest.found


def test_the_graph_shows_what_other_dags_have_to_do_with_it(world, browser):
    guest = Guest(browser, world[0], "dark")
    choices = {"default_dag_view": "graph", "dependencies-pipeline": "all"}
    for name, value in choices.items():
        guest.page.add_init_script(f"localStorage.setItem('{name}', '{json.dumps(value)}')")
    guest.log_in()
    guest.go(DAG)
    for name in ("pipeline", "numbers", "consumer"):
        expect(guest.page.locator(".react-flow__node", has_text=name).first).to_be_visible()
    guest.picture("dependencies")
    guest.note()
    assert not guest.found


@pytest.fixture
def guest(world, browser) -> Iterator[Guest]:
    """Gives a guest who is logged in; nothing may have gone wrong when the test ends."""
    guest = Guest(browser, world[0], "light")
    guest.log_in()
    yield guest
    guest.note()
    assert not guest.found


def test_a_run_is_triggered_with_parameters(guest):
    lite, page = guest.lite, guest.page
    guest.go(DAG)
    page.get_by_test_id("trigger-dag-button").click()
    page.locator("input[name=element_depth]").fill("7")
    guest.picture("trigger_parameters")
    page.get_by_test_id("trigger-dag-submit").click()
    runs = "/api/v2/dags/pipeline/dagRuns?order_by=-run_after"
    eventually(lambda: lite.get(runs)["dag_runs"][0]["conf"].get("depth") == 7, "the run has the parameter")


def test_a_dag_is_paused_and_becomes_a_favorite(guest):
    lite, page = guest.lite, guest.page
    guest.go("dags/nightly")
    page.get_by_test_id("toggle-pause").first.click()
    eventually(lambda: lite.get("/api/v2/dags/nightly")["is_paused"], "the DAG is paused")
    for name in ("Unfavorite Dag", "Favorite Dag", "Unfavorite Dag"):
        page.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("button", name="Favorite Dag", exact=True)).to_be_visible()
