"""Airflow's configuration in the API: for nobody, unless it is set; then as in Airflow, without secrets."""

from __future__ import annotations

import http.client
import json
import os
import pathlib
import subprocess

import pytest
from support import PYTHON, Lite

OPTIONS = [
    ("core", "parallelism"),
    ("Core", "Parallelism"),
    ("smtp", "smtp_host"),
    ("api_auth", "jwt_secret"),
    ("secrets", "backend_kwarg__role_id"),
    ("of_a_provider", "some_key"),
    ("core", "no_such_option"),
    ("no_such_section", "parallelism"),
]
SECRETS = {
    "AIRFLOW__API_AUTH__JWT_SECRET": "hidden-1",
    "AIRFLOW__API__SECRET_KEY": "hidden-2",
    "AIRFLOW__SECRETS__BACKEND_KWARG__ROLE_ID": "hidden-3",
}


def ask(lite: Lite, path: str, accept: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", lite.port)
    connection.request("GET", path, headers={"Authorization": f"Bearer {lite.token}", "Accept": accept})
    answer = connection.getresponse()
    return answer.status, answer.getheader("content-type") or "", answer.read().decode()


def by_name(sections: list[dict]) -> dict[str, dict[str, str]]:
    return {section["name"]: {o["key"]: o["value"] for o in section["options"]} for section in sections}


def test_nobody_sees_it_unless_it_is_set(make_lite):
    lite = make_lite({})
    for path in ("/api/v2/config", "/api/v2/config/section/core/option/parallelism"):
        assert ask(lite, path, "application/json")[0] == 403
        assert ask(lite, path, "text/html")[0] == 406


@pytest.mark.parametrize("setting", ["True", "non-sensitive-only"])
def test_it_is_what_airflow_shows(make_lite, monkeypatch, setting):
    variables = {"AIRFLOW__API__EXPOSE_CONFIG": setting, "AIRFLOW__OF_A_PROVIDER__SOME_KEY": "some value", **SECRETS}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    lite = make_lite({})
    ours = by_name(lite.get("/api/v2/config")["sections"])
    reference = pathlib.Path(__file__).with_name("config_reference.py")
    done = subprocess.run(
        [str(PYTHON), str(reference)],
        env={**os.environ, "AIRFLOW_HOME": str(pathlib.Path(ours["core"]["dags_folder"]).parent)},
        input=json.dumps(OPTIONS),
        text=True,
        check=True,
        capture_output=True,
    )
    theirs = json.loads(done.stdout.splitlines()[-1])
    assert ours == by_name(theirs["sections"])
    assert ours["api"]["secret_key"] == "< hidden >"

    status, kind, text = ask(lite, "/api/v2/config", "text/plain")
    assert (status, kind, text) == (200, "text/plain; charset=utf-8", theirs["text"])
    assert not [secret for secret in SECRETS.values() if secret in text]

    for (section, option), answer in zip(OPTIONS, theirs["options"], strict=True):
        told = lite.request("GET", f"/api/v2/config/section/{section}/option/{option}")
        assert (told.body["detail"] if told.status == 404 else told.body) == answer, (section, option)

    assert by_name(lite.get("/api/v2/config?section=smtp")["sections"]) == {"smtp": ours["smtp"]}
    assert lite.request("GET", "/api/v2/config?section=none").body["detail"] == "Section none not found."
    assert ask(lite, "/api/v2/config/section/core/option/parallelism", "text/plain")[2] == "[core]\nparallelism = 32\n"
