"""Names in a description what schemathesis is to ask for: what there is, and what Airflow refuses in spite of it."""

from __future__ import annotations

import json
from typing import Any

# What the scenarios of the clients leave behind: most operations answer only about what there is.
_THERE = {
    "asset_alias_id": 1,
    "backfill_id": 1,
    "connection_id": "http_default",
    "dag_id": "pipeline",
    "dag_run_id": "whole",
    "event_log_id": 1,
    "group_id": "group",
    "import_error_id": 1,
    "key": "by_hand",
    "map_index": -1,
    "option": "parallelism",
    "pool_name": "second",
    "run_id": "whole",
    "section": "core",
    "task_id": "work",
    "task_try_number": 1,
    "try_number": 1,
    "variable_key": "greeting",
    "version_number": 1,
    "xcom_key": "by_hand",
}

_MARKED = {"new_state": "running"}
_PLANNED = {"dag_id": "by_partition", "from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-02T00:00:00Z"}
_RUN = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}"
_TASK = f"{_RUN}/taskInstances/{{task_id}}"
# What is listed, but would be asked for by chance only: values of parameters, or a body.
_REFUSED: dict[str, dict[str, Any]] = {
    "DELETE /api/v2/pools/{pool_name}": {"pool_name": "default_pool"},
    "GET /api/v2/auth/login": {"next": "https://elsewhere.example/"},
    "GET /api/v2/dags": {"order_by": ["nothing"]},
    "GET /api/v2/dags/{dag_id}/tasks": {"order_by": "nothing"},
    "GET /ui/dags/{dag_id}/deadlineAlerts": {"order_by": ["nothing"]},
    "GET /ui/grid/structure/{dag_id}": {"order_by": ["nothing"]},
    f"GET {_TASK}/dependencies": {"map_index": 7},
    f"GET {_TASK}/{{map_index}}/dependencies": {"map_index": 7},
    f"PATCH {_RUN}/taskGroupInstances/{{group_id}}": {"body": _MARKED},
    f"PATCH {_RUN}/taskGroupInstances/{{group_id}}/dry_run": {"body": _MARKED},
    f"PATCH {_RUN}/taskInstances": {
        "body": {"actions": [{"action": "update", "entities": [{"task_id": "work", **_MARKED}]}]}
    },
    f"PATCH {_TASK}": {"body": _MARKED},
    f"PATCH {_TASK}/dry_run": {"body": _MARKED},
    "PATCH /api/v2/pools/{pool_name}": {"body": {"pool": "default_pool"}},
    "POST /api/v2/backfills": {"body": _PLANNED},
    "POST /api/v2/backfills/dry_run": {"body": _PLANNED},
    "POST /api/v2/dags/{dag_id}/dagRuns": {"body": {"dag_run_id": "no id", "logical_date": None}},
    f"POST {_RUN}/clear": {"body": {"only_failed": True, "only_new": True}},
}


def with_examples(document: dict[str, Any]) -> dict[str, Any]:
    """Returns a description with examples of what its parameters and bodies may hold."""
    copy = json.loads(json.dumps(document))
    for path, methods in copy["paths"].items():
        for method, operation in methods.items():
            refused = _REFUSED.get(f"{method.upper()} {path}", {})
            for parameter in operation.get("parameters", ()):
                there = _THERE if parameter["in"] == "path" else {}
                _add(parameter, [named[parameter["name"]] for named in (there, refused) if parameter["name"] in named])
            if "body" in refused:
                _add(operation["requestBody"]["content"]["application/json"], [refused["body"]])
    return dict(copy)


def _add(place: dict[str, Any], values: list[Any]) -> None:
    if values:
        place["examples"] = {str(number): {"value": value} for number, value in enumerate(values)}
