"""The browser's session: a cookie that no script of a page reads or writes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from support import Lite, eventually
from visitor import Visitor


@pytest.fixture
def visitor(browser: Browser, world: tuple[Lite, dict[str, object]]) -> Visitor:
    """Gives somebody who has not logged in."""
    return Visitor(browser, world[0].url)


def sessions(page: Page) -> list[dict[str, object]]:
    """Returns what the browser keeps as the session."""
    kept = [cookie for cookie in page.context.cookies() if cookie["name"] == "_token"]
    return [{key: cookie[key] for key in ("path", "httpOnly", "sameSite", "secure")} for cookie in kept]


THE_SESSION = {"path": "/", "httpOnly": True, "sameSite": "Lax", "secure": False}


def test_the_only_session_is_hidden_from_scripts_and_other_sites(visitor):
    visitor.log_in()
    page = visitor.page
    assert sessions(page) == [THE_SESSION]
    assert "_token" not in page.evaluate("() => document.cookie")
    page.evaluate("() => { document.cookie = '_token=mine; path=/'; }")
    assert sessions(page) == [THE_SESSION]
    visitor.open("pools")
    expect(page.get_by_text("default_pool").first).to_be_visible()
    assert not visitor.wrong


def test_one_that_a_script_had_written_is_replaced_at_the_next_login(visitor):
    page = visitor.page
    visitor.open("auth/login")
    page.evaluate("() => { document.cookie = '_token=of.an.earlier-time; path=/'; }")
    visitor.log_in()
    assert sessions(page) == [THE_SESSION]


def test_who_logged_out_can_log_in_again(visitor):
    visitor.log_in()
    page = visitor.page
    visitor.open("api/v2/auth/logout")
    eventually(lambda: not sessions(page), "the session is gone")
    visitor.log_in()
    assert sessions(page) == [THE_SESSION]
