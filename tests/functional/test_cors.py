"""Pages of other sites: none may use the API, unless it is set; then as in Airflow."""

from __future__ import annotations

import http.client
import json
import pathlib
import subprocess

from support import PYTHON

FRIEND, STRANGER = "https://friend.example.com", "https://stranger.example.com"


def preflight(origin: str, method: str, headers: str | None = None) -> tuple[str, dict[str, str]]:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    return "OPTIONS", asked if headers is None else asked | {"Access-Control-Request-Headers": headers}


REQUESTS = [
    preflight(FRIEND, "POST"),
    preflight(FRIEND, "GET", "Content-Type, X-Known"),
    preflight(FRIEND, "DELETE"),
    preflight(FRIEND, "POST", "x-unknown"),
    preflight(STRANGER, "POST"),
    preflight(STRANGER, "DELETE", "x-unknown"),
    ("GET", {"Origin": FRIEND}),
    ("GET", {"Origin": STRANGER}),
    ("GET", {}),
]


def ask(lite, method: str, path: str, headers: dict[str, str]) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", lite.port)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    return answer.status, body, {k.lower(): v for k, v in answer.getheaders() if k.lower().startswith("access-")}


def cookie_of(lite, origin: str) -> dict[str, str]:
    return {"Cookie": f"_token={lite.token}", "Origin": origin, "Content-Type": "application/json"}


def names(text: str) -> set[str]:
    return {name.strip().lower() for name in text.split(",")}


def test_no_page_of_another_site_is_let_in_unless_it_is_set(make_lite):
    lite = make_lite()
    for method, headers in REQUESTS:
        assert not ask(lite, method, "/api/v2/version", headers)[2]
    assert ask(lite, "POST", "/api/v2/pools", cookie_of(lite, FRIEND))[0] == 403


def test_pages_that_are_let_in_are_answered_as_by_airflow(make_lite, monkeypatch):
    allowed = {"origins": [FRIEND], "methods": ["GET", "POST"], "headers": ["X-Known"]}
    for name, values in allowed.items():
        monkeypatch.setenv(f"AIRFLOW__API__ACCESS_CONTROL_ALLOW_{name.upper()}", ",".join(values))
    lite = make_lite()
    reference = pathlib.Path(__file__).with_name("cors_reference.py")
    done = subprocess.run(
        [str(PYTHON), str(reference)],
        input=json.dumps(allowed | {"requests": REQUESTS}),
        text=True,
        check=True,
        capture_output=True,
    )
    for (method, headers), (status, text, theirs) in zip(REQUESTS, json.loads(done.stdout), strict=True):
        our_status, our_text, ours = ask(lite, method, "/api/v2/version", headers)
        assert our_status == status, headers
        if method == "OPTIONS":
            assert our_text == text, headers
        listed = "access-control-allow-headers"
        assert names(ours.pop(listed, "")) == names(theirs.pop(listed, "")), headers
        assert ours == theirs, headers
    for origin, status in ((STRANGER, 403), (FRIEND, 422)):
        assert ask(lite, "POST", "/api/v2/pools", cookie_of(lite, origin))[0] == status, "a cookie is good there only"
