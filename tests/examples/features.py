"""The features of `features.toml`: which there must be, and their section of docs/compatibility.md, as Markdown."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tempfile
import tomllib
from dataclasses import dataclass, field

from support import PYTHON

FILE = pathlib.Path(__file__).with_name("features.toml")

_TITLES = {
    "sdk": "Names of `airflow.sdk`",
    "operator": "Arguments of operators",
    "dag": "Arguments of DAGs",
    "timetable": "Timetables",
    "decorator": "Decorators `@task....`",
}
_STATES = ("works", "partly", "not yet")
_BEGIN, _END = "<!-- features: begin -->\n", "<!-- features: end -->\n"
_HEAD = """\
## Features

Every name of `airflow.sdk` 1.3, every argument of operators and DAGs, every timetable and every decorator of tasks,
with the tests that prove it: tests of a real server (`test_x.py::...`, in `tests/functional`), examples of the table
above, and unit tests (`Suite.Name`, in `src`). Written by `tests/examples/run --features` from
`tests/examples/features.toml`.

{summary}
"""

# What Airflow itself has. In its Python: the tests' own has no Airflow.
_NAMES = """
import importlib, inspect, json, pkgutil
import airflow.sdk, airflow.timetables
from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime
from airflow.timetables.base import Timetable

def arguments(cls):
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]

names = [module.name for module in pkgutil.iter_modules(airflow.timetables.__path__)]
modules = [importlib.import_module(f"airflow.timetables.{name}") for name in names]
classes = [c for module in modules for c in vars(module).values() if inspect.isclass(c) and Timetable in c.__mro__]
print(json.dumps({
    "sdk": airflow.sdk.__all__,
    "operator": arguments(airflow.sdk.BaseOperator),
    "dag": arguments(airflow.sdk.DAG),
    "timetable": sorted({c.__name__ for c in classes if not c.__name__.startswith("_")}),
    "decorator": ["run_if", "skip_if", *ProvidersManagerTaskRuntime().taskflow_decorators],
}))
"""


@dataclass(frozen=True)
class Feature:
    """What is known of one feature.

    Attributes:
        status: "works", "partly" or "not yet".
        tests: The tests that prove it, by their whole names.
        note: What does not work, and why, or what there is to know.
    """

    status: str = "works"
    tests: list[str] = field(default_factory=list)
    note: str = ""


def read() -> dict[str, dict[str, Feature]]:
    """Returns the features by kind and name."""
    kinds = tomllib.loads(FILE.read_text())
    short = kinds.pop("tests")
    return {
        kind: {name: Feature(**row | {"tests": [short.get(t, t) for t in row["tests"]]}) for name, row in rows.items()}
        for kind, rows in kinds.items()
    }


def names_of_airflow() -> dict[str, list[str]]:
    """Returns which features there must be, by kind."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"AIRFLOW_HOME": home}
        answer = subprocess.run([PYTHON, "-c", _NAMES], env=environment, capture_output=True, text=True, check=True)
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def section() -> str:
    """Returns the section, with its marks."""
    kinds = read()
    states = [feature.status for features in kinds.values() for feature in features.values()]
    counts = ", ".join(f"{states.count(status)} {status}" for status in _STATES if status in states)
    parts = [_BEGIN, _HEAD.format(summary=f"{len(states)} features: {counts}.")]
    for kind, title in _TITLES.items():
        parts.append(f"\n### {title}\n\n| name | status | proven by | note |\n|---|---|---|---|\n")
        parts += [_row(name, feature) for name, feature in sorted(kinds[kind].items(), key=lambda row: row[0].lower())]
    return "".join([*parts, _END])


def replace_section(page: str) -> str:
    """Returns a page with the section as it has to be; at its end, where there was none."""
    if _BEGIN not in page:
        return f"{page}\n{section()}"
    before, rest = page.split(_BEGIN)
    return before + section() + rest.split(_END)[1]


def _row(name: str, feature: Feature) -> str:
    tests = "<br>".join(f"`{test.removeprefix('tests/functional/')}`" for test in feature.tests)
    status = feature.status if feature.status == "works" else f"**{feature.status}**"
    return f"| `{name}` | {status} | {tests} | {feature.note} |\n"
