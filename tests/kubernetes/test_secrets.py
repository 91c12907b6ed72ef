"""What tasks may use of the variables and connections of the install."""

from __future__ import annotations

import json
import os
import subprocess

from support import BIN, eventually
from test_pods import events, quick

READ = "from airflow.sdk import Variable; print('got', len(Variable.get('{key}')))"


def read(key: str) -> dict[str, str]:
    """Returns a project whose task reads a variable."""
    return quick(READ.format(key=key))


def used(server) -> list[tuple[str, str]]:
    """Returns which tasks asked for variables, and what the audit log says of it, the oldest first."""
    logs = server.request("GET", "/api/v2/eventLogs?event=get_variable&order_by=event_log_id").body["event_logs"]
    return [(entry["task_id"], entry["extra"]) for entry in logs]


def test_a_task_has_what_its_project_declares_and_its_log_says_what_is_missing(make_server):
    server = make_server()
    for key in ("team_a", "hidden"):
        assert server.request("POST", "/api/v2/variables", {"key": key, "value": "12345"}).status == 201
    declared = {"leoflow.yaml": 'variables: ["team_*"]\n'}
    server.push(read("team_a") | declared, label="v1")
    run_id = server.trigger("quick")
    server.await_run("quick", run_id)
    eventually(lambda: "got 5" in events(server, "quick", run_id, "do"), "the task has the variable")
    server.push(read("hidden") | declared, label="v2")
    run_id = server.trigger("quick")
    server.await_run("quick", run_id, "failed")
    said = "variable 'hidden' is not declared: name it under 'variables' in the project's leoflow.yaml"
    eventually(lambda: any(said in event for event in events(server, "quick", run_id, "do")), "the log says why")
    assert used(server) == [("do", '{"variable":"team_a","granted":true}'), ("do", '{"variable":"hidden","granted":false}')]


def test_where_permissive_a_project_that_declares_nothing_has_all(make_server):
    server = make_server(LEOFLOW_SECRETS_SCOPE="permissive")
    assert server.request("POST", "/api/v2/variables", {"key": "hidden", "value": "12345"}).status == 201
    server.push(read("hidden"))
    server.await_run("quick", server.trigger("quick"))
    assert used(server) == []


def test_names_that_are_set_to_be_secret_are_masked_in_the_logs_of_pods(make_server):
    server = make_server(LEOFLOW_SECRETS_SCOPE="permissive", AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES="badge")
    assert server.request("POST", "/api/v2/variables", {"key": "badge_no", "value": "B-123456"}).status == 201
    server.push(quick("from airflow.sdk import Variable; print('badge', Variable.get('badge_no'))"))
    run_id = server.trigger("quick")
    server.await_run("quick", run_id)
    eventually(lambda: "badge ***" in events(server, "quick", run_id, "do"), "the log hides it")


def test_the_key_of_secrets_is_changed_while_the_server_runs(make_server):
    server = make_server(LEOFLOW_SECRETS_SCOPE="permissive")
    assert server.request("POST", "/api/v2/variables", {"key": "kept", "value": "12345"}).status == 201
    new, old = "cd" * 32, server.environment["LEOFLOW_SECRET_KEY"]
    server.stop()
    server.settings |= {"LEOFLOW_SECRET_KEY": new, "LEOFLOW_SECRET_KEY_OLD": old}
    server.start()
    assert server.request("GET", "/api/v2/variables/kept").body["value"] == "12345"
    said = server.command("db", "rotate-secret-key").stdout
    assert said == "1 secrets are sealed with the new key now, 0 were before\n"
    del server.settings["LEOFLOW_SECRET_KEY_OLD"]
    server.stop()
    server.start()
    assert server.request("GET", "/api/v2/variables/kept").body["value"] == "12345"
    # Without the old key nothing is taken for rotated.
    refused = server.command("db", "rotate-secret-key", check=False)
    assert refused.returncode == 2 and "LEOFLOW_SECRET_KEY_OLD is not set" in refused.stderr
    wrong = os.environ | server.environment | {"LEOFLOW_SECRET_KEY": "ef" * 32, "LEOFLOW_SECRET_KEY_OLD": "01" * 32}
    lost = subprocess.run([BIN / "leoflow", "db", "rotate-secret-key"], env=wrong, capture_output=True, text=True, check=False)
    assert lost.returncode == 1 and "none of the keys opens variable 'kept'" in lost.stderr


def test_a_secrets_backend_of_airflows_answers_in_the_pod_and_what_it_does_not_know_is_asked_of_the_server(make_server):
    server = make_server()
    variables, connections = server.home / "variables.json", server.home / "connections.json"
    variables.write_text(json.dumps({"from_backend": "123456"}))
    connections.write_text(json.dumps({"in_backend": "http://vault.example:81"}))
    backend = {
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps(
            {"variables_file_path": str(variables), "connections_file_path": str(connections)}
        ),
    }

    def run(code: str, label: str, state: str) -> str:
        server.push(quick(code) | {"leoflow.yaml": "variables: [ours]\n"}, label=label)
        server.images[f"images.example/project:{label}"]["env"] |= backend
        server.node.have_images(server.images)
        run_id = server.trigger("quick")
        server.await_run("quick", run_id, state)
        return run_id

    def said(run_id: str) -> list[str]:
        return [event for event in events(server, "quick", run_id, "do") if event.startswith(("got ", "at "))]

    assert server.request("POST", "/api/v2/variables", {"key": "ours", "value": "12345"}).status == 201
    # Its own rights decide what a pod may have of the backend: those names are not declared.
    reads = "; ".join((READ.format(key="from_backend"), "from airflow.sdk import Connection",
                       "print('at', Connection.get('in_backend').host)", READ.format(key="ours")))  # fmt: skip
    run_id = run(reads, "v1", "success")
    # The end of a log may come after the end of its task.
    eventually(lambda: said(run_id) == ["got 6", "at vault.example", "got 5"], "the log has all of it")
    assert used(server) == [("do", '{"variable":"ours","granted":true}')], "the server was asked for one only"
    run(READ.format(key="theirs"), "v2", "failed")
    assert used(server)[1:] == [("do", '{"variable":"theirs","granted":false}')]
