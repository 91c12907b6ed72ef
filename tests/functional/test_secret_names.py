"""What counts as a secret by its name is what does in Airflow."""

from __future__ import annotations

import json
import subprocess

from support import PYTHON

_LIST = """
import json
from airflow._shared.secrets_masker.secrets_masker import DEFAULT_SENSITIVE_FIELDS
print(json.dumps(sorted(DEFAULT_SENSITIVE_FIELDS)))
"""


def test_variables_with_the_names_of_airflows_secrets_are_masked(make_lite):
    listed = subprocess.run([str(PYTHON), "-c", _LIST], check=True, capture_output=True, text=True)
    lite = make_lite()
    for word in json.loads(listed.stdout):
        key = f"my-{word}-1"
        made = lite.request("POST", "/api/v2/variables", {"key": key, "value": "s3cret", "description": word})
        assert made.status == 201, made
        assert lite.get(f"/api/v2/variables/{key}")["value"] == "***", key
    assert lite.request("POST", "/api/v2/variables", {"key": "plain", "value": "shown"}).status == 201
    assert lite.get("/api/v2/variables/plain")["value"] == "shown"


_DAG = """
from airflow.sdk import Variable, dag, task


@dag(dag_id="tells")
def tells():
    @task
    def tell():
        print("badge", Variable.get("badge_no"), "town", Variable.get("town"))

    tell()


tells()
"""


def test_names_that_are_set_to_be_secret_are_masked_by_the_api_and_in_logs(make_lite, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES", "badge, pin")
    lite = make_lite({"tells.py": _DAG})
    for key, value in {"badge_no": "B-123456", "town": "Springfield"}.items():
        assert lite.request("POST", "/api/v2/variables", {"key": key, "value": value}).status == 201
    assert lite.get("/api/v2/variables/badge_no")["value"] == "***"
    assert lite.get("/api/v2/variables/town")["value"] == "Springfield"
    lite.await_dag("tells")
    run_id = lite.trigger("tells")
    lite.await_run("tells", run_id)
    assert "badge *** town Springfield" in [record["event"] for record in lite.log("tells", run_id, "tell")]
