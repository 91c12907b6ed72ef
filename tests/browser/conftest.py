"""Fixtures: Debian's Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright


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
    """Gives Chromium without a page; the pages that a test opens are closed at its end."""
    yield _chromium
    for context in _chromium.contexts:
        context.close()
