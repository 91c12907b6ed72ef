"""Who may in."""

from __future__ import annotations

from support import PASSWORD, USER


def test_a_wrong_password_is_refused_and_guessing_is_slowed(make_lite):
    lite = make_lite()
    token, lite.token = lite.token, ""
    statuses = [
        lite.request("POST", "/auth/token", {"username": USER, "password": f"guess {n}"}).status for n in range(15)
    ]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert lite.request("GET", "/api/v2/dags").status == 401
    lite.token = "not.a.token"
    assert lite.request("GET", "/api/v2/dags").status in (401, 403)
    lite.token = token
    assert lite.request("GET", "/api/v2/dags").status == 200


def test_who_guesses_behind_a_proxy_keeps_nobody_else_out(make_lite, monkeypatch):
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "127.0.0.0/8")
    lite = make_lite()
    lite.token = ""

    def status(password, client):
        asked = {"username": USER, "password": password}
        return lite.request("POST", "/auth/token", asked, {"X-Forwarded-For": client}).status

    assert [status(f"guess {n}", f"{n}.1.1.1, 8.8.8.8") for n in range(15)][-1] == 429
    assert status("a wrong one", "9.9.9.9") == 401
    assert status(PASSWORD, "9.9.9.9") == 201


def test_secrets_are_in_no_file_that_others_can_read_and_in_no_process_list(make_lite):
    lite = make_lite()
    config = lite.home / "config.yaml"
    assert config.stat().st_mode & 0o077 == 0
    assert (lite.home / "dev/leoflow_dev.db").stat().st_mode & 0o077 == 0
    secrets = [
        line.split(": ", 1)[1].strip().strip('"')
        for line in config.read_text().splitlines()
        if line.split(":")[0] in ("jwt_secret", "secret_key", "agent_token")
    ]
    assert len(secrets) == 3 and all(len(secret) >= 64 for secret in secrets)
    agent = lite.agent_pid()
    for pid in (lite.process.pid, agent):
        arguments = open(f"/proc/{pid}/cmdline").read()
        assert not any(secret in arguments for secret in secrets)
    logs = (lite.home / "server.log").read_text() + (lite.home / "dev/agent/agent.log").read_text()
    assert not any(secret in logs for secret in secrets)
