"""What the API shows of XComs: each query as Airflow answers it for what is stored."""

from __future__ import annotations

import json
import pathlib
import subprocess
import urllib.parse
from typing import Any

from support import PYTHON, Lite

DAG = """
import collections, dataclasses, datetime, decimal, uuid, zoneinfo
import attr, pydantic
from airflow.sdk import DAG, Asset, task, timezone

Pair = collections.namedtuple("Pair", "a b")

@dataclasses.dataclass
class Point:
    name: str
    where: float
    tags: list

@attr.define
class Box:
    size: int

class Model(pydantic.BaseModel):
    name: str
    when: datetime.datetime
    inner: dict

with DAG("stores"):
    @task
    def store(ti=None):
        day = datetime.date(2026, 1, 2)
        moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
        values = [
            1, True, 1.5, 1e16, 1e-5, -0.0, {"a": [1, {"b": None}]}, [], [True, None, "x"], "it's", "42", '{"a": null}',
            " [1, 2] ", '"q"', "null", "", "[1,]", '{"a": 1, "a": 2}', "a\\u00a0b\\u200b",
            (), (1,), ("a", None), {3}, frozenset([4]), (1, ("a", {"k": (1, 2.0, "it's")})), Pair(1, "b"),
            moment, moment.replace(tzinfo=None), moment.astimezone(zoneinfo.ZoneInfo("Europe/Berlin")), day,
            timezone.datetime(2026, 1, 2), datetime.timedelta(days=1, microseconds=5), zoneinfo.ZoneInfo("Asia/Tokyo"),
            decimal.Decimal("1.10"), uuid.UUID(int=5), Point("it's", 1.0, ["a", None, {"z": "\\u00a0"}]), Box(3),
            Model(name="n\\n", when=moment, inner={"a": [1]}), {"day": day, "pairs": [(1, 2)]},
            Asset("s3://x"), {"a": Asset("x"), "day": day},
        ]
        for i, value in enumerate(values):
            ti.xcom_push(f"v{i}", value)
        return len(values)

    store()
"""

# What Airflow makes of these is another thing, and why.
WHERE_WE_DIFFER = {
    '"NaN"': "Airflow shows null, for JSON has no such number; it is a text and stays one",
    '"123456789012345678901234567890"': "we would lose digits of the number, so it stays text",
}
QUERIES = ("", "stringify=true", "deserialize=true", "deserialize=true&stringify=true")


def airflow_answers(values: list[Any]) -> list[dict[str, Any]]:
    """Returns what Airflow answers to each query of an entry that holds the value."""
    reference = pathlib.Path(__file__).with_name("xcom_reference.py")
    done = subprocess.run(
        [str(PYTHON), str(reference)], input=json.dumps(values), text=True, check=True, capture_output=True
    )
    answers: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return answers


def entries(lite: Lite, run_id: str) -> str:
    return f"/api/v2/dags/stores/dagRuns/{urllib.parse.quote(run_id)}/taskInstances/store/xcomEntries"


def test_every_kind_of_value_is_shown_as_by_airflow(make_lite):
    lite = make_lite({"stores.py": DAG})
    lite.await_dag("stores")
    run_id = lite.trigger("stores")
    lite.await_run("stores", run_id, "success")
    path = entries(lite, run_id)
    for number, text in enumerate(WHERE_WE_DIFFER):
        body = {"key": f"differs{number}", "value": json.loads(text)}
        assert lite.request("POST", path, body).status == 201
    count = lite.get(f"{path}/return_value")["value"]
    keys = [f"v{i}" for i in range(count)]
    stored = [lite.get(f"{path}/{key}")["value"] for key in keys]
    theirs = airflow_answers(stored)
    for key, value, answers in zip(keys, stored, theirs, strict=True):
        for query in QUERIES:
            shown = lite.get(f"{path}/{key}?{query}")["value"]
            assert (type(shown), shown) == (type(answers[query]["value"]), answers[query]["value"]), (value, query)

    named = [json.loads(text) for text in WHERE_WE_DIFFER]
    for number, (value, answers) in enumerate(zip(named, airflow_answers(named), strict=True)):
        shown = lite.get(f"{path}/differs{number}?deserialize=true")["value"]
        assert shown == value != answers["deserialize=true"]["value"]
