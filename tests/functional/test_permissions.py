"""Who may do what: every operation and every role, as Airflow's routes and its simple auth manager have it."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest
from support import PYTHON, Lite, eventually

ROLES = ["viewer", "user", "op"]

# The least role for each operation, from what its route depends on.
THEIRS = """
import json
from fastapi import FastAPI
from fastapi.routing import APIRoute
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.app import init_views

manager = SimpleAuthManager()
users = [SimpleAuthManagerUser(username=role, role=role.upper()) for role in ("viewer", "user", "op", "admin")]
asks = {
    "requires_access_dag": manager.is_authorized_dag,
    "requires_access_backfill": manager.is_authorized_dag,
    "requires_access_event_log": manager.is_authorized_dag,
    "requires_access_dag_run_bulk": manager.is_authorized_dag,
    "requires_access_dag_run_clear_bulk": manager.is_authorized_dag,
    "requires_access_dag_from_file_token": manager.is_authorized_dag,
    "requires_access_asset": manager.is_authorized_asset,
    "requires_access_asset_alias": manager.is_authorized_asset_alias,
    "requires_access_configuration": manager.is_authorized_configuration,
    "requires_access_connection": manager.is_authorized_connection,
    "requires_access_connection_bulk": manager.is_authorized_connection,
    "requires_access_pool": manager.is_authorized_pool,
    "requires_access_pool_bulk": manager.is_authorized_pool,
    "requires_access_variable": manager.is_authorized_variable,
    "requires_access_variable_bulk": manager.is_authorized_variable,
}

def dependencies(dependant):
    for inner in dependant.dependencies:
        yield inner.call
        yield from dependencies(inner)

def may(user, route):
    for call in dependencies(route.dependant):
        ask = asks.get(getattr(call, "__qualname__", "").split(".")[0])
        free = dict(zip(call.__code__.co_freevars, call.__closure__ or ())) if ask else {}
        method = free["method"].cell_contents if "method" in free else "PUT"
        if ask and not ask(method=method, user=user):
            return False
    return True

app = FastAPI()
init_views(app)
print(json.dumps({
    f"{method} {route.path}": next(user.username for user in users if may(user, route))
    for route in app.routes if isinstance(route, APIRoute)
    for method in route.methods if route.path.startswith(("/api/v2/", "/ui/")) and "/auth/log" not in route.path
}))
"""


@pytest.fixture(scope="module")
def least_roles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Airflow's answer: the least role by "METHOD path"."""
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow"))}
    told = subprocess.run([PYTHON, "-c", THEIRS], env=environment, check=True, capture_output=True, text=True)
    roles = json.loads(told.stdout.splitlines()[-1])
    assert len(roles) > 140
    return roles


def token_of(lite: Lite, username: str, password: str) -> str:
    answer = lite.request("POST", "/auth/token", {"username": username, "password": password})
    assert answer.status == 201, answer
    return answer.body["access_token"]


def add_user(lite: Lite, username: str, role: str, *groups: str) -> str:
    in_groups = [f"--group={group}" for group in groups]
    made = lite.command("users", "create", username, "--role", role, *in_groups, "-o", "json")
    return token_of(lite, username, json.loads(made.stdout)["password"])


def test_each_role_may_call_what_it_may_in_airflow(make_lite, least_roles):
    lite = make_lite({})
    tokens = {role: add_user(lite, f"one-{role}", role) for role in ROLES}
    # What is asked for does not exist: whoever may ask is told that.
    operations = {name: re.sub(r"\{[^}]*\}", "1", name.split(" ", 1)[1]) for name in least_roles}
    refused = {
        name: [
            role
            for role in ROLES
            if lite.request(name.split(" ")[0], path, headers={"Authorization": f"Bearer {tokens[role]}"}).status == 403
        ]
        for name, path in operations.items()
    }
    order = [*ROLES, "admin"]
    expected = {name: order[: order.index(least)][:3] for name, least in least_roles.items()}
    # Airflow looks who asks once it has read what for.
    expected["POST /api/v2/connections/enqueue-test"] = ["viewer", "user"]
    # Nobody gets to see the configuration: it is not exposed, as by default. There are no teams.
    for name in expected:
        if name.startswith(("GET /api/v2/config", "GET /ui/teams")):
            expected[name] = ROLES
    assert refused == expected


def test_users_are_managed_from_the_command_line(make_lite):
    lite = make_lite({})
    ann = {"Authorization": "Bearer " + add_user(lite, "ann", "viewer")}
    listed = json.loads(lite.command("users", "list", "-o", "json").stdout)
    assert [(user["username"], user["role"]) for user in listed] == [("admin@leoflow.local", "admin"), ("ann", "viewer")]
    again = lite.command("users", "create", "ann", check=False)
    assert (again.returncode, "there is a user 'ann' already" in again.stderr) == (4, True)

    assert lite.request("GET", "/api/v2/variables", headers=ann).status == 403
    lite.command("users", "set-role", "ann", "op")
    assert lite.request("GET", "/api/v2/variables", headers=ann).status == 200
    lite.command("users", "set-role", "ann", "viewer")
    assert lite.request("GET", "/api/v2/variables", headers=ann).status == 403

    changed = json.loads(lite.command("users", "reset-password", "ann", "-o", "json").stdout)
    assert token_of(lite, "ann", changed["password"])

    lite.command("users", "delete", "ann", "--yes")
    assert lite.request("GET", "/api/v2/dags", headers=ann).status == 403
    gone = lite.command("users", "delete", "ann", "--yes", check=False)
    assert (gone.returncode, "there is no user 'ann'" in gone.stderr) == (3, True)
    admin = lite.command("users", "delete", "admin@leoflow.local", "--yes", check=False)
    assert admin.returncode == 5


ACCESS = """
from airflow.sdk import DAG, task

with DAG("billing", access_control={"team-a": {"can_read"}, "team-b": {"DAGs": {"can_read", "can_edit"}}}):
    task(lambda: None).override(task_id="a")()
"""

SALARIES = """
from airflow.sdk import DAG, task

with DAG("salaries", tags=["salaries"], access_control={"team-c": {"can_read"}}):
    task(lambda: None).override(task_id="salaries_task")()
"""

TYPO = """
from airflow.sdk import DAG

with DAG("typo", access_control={"team-a": {"DAGs": {"can_reed"}}}):
    pass
"""


def test_a_group_sees_and_changes_the_dags_that_it_is_given(make_lite):
    lite = make_lite({"billing.py": ACCESS, "salaries.py": SALARIES, "typo.py": TYPO})
    eventually(lambda: lite.get("/api/v2/dags")["total_entries"] == 2, "the DAGs are there")
    eventually(lambda: lite.get("/api/v2/importErrors")["total_entries"] == 1, "the typo is found")
    assert "can_reed" in lite.get("/api/v2/importErrors")["import_errors"][0]["stack_trace"]
    reader = {"Authorization": "Bearer " + add_user(lite, "rea", "none", "team-a", "nobodys")}
    editor = {"Authorization": "Bearer " + add_user(lite, "edi", "none", "team-b")}
    stranger = {"Authorization": "Bearer " + add_user(lite, "sam", "none")}

    def status(method: str, path: str, who: dict[str, str], body: object = None) -> int:
        return lite.request(method, path, body, headers=who).status

    for who in (reader, editor):
        assert [dag["dag_id"] for dag in lite.request("GET", "/api/v2/dags", headers=who).body["dags"]] == ["billing"]
        assert status("GET", "/api/v2/dags/billing/details", who) == 200
        assert status("GET", "/api/v2/dags/salaries/details", who) == 403
        for path in ("/ui/dags", "/api/v2/dagTags", "/api/v2/dags/~/dagVersions", "/ui/dependencies"):
            assert "salaries" not in json.dumps(lite.request("GET", path, headers=who).body), path
    assert lite.request("GET", "/api/v2/dags", headers=stranger).body["dags"] == []

    assert status("PATCH", "/api/v2/dags/billing", reader, {"is_paused": False}) == 403
    assert status("PATCH", "/api/v2/dags/billing", editor, {"is_paused": False}) == 200
    assert status("POST", "/api/v2/dags/billing/dagRuns", reader, {"logical_date": None}) == 403
    assert status("POST", "/api/v2/dags/billing/dagRuns", editor, {"logical_date": None}) == 200
    assert status("DELETE", "/api/v2/dags/billing", editor) == 403

    lite.command("users", "set-groups", "sam", "team-c")
    assert status("GET", "/api/v2/dags/salaries/details", stranger) == 200
    listed = json.loads(lite.command("users", "list", "-o", "json").stdout)
    assert {user["username"]: user["groups"] for user in listed if user["role"] == "none"} == {
        "rea": "team-a, nobodys",
        "edi": "team-b",
        "sam": "team-c",
    }

    (lite.dags / "billing.py").write_text(ACCESS.replace('"team-a": {"can_read"}', '"team-a": set()'))
    eventually(lambda: status("GET", "/api/v2/dags/billing", reader) == 403, "it is taken from the group")
