"""Whether a connection works: its hook is asked, in Python."""

from __future__ import annotations

import pytest
from support import eventually

PATH = "/api/v2/connections"


@pytest.fixture(scope="module")
def lite(make_shared_lite):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__CORE__TEST_CONNECTION", "Enabled")
        return make_shared_lite()


def a_folder(path: object, **more: object) -> dict[str, object]:
    return {"connection_id": "files", "conn_type": "fs", "extra": f'{{"path": "{path}"}}', **more}


def outcome(lite, body: dict[str, object]) -> tuple[bool, str]:
    answer = lite.request("POST", f"{PATH}/test", body)
    assert answer.status == 200, answer
    return answer.body["status"], answer.body["message"]


def wait_for(lite, body: dict[str, object]) -> dict[str, object]:
    queued = lite.request("POST", f"{PATH}/enqueue-test", body)
    assert queued.status == 202, queued
    header = {"Airflow-Connection-Test-Token": queued.body["token"]}

    def ended():
        test = lite.request("GET", f"{PATH}/enqueue-test", headers=header).body
        return test["state"] in ("success", "failed") and test

    return eventually(ended, "the test ends")


def test_tests_are_refused_unless_they_are_enabled(make_lite):
    lite = make_lite()
    for path in ("test", "enqueue-test"):
        refused = lite.request("POST", f"{PATH}/{path}", a_folder("/"))
        assert refused.status == 403
        assert refused.body["detail"].startswith("Testing connections is disabled")


def test_the_hook_says_whether_a_connection_works(lite, tmp_path):
    assert outcome(lite, a_folder(tmp_path))[0] is True
    assert lite.request("POST", PATH, a_folder(tmp_path) | {"connection_id": "kept"}).status == 201
    of_the_ui = {"description": "", "host": "", "login": "", "password": "", "port": 0, "schema": ""}
    assert outcome(lite, a_folder(tmp_path, **of_the_ui) | {"connection_id": "kept"})[0] is True
    works, message = outcome(lite, a_folder(tmp_path / "none"))
    assert not works
    assert "not exist" in message
    works, message = outcome(lite, {"connection_id": "x", "conn_type": "no_such_type"})
    assert not works
    assert "no_such_type" in message


def test_what_is_not_sent_is_taken_from_the_stored_connection_but_not_to_another_host(lite):
    secret = "a password of the index"
    stored = {"connection_id": "index", "conn_type": "package_index", "host": "http://127.0.0.1:9", "login": "me"}
    assert lite.request("POST", PATH, stored | {"password": secret}).status == 201
    works, message = outcome(lite, stored | {"password": "***"})
    assert not works
    assert secret not in message
    elsewhere = lite.request("POST", f"{PATH}/test", stored | {"host": "http://127.0.0.1:8", "password": "***"})
    assert elsewhere.status == 400
    assert "Include the credentials" in elsewhere.body["detail"]
    assert outcome(lite, stored | {"host": "http://127.0.0.1:8", "password": "mine"})[0] is False


def test_a_test_can_be_looked_at_later_and_keep_what_worked(lite, tmp_path):
    assert wait_for(lite, a_folder(tmp_path / "none", commit_on_success=True))["state"] == "failed"
    assert lite.request("GET", f"{PATH}/files").status == 404
    done = wait_for(lite, a_folder(tmp_path, commit_on_success=True))
    assert done["state"] == "success", done
    assert lite.get(f"{PATH}/files")["extra"] == a_folder(tmp_path)["extra"]
    unknown = lite.request("GET", f"{PATH}/enqueue-test", headers={"Airflow-Connection-Test-Token": "none"})
    assert unknown.status == 404
    for unknown in ("executor", "queue"):
        refused = lite.request("POST", f"{PATH}/enqueue-test", a_folder(tmp_path, **{unknown: "Mine"}))
        assert refused.status == 422
        assert "'Mine'" in refused.body["detail"]
