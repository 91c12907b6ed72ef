"""Airflow's description of its REST APIs, as the pinned wheel has it."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from support import PYTHON

_READ = """
import json, pathlib, yaml
import airflow.api_fastapi as package
folder = pathlib.Path(package.__file__).parent
files = {
    "public": "core_api/openapi/v2-rest-api-generated.yaml",
    "ui": "core_api/openapi/_private_ui.yaml",
    "login": "auth/managers/simple/openapi/v2-simple-auth-manager-generated.yaml",
}
print(json.dumps({name: yaml.load((folder / file).read_text(), yaml.CSafeLoader) for name, file in files.items()}))
"""


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation.

    Attributes:
        name: Its name.
        place: "path", "query" or "header".
        kind: Its type in JSON Schema, with the format where it has one: "string:date-time".
        is_list: Whether it may be given many times.
        choices: The values it may have, if these are listed.
        described: What the description says.
    """

    name: str
    place: str
    kind: str
    is_list: bool
    choices: tuple[str, ...]
    described: str


@dataclass(frozen=True)
class Operation:
    """An operation: method, path with `{names}`, and what can be asked."""

    method: str
    path: str
    parameters: tuple[Parameter, ...]

    def of_place(self, place: str) -> list[Parameter]:
        """Returns the parameters in one place."""
        return [parameter for parameter in self.parameters if parameter.place == place]


@functools.cache
def documents() -> dict[str, dict[str, Any]]:
    """Returns the descriptions: "public", "ui" and "login"."""
    told = subprocess.run([str(PYTHON), "-c", _READ], check=True, capture_output=True, text=True)
    return dict(json.loads(told.stdout))


@functools.cache
def operations() -> tuple[Operation, ...]:
    """Returns all operations of both REST APIs, in their order."""
    described = documents()
    return tuple(operation for name in ("public", "ui") for operation in _operations(described[name]))


def _operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            parameters = (_parameter(document, entry) for entry in described.get("parameters", ()))
            yield Operation(method.upper(), path, tuple(parameters))


def _parameter(document: dict[str, Any], entry: dict[str, Any]) -> Parameter:
    schema = _narrowed(document, entry["schema"])
    is_list = schema.get("type") == "array"
    inner = _narrowed(document, schema["items"]) if is_list else schema
    kind = inner.get("type", "string") + (f":{inner['format']}" if "format" in inner else "")
    described = entry.get("description", "") + entry["schema"].get("description", "")
    choices = tuple(str(choice) for choice in inner.get("enum", ()))
    return Parameter(entry["name"], entry["in"], kind, is_list, choices, described)


def _narrowed(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Returns a schema without its reference and without "or null"."""
    if "$ref" in schema:
        return dict(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    others = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    return _narrowed(document, others[0]) if others else schema
