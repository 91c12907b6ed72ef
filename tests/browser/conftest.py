"""Fixtures: Debian's Chromium, one server with some of everything, guests who are logged in."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from content import FILES, fill
from guest import Guest
from playwright.sync_api import Browser, sync_playwright
from support import Lite, installs


@pytest.fixture(scope="package")
def _chromium() -> Iterator[Browser]:
    """Gives one Chromium for all tests here, quiet towards the outside."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def browser(_chromium: Browser) -> Iterator[Browser]:
    """Gives Chromium; the pages that a test opens are closed at its end."""
    before = list(_chromium.contexts)
    yield _chromium
    for context in _chromium.contexts:
        if context not in before:
            context.close()


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lite, dict[str, object]]]:
    """Gives a server with some of everything, and the ids that addresses need."""
    with installs(tmp_path_factory.mktemp("world")) as make:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AIRFLOW__CORE__TEST_CONNECTION", "Enabled")
            lite = make(FILES)
        asset = fill(lite)
        [run, *_] = lite.get("/api/v2/dags/consumer/dagRuns")["dag_runs"]
        yield lite, {"asset": asset, "consumed": run["dag_run_id"]}


@pytest.fixture(scope="package")
def _guests() -> dict[str, Guest]:
    """Gives those who are logged in, by theme: they stay, for the application takes seconds to load."""
    return {}


@pytest.fixture
def guest(
    request: pytest.FixtureRequest, world: tuple[Lite, dict[str, object]], _chromium: Browser, _guests: dict[str, Guest]
) -> Iterator[Guest]:
    """Gives a guest, in light or in the theme that a test gives as the parameter.

    Nothing may have gone wrong when the test ends, and what the test says that it `does` is done.
    """
    theme, failed = getattr(request, "param", "light"), request.session.testsfailed
    if theme not in _guests:
        _guests[theme] = Guest(_chromium, world[0], theme)
        _guests[theme].log_in()
    guest = _guests[theme]
    guest.forget()
    yield guest
    guest.note()
    if request.session.testsfailed > failed:
        _guests.pop(theme).page.context.close()
    assert not guest.found
    assert {name for mark in request.node.iter_markers("does") for name in mark.args} <= guest.done
