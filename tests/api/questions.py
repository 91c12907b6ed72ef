"""Makes GET requests of every operation: for every example, and with every parameter, good and bad.

A question is the same for both servers. Ids that each server makes up stand in braces, `{asset:NAME}`; `asking.py`
fills them in.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator

import answers as recorded_examples
from specification import Operation, Parameter, operations
from world import CHIEF, PLAYED, RUN_ID, WAITING, WAITING_TASK

Place = dict[str, str]

# Answers differ from moment to moment or never end.
_LEFT_OUT = {
    "/api/v2/connections/enqueue-test": "answers only while a test waits",
    "/api/v2/auth/login": "redirects",
    "/api/v2/auth/logout": "redirects, and ends the session",
}


def questions() -> Iterator[tuple[str, str]]:
    """Yields every question with the path of its operation."""
    for operation in operations():
        if operation.method != "GET" or operation.path in _LEFT_OUT:
            continue
        places = _places_of(operation)
        if operation.path.endswith("/wait"):
            places = [place for place in places if place["dag_id"] not in (WAITING, "~")]
        asked: dict[str, None] = {}
        for place in places:
            asked[_filled(operation.path, place) + _needed(operation, place)] = None
        for place in _chief_places(operation, places):
            path = _filled(operation.path, place)
            for name, query in _queries(operation, is_wild=place.get("dag_id") == "~"):
                needed = _needed(operation, place, without="order_by" if name == "order_by" else "")
                asked[path + needed + ("&" if needed else "?") + query] = None
        for path in asked:
            yield path, operation.path


def _examples() -> dict[str, list[Place]]:
    """Returns the task instances of the examples that are played, by DAG id; all others have none."""
    found: dict[str, list[Place]] = {}
    for dag_id, answer in recorded_examples.read().items():
        instances = answer.get("tasks", {}) if dag_id in PLAYED else {}
        if "dag_id" in answer:
            found[dag_id] = [_instance(dag_id, name) for name in sorted(instances)]
    found["rich"] = [_instance("rich", name) for name in ("first", "group.middle", "group.pair", "last")]
    found[WAITING] = [_instance(WAITING, WAITING_TASK)]
    return found


def _instance(dag_id: str, name: str) -> Place:
    task_id, _, index = name.rstrip("]").partition("[")
    return {"dag_id": dag_id, "dag_run_id": RUN_ID, "task_id": task_id, "map_index": index or "-1"}


def _dag_places() -> list[Place]:
    return [{"dag_id": dag_id} for dag_id in sorted(_examples())] + [{"dag_id": "no_such_dag"}]


def _run_places() -> list[Place]:
    runs = [{"dag_id": dag_id, "dag_run_id": RUN_ID} for dag_id, tasks in sorted(_examples().items()) if tasks]
    runs.sort(key=lambda run: run["dag_id"] != CHIEF)
    return [*runs, {"dag_id": CHIEF, "dag_run_id": "no_such_run"}, {"dag_id": "no_such_dag", "dag_run_id": RUN_ID}]


def _task_places() -> list[Place]:
    tasks = [task for _, instances in sorted(_examples().items()) for task in instances]
    chief = tasks[0] | {"dag_id": CHIEF, "task_id": "run_this_last"}
    return [
        chief,
        *tasks,
        chief | {"task_id": "no_such_task"},
        chief | {"dag_run_id": "no_such_run"},
        chief | {"dag_id": "no_such_dag"},
        chief | {"map_index": "7"},
        chief | {"map_index": "x"},
    ]


_WILD = {"dag_id": "~", "dag_run_id": "~", "task_id": "~"}

# Values of other parameters in paths; the first is the chief one.
_OTHERS: dict[str, list[str]] = {
    "asset_id": ["{asset:shared_data}", "{asset:s3://dag1/output_1.txt}", "99999", "x"],
    "asset_alias_id": ["{alias:example-alias}", "99999", "x"],
    "backfill_id": ["{backfill:0}", "99999", "x"],
    "connection_id": ["warehouse", "web", "nothing"],
    "pool_name": ["default_pool", "narrow", "nothing"],
    "variable_key": ["greeting", "a_password", "settings", "folder/name with space", "nothing"],
    "event_log_id": ["{event:0}", "99999", "x"],
    "import_error_id": ["{import_error:0}", "99999", "x"],
    "xcom_key": ["return_value", "by_hand", "nothing"],
    "key": ["seen", "watermark", "nothing"],
    "version_number": ["1", "7", "x"],
    "task_try_number": ["1", "2", "x"],
    "try_number": ["1", "2", "0", "x"],
    "section": ["core"],
    "option": ["parallelism", "nothing"],
}


def _places_of(operation: Operation) -> list[Place]:
    names = set(re.findall(r"\{(\w+)\}", operation.path))
    names = {"dag_run_id" if name == "run_id" else name for name in names}
    bases: list[Place] = [{}]
    if "task_id" in names and "dag_run_id" in names:
        bases = _task_places()
    elif "task_id" in names:
        bases = [place for place in _task_places() if place["map_index"] in ("-1", "0")]
    elif "dag_run_id" in names:
        bases = _run_places()
    elif "dag_id" in names or any(p.name == "dag_id" and p.kind == "string" for p in operation.of_place("query")):
        bases = _dag_places()
    if {"dag_run_id"} <= names:
        bases = [*bases, bases[0] | _WILD]
    for name in sorted(names & set(_OTHERS)):
        first, *others = _OTHERS[name]
        bases = [base | {name: first} for base in bases] + [bases[0] | {name: other} for other in others]
    return bases


def _chief_places(operation: Operation, places: list[Place]) -> list[Place]:
    """Returns where the parameters of an operation are tried: at the first place, and everywhere at once."""
    wild = [place for place in places if place.get("dag_id") == "~"]
    if "{dag_id}" in operation.path and "dag_run_id" not in places[0]:
        named = [place for place in places if place.get("dag_id") == CHIEF]
        return named[:1] + wild[-1:]
    return places[:1] + wild[-1:]


def _filled(path: str, place: Place) -> str:
    def value(match: re.Match[str]) -> str:
        name = "dag_run_id" if match[1] == "run_id" else match[1]
        return place[name] if place[name].startswith("{") else urllib.parse.quote(place[name], safe="")

    return re.sub(r"\{(\w+)\}", value, path)


# Airflow's log also tells of its commands and of what tasks did; Leoflow's of whatever was asked for, state stores too.
_NOT_ASKED_FOR = [
    *(f"cli_{command}" for command in ("api_server", "dag_processor", "scheduler", "triggerer")),
    *("running", "success", "failed", "skipped", "deferred", "awaiting_input"),
    *("set_task_state_store", "set_asset_state_store"),
]

# Parameters without which an operation says no, or nothing that is the same each time.
_NEEDED: dict[str, dict[str, str | list[str]]] = {
    "/ui/structure/structure_data": {"dag_id": "", "external_dependencies": "true"},
    "/ui/dashboard/historical_metrics_data": {"start_date": "2026-01-01T00:00:00Z"},
    "/ui/grid/ti_summaries/{dag_id}": {"run_ids": RUN_ID},
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/wait": {"interval": "0.1"},
    "/api/v2/backfills": {"dag_id": "example_branch_labels"},
    # Ids follow the order in which files happened to be parsed.
    "/api/v2/assets": {"order_by": "name"},
    "/api/v2/assets/aliases": {"order_by": "name"},
    # And here the order in which processes happened to start.
    "/api/v2/jobs": {"order_by": "job_type"},
    "/api/v2/eventLogs": {"excluded_events": _NOT_ASKED_FOR},
    "/ui/pending_partitioned_dag_run/{dag_id}": {"partition_key": "us"},
}


def _needed(operation: Operation, place: Place, without: str = "") -> str:
    needed = _NEEDED.get(operation.path, {}).items()
    given = {name: value or place["dag_id"] for name, value in needed if name != without}
    if "map_index" in place and "{map_index}" not in operation.path and place["map_index"] != "-1":
        if any(parameter.name == "map_index" for parameter in operation.of_place("query")):
            given["map_index"] = place["map_index"]
    return "?" + urllib.parse.urlencode(given, doseq=True) if given else ""


_BY_NAME: dict[str, list[str]] = {
    "limit": ["1", "0", "3", "1000", "-1", "x", "99999999999999999999"],
    "offset": ["1", "5", "100000", "-1", "x"],
    "tags": ["example", "example&tags=example2", "nothing"],
    "owners": ["airflow", "nothing"],
    "dag_ids": ["example_bash_operator", "example_bash_operator&dag_ids=tutorial", "nothing"],
    "dag_id": ["example_bash_operator", "tutorial", "no_such_dag"],
    "source_dag_id": ["asset_produces_1", "nothing"],
    "source_task_id": ["producing_task_1", "nothing"],
    "source_run_id": [RUN_ID, "nothing"],
    "asset_id": ["{asset:s3://dag1/output_1.txt}", "99999", "x"],
    "asset_dependency": ["s3", "asset1", "nothing"],
    "consuming_asset_pattern": ["s3", "nothing"],
    "bundle_name": ["dags-folder", "nothing"],
    "conf_contains": ["x", "nothing"],
    "task_id": ["run_this_last", "add_one", "nothing"],
    "run_id": [RUN_ID, "nothing"],
    "event": ["trigger_dag_run", "nothing"],
    "included_events": ["patch_dag&included_events=trigger_dag_run", "nothing"],
    "excluded_events": ["patch_dag&excluded_events=trigger_dag_run", "nothing"],
    "owner": ["airflow", "nothing"],
    "pool": ["default_pool", "nothing"],
    "queue": ["default", "nothing"],
    "executor": ["LocalExecutor", "nothing"],
    "operator": ["BashOperator", "PythonOperator&operator=EmptyOperator", "nothing"],
    "map_index": ["-1", "0", "1", "x"],
    "map_index_filter": ["-1", "0", "x"],
    "try_number": ["1", "2", "x"],
    "version_number": ["1", "2", "x"],
    "xcom_key": ["return_value", "nothing"],
    "token": ["nonsense"],
    "cursor": ["", "nonsense"],
    "root": ["run_after_loop", "nothing"],
    "depth": ["1", "0", "-1"],
    "run_ids": [RUN_ID, "nothing", f"{RUN_ID}&run_ids=nothing"],
    "timetable_type": ["CronTriggerTimetable", "NullTimetable", "nothing"],
    "result": ["run_this_last", "nothing"],
    "interval": ["0.1", "0", "x"],
    "responded_by_user_id": ["admin", "nothing"],
    "subject_search": ["Please", "nothing"],
    "body_search": ["e", "nothing"],
    "task_group_id": ["section_1", "nothing"],
    "dependency_type": ["scheduling", "data", "nothing"],
    "node_id": ["dag:asset_produces_1", "asset:{asset:s3://dag1/output_1.txt}", "nothing"],
    "triggering_user": ["a", "nothing"],
    "triggering_user_prefix": ["a", "nothing"],
    "state": ["success", "failed&state=skipped", "running", "none", "nothing"],
    "run_type": ["manual", "backfill&run_type=scheduled", "nothing"],
    "granularity": ["hourly", "daily", "nothing"],
    "filename": ["x", "nothing"],
    "partition_key": ["us", "nothing"],
}


def _values(parameter: Parameter) -> list[str]:
    if parameter.name == "order_by":
        listed = re.search(r"Supported attributes: `([^`]*)`", parameter.described)
        fields = listed[1].split(", ") if listed else ["id"]
        return [*fields, f"-{fields[0]}", f"{fields[-1]}&order_by=-{fields[0]}", "nothing"]
    if parameter.name in _BY_NAME:
        return _BY_NAME[parameter.name]
    if parameter.choices:
        return [*map(urllib.parse.quote, parameter.choices), "nothing"]
    if "pattern" in parameter.name:
        return ["a", "example", "%25o%25", "A", "_", "nothing", "a%7Cs"]
    if parameter.kind == "string:date-time":
        known = ["2026-01-02T00:00:00Z", "2026-01-02T00:00:00%2B00:00", "2040-01-01T00:00:00Z"]
        return [*known, "2020-01-01", "yesterday"]
    if parameter.kind == "boolean":
        return ["true", "false", "x"]
    if parameter.name.startswith("duration"):
        return ["100000", "x"]  # how long a task took is of the moment
    if parameter.kind in ("integer", "number"):
        return ["0.001", "1", "100000", "x"]  # Airflow takes a bound of 0 for none
    return ["a", "nothing"]


# Orders by what is of the moment, or that leave open which of two is first.
_UNORDERED = [
    *("duration", "start_date", "end_date", "last_run_start_date", "next_dagrun", "next_dagrun_run_after"),
    *("queued_at", "updated_at", "created_at", "timestamp", "latest_heartbeat", "key", "_val"),
]


def _queries(operation: Operation, is_wild: bool) -> Iterator[tuple[str, str]]:
    """Yields what is tried, with the name of the parameter."""
    for parameter in operation.of_place("query"):
        for value in _values(parameter):
            query = f"{parameter.name}={value}"
            if parameter.name != "order_by":
                yield parameter.name, query
            elif not is_wild:
                yield parameter.name, query + "&limit=1000"
            elif not is_unordered(f"?{query}") and not operation.path.endswith("/xcomEntries"):
                # Further on, instances that mapping made have ids of other moments than in Airflow.
                yield parameter.name, query + "&limit=20"


def is_unordered(question: str) -> bool:
    """Tells whether nothing says in which order the entries of a list are."""
    if re.match(r"/ui/dependencies|/api/v2/assets(/aliases)?\?order_by=-?id&", question):
        return True  # ids of assets follow the order in which files happened to be parsed
    return re.search(rf"[?&]order_by=-?({'|'.join(_UNORDERED)})(&|$)", question) is not None
