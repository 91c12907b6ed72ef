"""Whom Airflow's own Task Execution API refuses. Run by Airflow's Python; writes JSON to standard output.

Input: JSON {"token_of": id, "requests": [[method, path, body], ...]}; the token is that of the task instance with the
id. Output: {"operations": [[method, path, [names of the query]], ...], "answers": [[status, body], ...]}, with null for
the body unless the status is 403. The database is empty: whoever is let in finds nothing.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from typing import Any

os.environ |= {"AIRFLOW_HOME": tempfile.mkdtemp(), "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32)}

from airflow.api_fastapi.execution_api.app import _jwt_generator, create_task_execution_api_app  # noqa: E402
from airflow.api_fastapi.execution_api.versions import bundle  # noqa: E402
from starlette.testclient import TestClient  # noqa: E402


def operations(client: TestClient) -> list[tuple[str, str, list[str]]]:
    """Returns the operations of the newest version: method, path and what can be in the query."""
    paths: dict[str, dict[str, Any]] = client.get(f"/openapi.json?version={bundle.versions[0].value}").json()["paths"]
    return [
        (method.upper(), path, [entry["name"] for entry in told.get("parameters", ()) if entry["in"] == "query"])
        for path, methods in paths.items()
        for method, told in methods.items()
    ]


def main() -> None:
    """Answers what standard input asks."""
    asked = json.load(sys.stdin)
    if asked["requests"]:
        subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, stdout=sys.stderr)
    answers = []
    with TestClient(create_task_execution_api_app(), raise_server_exceptions=False) as client:
        token = _jwt_generator().generate(extras={"sub": asked["token_of"]})
        listed = operations(client)
        for method, path, body in asked["requests"]:
            answer = client.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})
            answers.append([answer.status_code, answer.json() if answer.status_code == 403 else None])
    print(json.dumps({"operations": listed, "answers": answers}))


if __name__ == "__main__":
    main()
