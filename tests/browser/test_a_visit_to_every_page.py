"""Every page of the UI, light and dark, with nothing that goes wrong on the way."""

from __future__ import annotations

import re

import pytest
from application import ROUTES
from content import RUN_ID
from playwright.sync_api import expect

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


def file_name(path: str) -> str:
    """Returns an address as a name of a file."""
    return re.sub(r"\W+", "_", path).strip("_")[:60] or "home"


@pytest.mark.parametrize("guest", ["light", "dark"], indirect=True)
def test_every_page_shows_its_content_without_an_error(guest, world):
    missing = []
    for path, text in PAGES if guest.theme == "light" else PAGES[::3]:
        address = path.format(**world[1])
        guest.go(address)
        try:
            expect(guest.page.get_by_text(text).filter(visible=True).first).to_be_visible()
        except AssertionError:
            missing.append(f"{address}: {text}")
        guest.picture(file_name(path))
    assert not missing


def test_every_route_of_the_application_is_among_the_pages():
    visited = [re.sub(r"\?.*", "", path) for path, _text in PAGES]
    parents = {"dags/:dagId", "assets/:assetId", "plugin/:page/*", "security/:page/*", "*", "/"}
    unvisited = {
        route
        for route in ROUTES - parents
        if not any(re.search(f"(^|/){re.sub(r':[a-zA-Z]+', '[^/]+', route)}(/|$)", path) for path in visited)
    }
    assert not unvisited
