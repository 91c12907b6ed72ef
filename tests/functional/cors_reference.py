"""Prints what Airflow's middleware answers to the requests of stdin; runs in the environment with Airflow.

Input: JSON with `origins`, `methods`, `headers` and `requests`, each a method and its headers. Output: a JSON list of
status, text, and the headers that matter to browsers.
"""

from __future__ import annotations

import json
import sys

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient


def main() -> None:
    """Asks all of it, one after the other."""
    asked = json.load(sys.stdin)
    inner = Starlette(routes=[Route("/", lambda _request: PlainTextResponse(""))])
    application = CORSMiddleware(
        inner,
        allow_origins=asked["origins"],
        allow_methods=asked["methods"],
        allow_headers=asked["headers"],
        allow_credentials=True,
    )
    client = TestClient(application)
    answers = [client.request(method, "/", headers=headers) for method, headers in asked["requests"]]
    json.dump(
        [
            [answer.status_code, answer.text, {k: v for k, v in answer.headers.items() if k.startswith("access-")}]
            for answer in answers
        ],
        sys.stdout,
    )


if __name__ == "__main__":
    main()
