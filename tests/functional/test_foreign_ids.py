"""What is asked about one DAG with ids of another: the other's things are as good as not there, for every operation."""

from __future__ import annotations

import itertools
import re
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import two_dags
from api.specification import Operation, operations
from support import Answer, Lite, eventually
from two_dags import Request

ASKED, OTHER, NOWHERE = "north", "south", "ghost"
# Where a request may tell its DAG besides the path.
DAG_QUERIES = ("dag_id", "dag_ids", "source_dag_id")
# Names of no thing of a DAG.
COMMON = ("map_index", "try_number", "task_try_number", "option")
NUMBERS = ("asset_id", "version_number", "dag_version")
EVENTS = "/api/v2/eventLogs"

Names = dict[str, str]
Pair = tuple[Request, Request]


@pytest.fixture(scope="module")
def lite(make_shared_lite: Callable[..., Lite]) -> Lite:
    """An install with both DAGs; the other has a second version."""
    files = {f"{who}.py": two_dags.DAG.format(who=who, more="") for who in (ASKED, OTHER)}
    lite = make_shared_lite(files)
    two_dags.make(lite, ASKED, OTHER)
    lite.write_dag(f"{OTHER}.py", two_dags.DAG.format(who=OTHER, more=two_dags.MORE.format(who=OTHER)))
    versions = f"/api/v2/dags/{OTHER}/dagVersions"
    eventually(lambda: lite.get(versions)["total_entries"] == 2, "the other DAG has a second version")
    return lite


@pytest.fixture(scope="module")
def names(lite: Lite) -> dict[str, Names]:
    """The ids of both DAGs, and some that are nobody's."""
    assets = {asset["name"]: asset["id"] for asset in lite.get("/api/v2/assets?limit=100")["assets"]}
    return {
        ASKED: two_dags.names_of(ASKED, assets["north_asset"], 1),
        OTHER: two_dags.names_of(OTHER, assets["south_asset"], 2),
        NOWHERE: two_dags.names_of(NOWHERE, 999983, 99),
    }


def choices(slots: list[str], names: dict[str, Names]) -> Iterator[tuple[Names, Names]]:
    """Yields every way to take some of the ids from the other DAG; beside it, the same with ids of none."""
    free = [slot for slot in slots if slot not in COMMON]
    for count in range(1, len(free) + 1):
        for taken in itertools.combinations(free, count):
            yield tuple(names[ASKED] | {slot: names[who][slot] for slot in taken} for who in (OTHER, NOWHERE))


def paired(method: str, paths: tuple[str, str], bodies: tuple[Any, Any] = (None, None)) -> Pair:
    return Request(method, paths[0], bodies[0]), Request(method, paths[1], bodies[1])


def by_path(names: dict[str, Names]) -> Iterator[Pair]:
    """Yields requests whose path is of one DAG and has ids of the other."""
    for operation in operations():
        slots = two_dags.slots(operation.path)
        if "dag_id" not in slots:
            continue
        for chosen in choices([slot for slot in slots if slot != "dag_id"], names):
            # Keys are of a task: who puts one makes it, and one that is not there can be deleted.
            is_own_task = chosen[0] == names[ASKED] | {"key": names[OTHER]["key"]}
            if is_own_task and operation.method in ("PUT", "DELETE"):
                continue
            yield from zip(*(two_dags.requests_of(operation, some) for some in chosen), strict=True)


def by_body(names: dict[str, Names]) -> Iterator[Pair]:
    """Yields requests whose path is all of one DAG and whose body has ids of the other."""
    for operation in operations():
        if "dag_id" not in two_dags.slots(operation.path):
            continue
        path = two_dags.fill_path(operation, names[ASKED])
        for body in two_dags.BODIES.get((operation.method, operation.path), []):
            for chosen in choices(two_dags.slots(str(body)), names):
                bodies = tuple(two_dags.fill(body, some) for some in chosen)
                yield paired(operation.method, (path, path), bodies)


def by_query(names: dict[str, Names]) -> Iterator[Pair]:
    """Yields requests for lists of one DAG that are narrowed to what the other has."""
    for operation in operations():
        asked_dag = next((p.name for p in operation.of_place("query") if p.name in DAG_QUERIES), None)
        slots = two_dags.slots(operation.path)
        if operation.method != "GET" or ("dag_id" not in slots and not asked_dag):
            continue
        if operation.path == EVENTS:
            continue  # tells what was asked as well
        path = two_dags.fill_path(operation, names[ASKED])
        path += "&" if "?" in path else "?"
        path += f"{asked_dag}={ASKED}&" if "dag_id" not in slots else ""
        for parameter in operation.of_place("query"):
            for queries in _queries(parameter, names):
                yield paired("GET", tuple(path + query for query in queries))


def _queries(parameter: Any, names: dict[str, Names]) -> Iterator[tuple[str, str]]:
    if parameter.name in NUMBERS:
        slot = "version_number" if parameter.name == "dag_version" else parameter.name
        yield tuple(f"{parameter.name}={names[who][slot]}" for who in (OTHER, NOWHERE))
    if parameter.kind != "string" or parameter.choices or parameter.name in DAG_QUERIES:
        return
    values = ("dag_id", "dag_run_id", "task_id", "group_id", "key")
    for value in ["%{dag_id}%", *(f"{{{value}}}" for value in values)]:
        asked = (urllib.parse.quote(two_dags.fill(value, names[who])) for who in (OTHER, NOWHERE))
        yield tuple(f"{parameter.name}={text}" for text in asked)


def about(answer: Answer, request: Request, who: str) -> tuple[int, str]:
    """Returns an answer with marks in the place of the ids that were asked for."""
    text = two_dags.text_of(answer.body).replace(who, "<asked>")
    number = re.search(r"(?:/dagVersions/|/assets/|(?:version_number|version|asset_id)=)(\d+)\b", request.path)
    return answer.status, re.sub(rf"\b{number[1]}\b", "<number>", text) if number else text


def differing(lite: Lite, pairs: list[Pair]) -> list[Any]:
    """Returns the requests that are not answered as if the other DAG were not there."""
    found = []
    for pair in pairs:
        told = [lite.request(request.method, request.path, request.body) for request in pair]
        ours = about(told[0], pair[0], OTHER)
        if ours != about(told[1], pair[1], NOWHERE) or ours[0] >= 500:
            found.append((pair[0], told[0].status, told[0].body, told[1].status, told[1].body))
    return found


def is_nothing(answer: Answer) -> bool:
    """Tells whether an answer refuses, or has nothing in it."""
    if answer.status in (400, 404, 422):
        return True
    if answer.status != 200:
        return False
    if "update" in answer.body:
        return not any(part["success"] for part in answer.body.values() if part)
    counts = [answer.body[name] for name in ("total_entries", "dag_runs_cleared") if name in answer.body]
    return counts == [0]


def test_what_is_asked_for_is_there_for_who_asks_with_the_right_ids(lite: Lite, names: dict[str, Names]) -> None:
    asked = [
        two_dags.fill_path(operation, names[who])
        for operation in operations()
        for who in (ASKED, OTHER)
        if operation.method == "GET" and {"dag_id"} < set(two_dags.slots(operation.path))
    ]
    assert len(asked) > 50
    answered = {path: lite.request("GET", path).status for path in asked}
    # Logs are nowhere else.
    refused = [path for path, status in answered.items() if status != 200]
    assert [path.rpartition("/")[0].rpartition("/")[2] for path in refused] == ["externalLogUrl"] * 2


@pytest.mark.parametrize(("place", "least"), [(by_path, 140), (by_body, 20), (by_query, 200)])
def test_ids_of_another_dag_are_as_good_as_ids_of_none_and_nothing_changes(
    lite: Lite, names: dict[str, Names], place: Callable[[dict[str, Names]], Iterator[Pair]], least: int
) -> None:
    pairs = list(place(names))
    assert len(pairs) > least
    before = two_dags.all_of(lite, ASKED, OTHER)
    assert not differing(lite, pairs)
    assert two_dags.all_of(lite, ASKED, OTHER) == before


@pytest.mark.parametrize("place", [by_path, by_body])
def test_ids_of_another_dag_are_not_found_and_nothing_changes(
    lite: Lite, names: dict[str, Names], place: Callable[[dict[str, Names]], Iterator[Pair]]
) -> None:
    before = two_dags.all_of(lite, ASKED, OTHER)
    found = []
    for request, _ in place(names):
        answer = lite.request(request.method, request.path, request.body)
        if not is_nothing(answer):
            found.append((request, answer.status, answer.body))
    assert not found
    assert two_dags.all_of(lite, ASKED, OTHER) == before


@pytest.mark.parametrize("place", ["dagRuns", "dagRuns/north_run/taskInstances"])
def test_many_changes_are_not_done_if_one_of_them_is_of_another_dag(lite: Lite, place: str) -> None:
    entities = {
        "dagRuns": [{"dag_run_id": f"{who}_run", "note": "changed"} for who in (ASKED, OTHER)],
        "dagRuns/north_run/taskInstances": [
            {"task_id": f"{who}_work", "map_index": -1, "note": "changed"} for who in (ASKED, OTHER)
        ],
    }
    before = two_dags.all_of(lite, ASKED, OTHER)
    body = {"actions": [{"action": "update", "entities": entities[place]}]}
    answer = lite.request("PATCH", f"/api/v2/dags/{ASKED}/{place}", body)
    assert [error["status_code"] for error in answer.body["update"]["errors"]] == [404]
    assert two_dags.all_of(lite, ASKED, OTHER) == before


def test_ids_that_both_dags_have_are_those_of_the_dag_that_is_asked(lite: Lite, names: dict[str, Names]) -> None:
    shared = dict.fromkeys(("dag_run_id", "run_id", "task_id", "xcom_key", "key"), "shared")
    everything = dict.fromkeys(("dag_run_id", "run_id", "task_id"), "~")
    answered = {}
    for operation in operations():
        slots = two_dags.slots(operation.path)
        if operation.method == "GET" and "dag_id" in slots:
            for values in (shared, everything):
                if values is shared or set(values) & set(slots):
                    path = two_dags.fill_path(operation, names[ASKED] | values)
                    answered[path] = lite.request("GET", path)
    told = [two_dags.text_of(answer.body) for answer in answered.values()]
    assert sum("a secret of north" in text for text in told) > 10
    assert {path: answer for path, answer in answered.items() if OTHER in two_dags.text_of(answer.body)} == {}
    assert {path: answer.status for path, answer in answered.items() if answer.status >= 500} == {}


def test_a_place_in_a_list_of_another_dag_is_none_in_this_one(lite: Lite) -> None:
    for path in ("dagRuns", "dagRuns/{}/taskInstances"):
        other = lite.get(f"/api/v2/dags/{OTHER}/" + path.format("~") + "?cursor=&limit=1")
        place = urllib.parse.quote(other["next_cursor"])
        for run in ("~", f"{ASKED}_run"):
            told = lite.request("GET", f"/api/v2/dags/{ASKED}/{path.format(run)}?cursor={place}")
            assert told.status in (200, 400), told
            assert OTHER not in two_dags.text_of(told.body)


def test_a_place_in_a_log_of_another_dag_is_none_in_this_one(lite: Lite) -> None:
    def log_of(who: str) -> str:
        return f"/api/v2/dags/{who}/dagRuns/{who}_run/taskInstances/{who}_work/logs/1"

    token = lite.get(log_of(OTHER) + "?full_content=false")["continuation_token"]
    for query in (f"?token={token}", f"?token={token}&full_content=true"):
        told = lite.request("GET", log_of(ASKED) + query)
        assert told.status in (200, 400), told
        assert OTHER not in two_dags.text_of(told.body)


def test_events_of_another_dag_are_none_of_this_one(lite: Lite) -> None:
    queries = ("run_id=south_run", "task_id=south_work", "dag_id_pattern=%25south%25", "run_id_prefix_pattern=s")
    for query in ("", *queries):
        events = lite.get(f"{EVENTS}?dag_id={ASKED}&limit=100&{query}")["event_logs"]
        assert bool(events) or query
        assert not [event for event in events if event["dag_id"] != ASKED or "secret of south" in str(event)], query
