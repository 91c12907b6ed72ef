"""Who has no good token, or too small a role, gets no answer and changes nothing: every operation."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import datetime
import hashlib
import hmac
import json
import re
import subprocess
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import two_dags
from api.specification import Operation, operations
from support import BIN, PASSWORD, PYTHON, ROOT, USER, Lite, eventually
from test_execution_api import jwt as task_token
from test_permissions import ROLES, add_user, least_roles, token_of  # noqa: F401 - least_roles is a fixture
from two_dags import Request

OPEN = (
    ("GET", "/api/v2/monitor/health"),
    ("GET", "/api/v2/version"),
    ("GET", "/api/v2/auth/login"),
    ("GET", "/api/v2/auth/logout"),
    ("GET", "/api/v2/auth/oidc/login"),
    ("GET", "/api/v2/auth/oidc/callback"),
    ("GET", "/auth/token"),
    ("GET", "/auth/token/login"),
    ("POST", "/auth/token"),
    ("POST", "/auth/token/cli"),
)

# Leoflow's own operations, with the least role for each, and what is sent with them.
OURS = {
    Operation(method, "/api/v2/" + path, ()): (least, body)
    for method, path, least, body in (
        ("GET", "projects", "viewer", None),
        ("POST", "projects", "op", {}),
        ("PATCH", "projects/1", "op", {"dag_version": "1"}),
        ("GET", "projects/1/versions", "viewer", None),
        ("GET", "projects/1/versions/1", "viewer", None),
        ("GET", "serviceTokens", "admin", None),
        ("POST", "serviceTokens", "admin", {"name": "new", "role": "viewer"}),
        ("DELETE", "serviceTokens/1", "admin", None),
    )
}

NONE = (401, {"detail": "Not authenticated"})
EXPIRED = (401, {"detail": "Token Expired"})
INVALID = (403, {"detail": "Invalid JWT token"})
FORBIDDEN = (403, {"detail": "Forbidden"})

Answered = tuple[int, Any]


def encode(raw: bytes) -> str:
    """Returns bytes as parts of tokens have them."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def setting_of(lite: Lite, name: str) -> str:
    """Returns what the install's configuration has under a name."""
    found = re.search(rf"^{name}: (\w+)$", (lite.home / "config.yaml").read_text(), re.MULTILINE)
    assert found
    return found[1]


def secret_of(lite: Lite) -> bytes:
    """Returns the key that the install signs with."""
    return setting_of(lite, "jwt_secret").encode()


def add_service(lite: Lite, name: str, role: str, **more: str) -> str:
    """Returns the token of a new service."""
    made = lite.request("POST", "/api/v2/serviceTokens", {"name": name, "role": role} | more)
    assert made.status == 201, made
    return str(made.body["token"])


def revoked_service(lite: Lite) -> str:
    """Returns a token that was good."""
    token = add_service(lite, "revoked", "admin")
    assert lite.request("GET", "/api/v2/variables", headers=bearer(token)).status == 200
    assert lite.request("DELETE", "/api/v2/serviceTokens/revoked").status == 204
    return token


def expired_service(lite: Lite) -> str:
    """Returns a token whose time is up."""
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
    token = add_service(lite, "expired", "admin", expires_at=soon.isoformat())
    ask = ("GET", "/api/v2/variables", None, bearer(token))
    assert lite.request(*ask).status == 200
    eventually(lambda: lite.request(*ask).status == 401, "its time is up")
    return token


def sign(key: bytes, algorithm: str = "HS512", **claims: Any) -> str:
    """Returns a token of the administrator that holds now, but for what the claims say."""
    now = time.time()
    claims = {"sub": USER, "role": "admin", "aud": "apache-airflow", "jti": uuid.uuid4().hex, "iat": now} | claims
    claims = {"nbf": claims["iat"], "exp": now + 600} | claims
    text = ".".join(encode(json.dumps(part).encode()) for part in ({"alg": algorithm, "typ": "JWT"}, claims))
    if algorithm.lower() == "none":
        return text + "."
    digest = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}[algorithm]
    return text + "." + encode(hmac.new(key, text.encode(), digest).digest())


@pytest.fixture(scope="module")
def lite(make_shared_lite: Callable[..., Lite]) -> Lite:
    """An install with a DAG that has run."""
    lite = make_shared_lite({"north.py": two_dags.DAG.format(who="north", more="")})
    two_dags.make(lite, "north")
    return lite


@pytest.fixture(scope="module")
def requests(lite: Lite) -> dict[Operation, list[Request]]:
    """Requests of all operations that need a token; most would succeed with one."""
    assets = lite.get("/api/v2/assets?name_pattern=north_asset")["assets"]
    others = {"asset_alias_id", "backfill_id", "event_log_id", "import_error_id", "section", "file_token"}
    names = two_dags.names_of("north", assets[0]["id"], 1) | dict.fromkeys(others, "1")
    airflows = {
        operation: list(two_dags.requests_of(operation, names))
        for operation in operations()
        if (operation.method, operation.path) not in OPEN
    }
    ours = {operation: [Request(operation.method, operation.path, body)] for operation, (_, body) in OURS.items()}
    return airflows | ours


@pytest.fixture(scope="module")
def bad_tokens(lite: Lite) -> dict[str, tuple[str, Answered]]:
    """Tokens that are not good, with the answer to them."""
    key, now = secret_of(lite), int(time.time())
    good = sign(key)
    assert lite.request("GET", "/api/v2/variables", headers=bearer(good)).status == 200
    head, claims, signature = good.split(".")
    task = lite.get("/api/v2/dags/north/dagRuns/north_run/taskInstances/north_work")
    logged_out = token_of(lite, USER, PASSWORD)
    assert lite.request("GET", "/api/v2/auth/logout", headers=bearer(logged_out)).status == 200
    of_users = {}
    for name in ("changed", "deleted", "again"):
        of_users[name] = add_user(lite, name, "admin")
        assert lite.request("GET", "/api/v2/variables", headers=bearer(of_users[name])).status == 200
        # Likely in the same second.
        if name == "changed":
            lite.command("users", "reset-password", name)
        else:
            lite.command("users", "delete", name, "--yes")
    add_user(lite, "again", "admin")
    invalid = {
        "of another key": sign(b"another key, just as long as the right one"),
        "of an empty key": sign(b""),
        "of no algorithm": sign(key, "none"),
        "of no algorithm, in capitals": sign(key, "NONE"),
        "of no algorithm, with a signature": sign(key, "none") + signature,
        "of another algorithm": sign(key, "HS256"),
        "without its last letters": good[:-8],
        "without its signature": f"{head}.{claims}.",
        "of two parts": f"{head}.{claims}",
        "with other claims": f"{head}.{sign(b'', exp=now + 9999).split('.')[1]}.{signature}",
        "that is none at all": "token",
        "of the future": sign(key, nbf=now + 300, iat=now + 300),
        "for somebody else": sign(key, aud="somebody else"),
        "of a task": task_token(lite, task["id"]),
        "of who has logged out": logged_out,
        "of before the new password": of_users["changed"],
        "of who was deleted": of_users["deleted"],
        "of who was deleted and made again": of_users["again"],
        "of nobody known": sign(key, sub="nobody"),
        "of an unknown role": sign(key, role="king"),
        "of the agent": setting_of(lite, "agent_token"),
        "of a service whose token was revoked": revoked_service(lite),
        "of no service": "leoflow_st_" + "A" * 43,
    }
    return {name: (token, INVALID) for name, token in invalid.items()} | {
        "that has expired": (sign(key, iat=now - 600, exp=now - 60), EXPIRED),
        "of a service, that has expired": (expired_service(lite), EXPIRED),
        "": ("", NONE),
    }


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"_token={token}"} if token else {}


def state_of(lite: Lite) -> dict[str, Any]:
    """Returns all that the requests could change, and how much is written down."""
    return two_dags.all_of(lite, "north") | {"events": lite.get("/api/v2/eventLogs?limit=1")["total_entries"]}


def answers(lite: Lite, asked: list[Request], headers: dict[str, str]) -> list[tuple[Request, Answered]]:
    """Asks with these headers and no other token; returns what was asked and answered."""
    visitor = dataclasses.replace(lite, token="")
    told = [visitor.request(request.method, request.path, request.body, headers) for request in asked]
    return [(request, (answer.status, answer.body)) for request, answer in zip(asked, told, strict=True)]


@pytest.mark.parametrize("send", [bearer, cookie])
def test_no_operation_answers_without_a_good_token_and_nothing_changes(
    lite: Lite,
    requests: dict[Operation, list[Request]],
    bad_tokens: dict[str, tuple[str, Answered]],
    send: Callable[[str], dict[str, str]],
) -> None:
    assert len(requests) > 135
    asked = [request for kept in requests.values() for request in kept]
    assert not [request for request in asked if two_dags.slots(str(request))]
    before = state_of(lite)
    wrong = [
        (name, *told)
        for name, (token, expected) in bad_tokens.items()
        for told in answers(lite, asked, send(token))
        if told[1] != expected
    ]
    assert not wrong
    assert state_of(lite) == before


def test_a_token_that_is_sent_outweighs_the_cookie(lite: Lite, bad_tokens: dict[str, tuple[str, Answered]]) -> None:
    asked = [Request("GET", "/api/v2/variables")]
    for name, (token, expected) in bad_tokens.items():
        told = answers(lite, asked, bearer(token) | cookie(lite.token))
        assert (told[0][1] == expected) == (token != ""), name


def test_the_word_bearer_may_be_written_in_capitals(lite: Lite) -> None:
    asked = [Request("GET", "/api/v2/variables")]
    assert answers(lite, asked, {"Authorization": f"BEARER {lite.token}"})[0][1][0] == 200
    told = answers(lite, asked, {"Authorization": "BEARER token"} | cookie(lite.token))
    assert told[0][1] == INVALID


@pytest.mark.parametrize("sent", ["good", "bad"])
def test_who_logs_out_ends_the_session_of_the_cookie_too(lite: Lite, sent: str) -> None:
    asked, key = [Request("GET", "/api/v2/variables")], secret_of(lite)
    header, in_cookie = sign(key if sent == "good" else b"another"), sign(key)
    assert answers(lite, asked, cookie(in_cookie))[0][1][0] == 200
    answers(lite, [Request("GET", "/api/v2/auth/logout")], bearer(header) | cookie(in_cookie))
    for headers in (bearer(header), cookie(in_cookie)):
        assert answers(lite, asked, headers)[0][1] == INVALID


def test_every_operation_of_leoflows_own_is_tried() -> None:
    read = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))['paths']))"
    command = [str(PYTHON), "-c", read, str(ROOT / "src/api/leoflow.yaml")]
    paths = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    listed = {(method.upper(), re.sub(r"\{\w+\}", "1", path)) for path, methods in paths.items() for method in methods}
    assert listed == {(operation.method, operation.path) for operation in OURS} | {
        entry for entry in OPEN if "/oidc/" in entry[1]
    }


def test_heads_of_answers_need_a_token_too(lite: Lite, requests: dict[Operation, list[Request]]) -> None:
    asked = [Request("HEAD", request.path) for kept in requests.values() for request in kept if request.method == "GET"]
    assert {status for _, (status, _) in answers(lite, asked, {})} <= {401, 405}


def test_operations_that_are_open_answer_the_same_whatever_the_token(
    lite: Lite, bad_tokens: dict[str, tuple[str, Answered]]
) -> None:
    asked = [Request(method, path, {} if method == "POST" else None) for method, path in OPEN]
    asked = [request for request in asked if not request.path.endswith("/health")]
    before = state_of(lite)
    expected = answers(lite, asked, {})
    assert [status for _, (status, _) in expected] == [200, 200, 200, 404, 404, 403, 403, 422, 422]
    for name, (token, _) in bad_tokens.items():
        assert answers(lite, asked, bearer(token)) == expected, name
        assert answers(lite, asked, cookie(token)) == expected, name
    assert state_of(lite) == before


def test_a_role_that_is_too_small_changes_nothing_whatever_its_token_says(
    lite: Lite, requests: dict[Operation, list[Request]], least_roles: dict[str, str]  # noqa: F811
) -> None:
    least = {name.replace(":path}", "}"): role for name, role in least_roles.items()}
    least |= {f"{operation.method} {operation.path}": role for operation, (role, _) in OURS.items()}
    order = [*ROLES, "admin"]
    tokens = {role: add_user(lite, f"a-{role}", role) for role in ROLES}
    services = {role: add_service(lite, f"a-{role}", role) for role in ROLES}
    before = state_of(lite)
    wrong, count = [], 0
    for role, token in tokens.items():
        asked = [
            request
            for operation, kept in requests.items()
            for request in kept
            if order.index(least[f"{operation.method} {operation.path}"]) > order.index(role)
        ]
        count += len(asked)
        for sent in (token, sign(secret_of(lite), sub=f"a-{role}", role="admin"), services[role]):
            wrong += [(role, *told) for told in answers(lite, asked, bearer(sent)) if told[1] != FORBIDDEN]
    assert not wrong
    assert count > 80
    assert state_of(lite) == before


def test_a_new_key_ends_no_login_and_holds_at_once(make_lite: Callable[..., Lite]) -> None:
    lite = make_lite()
    asked, old = [Request("GET", "/api/v2/variables")], secret_of(lite)
    told = lite.command("lite", "rotate-token-key")
    new = secret_of(lite)
    assert new != old
    by_hand = {"of the old key": sign(old), "of the new key": sign(new), "of before": lite.token}
    for name, token in by_hand.items():
        assert answers(lite, asked, bearer(token))[0][1][0] == 200, name
    fresh = token_of(lite, USER, PASSWORD)
    assert lite.command("dags", "list", "--server-url", lite.url).returncode == 0
    lite.kill()
    lite.start()
    for token in (lite.token, fresh):
        assert answers(lite, asked, bearer(token))[0][1][0] == 200
    log = (lite.home / "server.log").read_text()
    assert not [key for key in (old, new) if key.decode() in log + told.stdout + told.stderr]


def test_a_key_that_somebody_else_has_ends_with_all_its_tokens(make_lite: Callable[..., Lite]) -> None:
    lite = make_lite()
    asked, old = [Request("GET", "/api/v2/variables")], secret_of(lite)
    lite.command("lite", "rotate-token-key")
    after = token_of(lite, USER, PASSWORD)
    assert lite.command("lite", "rotate-token-key", "--end-logins", check=False).returncode == 1
    assert answers(lite, asked, bearer(after))[0][1][0] == 200, "nobody has said yes"
    lite.command("lite", "rotate-token-key", "--end-logins", "--yes")
    for token in (sign(old), lite.token, after):
        assert answers(lite, asked, bearer(token))[0][1] == INVALID
    assert answers(lite, asked, bearer(token_of(lite, USER, PASSWORD)))[0][1][0] == 200
    assert old.decode() not in (lite.home / "config.yaml").read_text()


def test_rotations_that_are_killed_leave_the_old_key_or_the_new_one(make_lite: Callable[..., Lite]) -> None:
    lite = make_lite()
    asked, config = [Request("GET", "/api/v2/variables")], lite.home / "config.yaml"
    began = time.perf_counter()
    lite.command("lite", "rotate-token-key")
    whole = time.perf_counter() - began
    for part in range(24):
        rotating = subprocess.Popen([BIN / "leoflow", "lite", "rotate-token-key"], env=lite.environment)
        with contextlib.suppress(subprocess.TimeoutExpired):
            rotating.wait(whole * part / 20)
        rotating.kill()
        rotating.wait()
        assert answers(lite, asked, bearer(lite.token))[0][1][0] == 200
        assert answers(lite, asked, bearer(sign(secret_of(lite))))[0][1][0] == 200
        assert config.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("whose", ["an admin", "a viewer", "a service", "the agent"])
def test_nobody_elses_token_is_one_of_a_task(make_lite: Callable[..., Lite], whose: str) -> None:
    lite = make_lite({}, "--executor=stock")
    token = {
        "an admin": lambda: lite.token,
        "a viewer": lambda: add_user(lite, "vera", "viewer"),
        "a service": lambda: add_service(lite, "ci", "admin"),
        "the agent": lambda: setting_of(lite, "agent_token"),
    }[whose]()
    two_dags.changed(lite, "POST", "/api/v2/variables", {"key": "mine", "value": "kept"})
    asked = [
        Request("GET", "/execution/variables/mine"),
        Request("PUT", "/execution/variables/mine", {"val": "changed"}),
        Request("DELETE", "/execution/variables/mine"),
        Request("GET", "/execution/connections/mine"),
        Request("GET", "/execution/xcoms/a_dag/a_run/a_task/a_key"),
        Request("PATCH", f"/execution/task-instances/{uuid.uuid4()}/state", {"state": "failed"}),
    ]
    told = answers(lite, asked, bearer(token) | {"Airflow-API-Version": "2026-06-30"})
    assert [answer for _, answer in told] == [(403, {"detail": "Invalid auth token"})] * len(asked)
    assert lite.get("/api/v2/variables/mine")["value"] == "kept"
