"""Airflow's own Task Execution API, asked in its process. Run by Airflow's Python; writes JSON.

Input: a JSON list of requests [method, path, version, body]. Output: the operations of every version
({version: [[method, path], ...]}) and the answer to each request ([status, body]).
"""

from __future__ import annotations

import json
import os
import sys
import tempfile

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp()

from airflow.api_fastapi.execution_api.app import InProcessExecutionAPI  # noqa: E402
from airflow.api_fastapi.execution_api.versions import bundle  # noqa: E402
from starlette.testclient import TestClient  # noqa: E402


def operations(client: TestClient, version: str) -> list[list[str]]:
    """Returns the operations that the version's OpenAPI document lists."""
    paths = client.get("/openapi.json", params={"version": version}).json()["paths"]
    return [[method.upper(), path] for path, methods in paths.items() for method in methods]


def main() -> None:
    """Answers what standard input asks."""
    requests = json.load(sys.stdin)
    answers = []
    with TestClient(InProcessExecutionAPI().app, raise_server_exceptions=False) as client:
        listed = {str(version.value): operations(client, str(version.value)) for version in bundle.versions}
        for method, path, version, body in requests:
            answer = client.request(method, path, json=body, headers={"Airflow-API-Version": version})
            answers.append([answer.status_code, answer.json() if answer.content else None])
    with open(sys.argv[1], "w") as out:
        json.dump({"operations": listed, "answers": answers}, out)


if __name__ == "__main__":
    main()
