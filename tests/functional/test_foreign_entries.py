"""Bodies that name DAGs, runs and task instances themselves: each entry is about what it names, all of it or nothing."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import two_dags
from api.specification import documents
from support import Lite

ASKED, OTHER = "north", "south"
RUNS = "/api/v2/dags/{}/dagRuns"
TASKS = RUNS + "/{}/taskInstances"
ID = re.compile(r"(dag|run|task|asset)_ids?$")

# Every place in a body that takes an id, and what is tested of it.
_BY_BODY = "test_foreign_ids.py fills it with the other's"
_ENTRY = "entries of many changes, below"
_ONLY = "the only id of the request"
_NEW = "the id of a run that is made"
PLACES = {
    "POST /api/v2/assets/events asset_id": _ONLY,
    "POST /api/v2/assets/{asset_id}/materialize dag_run_id": _NEW,
    "POST /api/v2/backfills dag_id": _ONLY,
    "POST /api/v2/backfills/dry_run dag_id": _ONLY,
    "POST /api/v2/dags/{dag_id}/dagRuns dag_run_id": _NEW,
    "POST /api/v2/dags/{dag_id}/clearPartitions run_id": _BY_BODY,
    "POST /api/v2/dags/{dag_id}/clearTaskInstances dag_run_id": _BY_BODY,
    "POST /api/v2/dags/{dag_id}/clearTaskInstances task_ids": _BY_BODY,
    "POST /api/v2/dags/{dag_id}/clearDagRuns dag_runs[].dag_run_id": _BY_BODY,
    "POST /api/v2/dags/{dag_id}/clearDagRuns dag_runs[].dag_id": "the entry that is not of the path's DAG, below",
    "PATCH /api/v2/dags/{dag_id}/dagRuns actions[].entities[].dag_id": _ENTRY,
    "PATCH /api/v2/dags/{dag_id}/dagRuns actions[].entities[].dag_run_id": _ENTRY,
    "PATCH /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances actions[].entities[].dag_id": _ENTRY,
    "PATCH /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances actions[].entities[].dag_run_id": _ENTRY,
    "PATCH /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances actions[].entities[].task_id": _ENTRY,
    "POST /api/v2/dags/{dag_id}/dagRuns/list dag_ids": "lists, below",
    "POST /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list dag_ids": "lists, below",
    "POST /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list dag_run_ids": "lists, below",
    "POST /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list task_ids": "lists, below",
}


@pytest.fixture(scope="module")
def lite(make_shared_lite: Callable[..., Lite]) -> Lite:
    """An install with both DAGs."""
    lite = make_shared_lite({f"{who}.py": two_dags.DAG.format(who=who, more="") for who in (ASKED, OTHER)})
    two_dags.make(lite, ASKED, OTHER)
    return lite


def id_places(document: dict[str, Any]) -> Iterator[str]:
    """Yields where bodies take ids, as "METHOD path field"."""
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            for content in told.get("requestBody", {}).get("content", {}).values():
                for field in fields_of(document, content["schema"], ""):
                    if ID.search(field):
                        yield f"{method.upper()} {path} {field}"


def fields_of(document: dict[str, Any], schema: dict[str, Any], place: str) -> Iterator[str]:
    """Yields the fields of a schema and of all that is in it; [] stands for each of a list."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for inner in itertools.chain(*(schema.get(kind, ()) for kind in ("anyOf", "oneOf", "allOf"))):
        yield from fields_of(document, inner, place)
    if "items" in schema:
        yield from fields_of(document, schema["items"], f"{place}[]")
    for name, inner in schema.get("properties", {}).items():
        field = f"{place}.{name}" if place else name
        yield field
        yield from fields_of(document, inner, field)


def bulk(lite: Lite, path: str, action: str, entity: Any) -> dict[str, Any]:
    """Returns what is said to one change of one entity."""
    answer = lite.request("PATCH", path, {"actions": [{"action": action, "entities": [entity]}]})
    assert answer.status == 200, answer
    return dict(answer.body[action])


def changed_by(lite: Lite, change: Callable[[], Any]) -> str:
    """Returns all lists' rows that are not as before."""
    rows = []
    for _ in range(2):
        told = two_dags.all_of(lite, ASKED, OTHER).values()
        lists = [part for part in told if isinstance(part, dict)]
        rows.append({json.dumps(row) for part in lists for many in part.values() if isinstance(many, list) for row in many})
        if len(rows) == 1:
            change()
    return "\n".join(rows[0] ^ rows[1])


def test_every_place_in_a_body_that_takes_an_id_is_tested() -> None:
    found = {place for name in ("public", "ui") for place in id_places(documents()[name])}
    assert found == set(PLACES)


@pytest.mark.parametrize("kind", ["run", "task"])
@pytest.mark.parametrize("asked", [ASKED, "~"])
def test_an_entry_that_names_another_dag_is_about_that_one_only(lite: Lite, kind: str, asked: str) -> None:
    note = f"changed, {kind}, {len(asked)}"
    entity = {"dag_id": OTHER, "dag_run_id": f"{OTHER}_run", "note": note}
    path, name = RUNS.format(asked), f"{OTHER}.{OTHER}_run"
    if kind == "task":
        entity |= {"task_id": f"{OTHER}_work", "map_index": -1}
        path, name = TASKS.format(asked, f"{asked}_run" if asked == ASKED else "~"), f"{name}.{OTHER}_work[-1]"
    changed = changed_by(lite, lambda: bulk(lite, path, "update", entity))
    assert bulk(lite, path, "update", entity) == {"success": [name], "errors": []}
    assert note in changed
    assert ASKED not in changed


@pytest.mark.parametrize("action", ["update", "delete"])
def test_an_entry_that_mixes_ids_of_two_dags_is_about_nothing(lite: Lite, action: str) -> None:
    values = {"update": {"note": "changed"}, "delete": {}}[action]
    said = []

    def ask_all() -> None:
        for dag, run, task in itertools.product((ASKED, OTHER), repeat=3):
            entity = {"dag_id": dag, "dag_run_id": f"{run}_run", **values}
            if dag != run:
                said.extend(bulk(lite, RUNS.format(path), action, entity) for path in (ASKED, OTHER, "~"))
            if len({dag, run, task}) > 1:
                entity["task_id"] = f"{task}_work"
                for path in (TASKS.format(ASKED, f"{ASKED}_run"), TASKS.format("~", "~")):
                    said.extend(bulk(lite, path, action, entity | index) for index in ({}, {"map_index": -1}))

    assert changed_by(lite, ask_all) == ""
    assert len(said) == 36
    assert [one for one in said if one["success"] or [error["status_code"] for error in one["errors"]] != [404]] == []


def test_an_entry_to_clear_that_is_not_of_the_paths_dag_is_refused(lite: Lite) -> None:
    said = []

    def ask_all() -> None:
        for dry_run in (True, False):
            own = {"dag_run_id": f"{ASKED}_run"}
            for entry in ({"dag_id": OTHER, "dag_run_id": f"{OTHER}_run"}, {"dag_id": OTHER, **own}):
                body = {"dry_run": dry_run, "only_failed": False, "dag_runs": [own, entry]}
                said.append(lite.request("POST", f"/api/v2/dags/{ASKED}/clearDagRuns", body))

    assert changed_by(lite, ask_all) == ""
    expected = f"Entry dag_id '{OTHER}' does not match the URL dag_id '{ASKED}'."
    assert [(answer.status, answer.body["detail"]) for answer in said] == [(400, expected)] * 4


def test_lists_hold_what_all_that_they_are_narrowed_by_allows(lite: Lite) -> None:
    runs, tasks = RUNS.format("~") + "/list", TASKS.format("~", "~") + "/list"
    for path in (runs, tasks):
        both, mine = (lite.request("POST", path, {"dag_ids": dags}).body for dags in ([ASKED, OTHER], [ASKED]))
        assert mine["total_entries"] * 2 == both["total_entries"]
        assert OTHER not in json.dumps(mine)
        assert "a secret of south" in json.dumps(both)
    for who, run, task in itertools.product((ASKED, OTHER), repeat=3):
        body = {"dag_ids": [who], "dag_run_ids": [f"{run}_run"], "task_ids": [f"{task}_work"]}
        found = lite.request("POST", tasks, body).body["total_entries"]
        assert found == (1 if who == run == task else 0), body


def test_lists_of_one_dag_take_their_bodies_for_all_only(lite: Lite) -> None:
    for path in (RUNS.format(ASKED), TASKS.format(ASKED, "~"), TASKS.format("~", f"{ASKED}_run")):
        answer = lite.request("POST", f"{path}/list", {"dag_ids": [OTHER]})
        assert answer.status == 422, answer
