"""Tokens of programs, from the command line to their end."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from support import BIN, Lite
from test_permissions import add_user
from test_tokens import add_service, bearer


@pytest.fixture
def lite(make_lite: Callable[..., Lite]) -> Lite:
    """Gives an install without DAGs."""
    return make_lite({})


def command_as(lite: Lite, token: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command as the program that has the token."""
    environment = os.environ | {"LEOFLOW_TOKEN": token, "LEOFLOW_HOME": str(lite.home / "another")}
    command = [str(BIN / "leoflow"), *arguments, "--server-url", lite.url]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def tokens(lite: Lite, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs `leoflow tokens` as the admin of the install."""
    return lite.command("tokens", *arguments, "--server-url", lite.url, check=check)


def printed(done: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(done.stdout)


def test_a_program_calls_with_its_token_until_that_is_revoked(lite: Lite) -> None:
    made = printed(tokens(lite, "create", "ci", "--role", "op", "--days", "90", "-o", "json"))
    token = made.pop("token")
    assert (made["name"], made["role"], made["created_by"]) == ("ci", "op", "admin@leoflow.local")
    assert printed(tokens(lite, "list", "-o", "json")) == [made]
    assert token not in tokens(lite, "list", "-o", "json").stdout

    assert command_as(lite, token, "dags", "list").returncode == 0
    set_ = lite.request("POST", "/api/v2/variables", {"key": "of", "value": "ci"}, bearer(token))
    assert set_.status == 201
    [event] = lite.get("/api/v2/eventLogs?event=post_variable")["event_logs"]
    assert event["owner"] == "service:ci"

    tokens(lite, "revoke", "ci", "--yes")
    assert lite.request("GET", "/api/v2/dags", headers=bearer(token)).status == 403
    assert command_as(lite, token, "dags", "list").returncode != 0
    again = tokens(lite, "revoke", "ci", "--yes", check=False)
    assert again.returncode != 0 and "no token of the service `ci`" in again.stderr


def test_the_token_of_this_install_is_sent_to_no_other_machine(lite: Lite) -> None:
    for url in ("http://leoflow.example", "http://localhost:80@leoflow.example"):
        refused = lite.command("dags", "list", "--server-url", url, check=False)
        assert refused.returncode == 2
        assert f"LEOFLOW_TOKEN is not set: {url} takes a token of its own" in refused.stderr


def test_what_happens_to_tokens_is_written_down_and_the_tokens_are_not(lite: Lite) -> None:
    token = add_service(lite, "ci", "viewer")
    lite.request("DELETE", "/api/v2/serviceTokens/ci")
    events = lite.get("/api/v2/eventLogs?order_by=event_log_id")["event_logs"]
    assert [event["event"] for event in events] == ["post_service_token", "delete_service_token"]
    assert json.loads(events[0]["extra"]) == {"name": "ci", "role": "viewer", "method": "POST"}
    kept = (lite.home / "dev/leoflow_dev.db").read_bytes() + (lite.home / "server.log").read_bytes()
    assert token.encode() not in kept


def test_a_new_key_for_the_tokens_of_users_ends_no_service(lite: Lite) -> None:
    token = add_service(lite, "ci", "viewer")
    lite.command("lite", "rotate-token-key", "--end-logins", "--yes")
    assert lite.request("GET", "/api/v2/dags", headers=bearer(token)).status == 200


def test_a_service_gets_no_other_token_and_is_no_person(lite: Lite) -> None:
    token = bearer(add_service(lite, "ci", "admin"))
    assert lite.request("POST", "/ui/auth/token", {}, token).status == 403
    assert lite.request("POST", "/api/v2/serviceTokens", {"name": "more", "role": "viewer"}, token).status == 403
    assert lite.request("GET", "/ui/auth/me", headers=token).body["username"] == "service:ci"
    made = lite.command("users", "create", "service:ci", check=False)
    assert made.returncode == 2 and "cannot be the name of a user" in made.stderr


def test_only_admins_manage_tokens(lite: Lite) -> None:
    otto = bearer(add_user(lite, "otto", "op"))
    assert lite.request("GET", "/api/v2/serviceTokens", headers=otto).status == 403
    assert lite.request("POST", "/api/v2/serviceTokens", {"name": "ci", "role": "viewer"}, otto).status == 403
    assert lite.get("/api/v2/serviceTokens") == {"service_tokens": [], "total_entries": 0}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "ci"},
        {"name": "a b", "role": "op"},
        {"name": "ci", "role": "king"},
        {"name": "ci", "role": "op", "expires_at": "2020-01-01T00:00:00Z"},
        {"name": "ci", "role": "op", "expires_at": "soon"},
        {"name": "ci", "role": "op", "more": 1},
    ],
)
def test_what_makes_no_sense_makes_no_token(lite: Lite, body: dict[str, Any]) -> None:
    assert lite.request("POST", "/api/v2/serviceTokens", body).status == 422
    assert lite.get("/api/v2/serviceTokens")["total_entries"] == 0
    add_service(lite, "taken", "op")
    assert lite.request("POST", "/api/v2/serviceTokens", {"name": "taken", "role": "op"}).status == 409
