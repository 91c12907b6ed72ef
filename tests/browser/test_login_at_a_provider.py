"""Who logs in at a real OpenID provider."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Iterator

import pytest
from openid_provider import begin_login, log_in_there, new_browser, server_with_provider
from playwright.sync_api import Browser, Page, expect
from support import PASSWORD, USER, Lite
from test_session import THE_SESSION, sessions


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lite]:
    """Gives a server whose provider tells groups only when it is asked."""
    with server_with_provider(tmp_path_factory.mktemp("oidc")) as lite:
        yield lite


@pytest.fixture
def page(browser: Browser) -> Page:
    """Gives a page of a browser that knows nobody."""
    page = new_browser(browser).new_page()
    # To load the application takes long where much else goes on.
    page.set_default_timeout(60_000)
    return page


def is_in(page: Page, server: Lite) -> None:
    """Checks that the browser has come back, and is somebody there."""
    page.wait_for_url(f"{server.url}/", wait_until="commit")
    assert status_of(page, "GET", f"{server.url}/api/v2/dags") == 200


def status_of(page: Page, method: str, url: str) -> int:
    """Returns what the API answers this browser."""
    return page.request.fetch(url, method=method, data=None if method == "GET" else {}).status


def role_of(server: Lite, username: str) -> tuple[str, str]:
    users = json.loads(server.command("users", "list", "-o", "json").stdout)
    return next((user["role"], user["login"]) for user in users if user["username"] == username)


def with_state(url: str, state: str) -> str:
    return re.sub(r"state=[^&]*", f"state={state}", url)


def test_a_viewer_comes_to_the_page_they_wanted_and_only_reads(server: Lite, page: Page) -> None:
    page.goto(f"{server.url}/pools")
    assert page.url.startswith("http://127.0.0.1") and not page.url.startswith(server.url)
    log_in_there(page, "ann")
    expect(page.get_by_text("default_pool").first).to_be_visible(timeout=60_000)
    assert page.url == f"{server.url}/pools"
    assert sessions(page) == [THE_SESSION]
    assert not [cookie for cookie in page.context.cookies() if cookie["name"].startswith("_oidc")]
    assert status_of(page, "GET", f"{server.url}/api/v2/dags") == 200
    assert status_of(page, "POST", f"{server.url}/api/v2/dags/any/dagRuns") == 403
    assert status_of(page, "GET", f"{server.url}/api/v2/variables") == 403
    assert role_of(server, "ann@example.com") == ("viewer", "provider")
    written = server.get("/api/v2/eventLogs?event=oidc_login&owner=ann@example.com")["event_logs"]
    assert [json.loads(event["extra"]) for event in written] == [{"role": "viewer"}]


def test_the_highest_role_of_all_groups_counts(server: Lite, page: Page) -> None:
    page.goto(server.url)
    log_in_there(page, "otto")
    is_in(page, server)
    assert status_of(page, "GET", f"{server.url}/api/v2/variables") == 200
    assert role_of(server, "otto@example.com") == ("op", "provider")


def test_who_is_in_no_group_with_a_role_is_told_so_and_not_let_in(server: Lite, page: Page) -> None:
    page.goto(server.url)
    log_in_there(page, "zoe")
    expect(page.get_by_text("None of the groups of zoe@example.com has a role here")).to_be_visible()
    assert not sessions(page)
    assert status_of(page, "GET", f"{server.url}/api/v2/dags") == 401


def test_who_logs_out_is_out_and_comes_back_by_the_provider(server: Lite, page: Page) -> None:
    page.goto(server.url)
    log_in_there(page, "ann")
    is_in(page, server)
    [token] = [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert server.request("GET", "/api/v2/dags", headers=bearer).status == 200
    page.goto(f"{server.url}/api/v2/auth/logout")
    expect(page.get_by_text("You are logged out")).to_be_visible()
    assert not sessions(page)
    assert server.request("GET", "/api/v2/dags", headers=bearer).status == 403
    page.get_by_text("Log in again").click()
    is_in(page, server)


def test_who_has_a_password_can_log_in_without_the_provider(server: Lite, page: Page) -> None:
    page.goto(f"{server.url}/auth/login?local")
    page.fill("input[name=username]", USER)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    expect(page.get_by_text("Leoflow Lite").first).to_be_visible(timeout=60_000)
    wrong = server.request("POST", "/auth/token", {"username": "ann@example.com", "password": "any"})
    assert wrong.status == 401


def test_a_login_ends_only_in_the_browser_where_it_began_and_once(server: Lite, browser: Browser, page: Page) -> None:
    back = begin_login(page.request, server, "ann")
    other = new_browser(browser).new_page()
    for where, url in ((other, back), (page, with_state(back, "0" * 32)), (page, with_state(back, ""))):
        assert where.goto(url).status == 400
        expect(where.get_by_text("This login was begun in another browser, or too long ago")).to_be_visible()
    assert not sessions(page) and not sessions(other)
    page.goto(back, wait_until="commit")
    is_in(page, server)
    assert page.goto(back).status == 400


def test_a_code_of_one_login_ends_no_other(server: Lite, page: Page) -> None:
    one, another = (
        dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(begin_login(page.request, server, "ann")).query)) for _ in range(2)
    )
    mixed = urllib.parse.urlencode(one | {"code": another["code"]})
    assert page.goto(f"{server.url}/api/v2/auth/oidc/callback?{mixed}").status == 403
    expect(page.get_by_text("the provider refuses the login (invalid_grant)")).to_be_visible()
    mixed = urllib.parse.urlencode(another | {"iss": "https://another.example"})
    assert page.goto(f"{server.url}/api/v2/auth/oidc/callback?{mixed}").status == 403
    assert not sessions(page)


def test_nobody_is_sent_to_another_site_after_their_login(server: Lite) -> None:
    for bad in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
        asked = server.request("GET", "/api/v2/auth/oidc/login?next=" + urllib.parse.quote(bad, safe=""))
        assert (asked.status, asked.body) == (400, {"detail": "Invalid or unsafe next URL"})


def test_groups_may_come_in_a_token_that_a_curve_has_signed(browser: Browser, tmp_path, page: Page) -> None:
    with server_with_provider(tmp_path, algorithm="ES256", ask_for_claims=False) as lite:
        page.goto(lite.url)
        log_in_there(page, "otto")
        is_in(page, lite)
        assert role_of(lite, "otto@example.com") == ("op", "provider")
