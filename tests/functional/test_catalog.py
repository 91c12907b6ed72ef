"""What only the installed packages know: providers, the forms of connections, Airflow's default connections."""

from __future__ import annotations

import json
import os
import subprocess

from support import PYTHON

THEIRS = """
import json
from fastapi.testclient import TestClient
from fastapi import FastAPI
from airflow.api_fastapi.core_api.services.public.providers import _provider_mapper
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
from airflow.api_fastapi.core_api.datamodels.connections import ConnectionHookMetaData
from airflow.providers_manager import ProvidersManager
from airflow.utils.db import get_default_connections

app = FastAPI()
app.get("/forms", response_model=list[ConnectionHookMetaData])(lambda: HookMetaService.hook_meta_data())
print(json.dumps({
    "forms": TestClient(app).get("/forms").json(),
    "providers": sorted([_provider_mapper(p).package_name, p.version] for p in ProvidersManager().providers.values()),
    "connections": {c.conn_id: [c.conn_type, c.host, c.schema, c.port] for c in get_default_connections()},
}))
"""


def test_they_are_those_that_airflow_shows(make_lite, tmp_path):
    lite = make_lite({})
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    told = subprocess.run([PYTHON, "-c", THEIRS], env=environment, check=True, capture_output=True, text=True)
    theirs = json.loads(told.stdout.splitlines()[-1])

    by_type = {form["connection_type"]: form for form in lite.get("/ui/connections/hook_meta")}
    assert by_type == {form["connection_type"]: form for form in theirs["forms"]}
    ours = lite.get("/api/v2/providers")["providers"]
    assert [[provider["package_name"], provider["version"]] for provider in ours] == theirs["providers"]

    assert lite.request("POST", "/api/v2/connections/defaults").status == 204
    made = lite.get("/api/v2/connections?limit=100")["connections"]
    told = {c["connection_id"]: [c["conn_type"], c["host"], c["schema"], c["port"]] for c in made}
    assert {name: told.get(name) for name in theirs["connections"]} == theirs["connections"]
