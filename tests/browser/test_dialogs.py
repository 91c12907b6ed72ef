"""Dialogs are opened, light and dark, and closed without doing what they offer."""

from __future__ import annotations

import re

import pytest
from content import RUN_ID
from guest import Guest
from playwright.sync_api import expect

RUN = f"dags/pipeline/runs/{RUN_ID}"
START = f"{RUN}/tasks/start"

# Page, the buttons and items of menus that lead to the dialog, its title.
DIALOGS: list[tuple[str, tuple[str, ...], str]] = [
    ("", ("User", "Select Language"), "Select Language"),
    ("", ("User", "Generate Token"), "Generate Token"),
    ("", ("User", "Logout"), "You are about to logout"),
    ("dags", ("Dag Import Error",), "Dag Import Error"),
    ("dags/pipeline", ("Trigger Dag",), "Trigger Dag"),
    ("dags/pipeline", ("Dag Docs",), "Dag Documentation"),
    ("dags/pipeline", ("Delete Dag",), "Delete Dag"),
    (RUN, ("Press shift+c to clear",), "Clear Dag Run"),
    (RUN, ("Mark Dag Run as...", "Success"), "Mark Dag Run as success"),
    (RUN, ("Edit note",), "Dag Run Note"),
    (START, ("Press shift+c to clear",), "Clear Task Instance"),
    (START, ("Mark Task Instance as...", "Failed"), "Mark Task Instance as failed"),
    (START, ("Edit note",), "Task Instance Note"),
    (f"{START}/xcom", ("Add XCom",), "Add XCom"),
    (f"{START}/xcom", ("Edit XCom",), "Edit XCom"),
    (f"{START}/task-state-store", ("Add Task State Store",), "Add Task State Store"),
    (f"{RUN}/tasks/group/group", ("Press shift+c to clear",), "Clear Task Instances"),
    ("assets", ("Create Event",), "Create Asset Event"),
    ("variables", ("Add Variable",), "Add Variable"),
    ("variables", ("Import Variables",), "Import Variables"),
    ("variables", ("Delete Variable",), "Delete 1 Variable"),
    ("pools", ("Add Pool",), "Add Pool"),
    ("pools", ("Edit Pool",), "Edit Pool"),
    ("connections", ("Add Connection",), "Add Connection"),
    ("connections", ("Edit Connection",), "Edit Connection"),
]


@pytest.mark.parametrize("guest", ["light", "dark"], indirect=True)
def test_every_dialog_opens_and_closes(guest: Guest) -> None:
    for path, way, title in DIALOGS:
        guest.go(path)
        guest.choose(*way)
        dialog = guest.dialog(title)
        expect(dialog).to_be_visible()
        guest.settle()
        guest.picture("dialog_" + re.sub(r"\W+", "_", title).lower())
        guest.page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
