#!/usr/bin/env python3
"""Writes the C++ types, parameter parsers and route table of the REST API.

Input: the OpenAPI files of the Airflow package that this Python has installed, and ours of what Airflow has not.
Output (into the build tree, namespace leoflow::api::gen): types.hpp, params.hpp,
operations.hpp and the .cpp files beside them. The same input gives the same bytes.

  generate_api.py OUT_DIR              write the files
  generate_api.py --remaining SRC_DIR  list operations that no handler is bound to
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path

import yaml

PUBLIC_SPEC = "api_fastapi/core_api/openapi/v2-rest-api-generated.yaml"
SPECS = (
    "api_fastapi/core_api/openapi/_private_ui.yaml",
    PUBLIC_SPEC,
    "api_fastapi/auth/managers/simple/openapi/v2-simple-auth-manager-generated.yaml",
)
OUR_SPEC = Path(__file__).resolve().parent.parent / "src/api/leoflow.yaml"
BANNER = "// Written by scripts/generate_api.py from Airflow's OpenAPI files. Do not edit.\n"
# Path parameters that Airflow declares as {name:path}: they may contain
# slashes, which the OpenAPI files do not tell.
SLASH_PARAMETERS = {"pool_name", "variable_key", "xcom_key", "key"}
# Fields that may hold less than the OpenAPI files tell: a text of these, in any case, and not null.
CHOICES = {"new_state": ["success", "failed", "skipped"]}
# Answered without a token.
OPEN_OPERATIONS = {
    "login", "logout", "get_health", "get_version",
    "create_token", "create_token_cli", "create_token_all_admins", "login_all_admins",
    "oidc_login", "oidc_callback",
}
# FastAPI's own error types: written by hand.
SKIPPED_SCHEMAS = {"HTTPValidationError", "ValidationError", "HTTPExceptionResponse"}
KEYWORDS = {"operator", "delete", "class", "default", "template", "register", "export", "namespace", "bool", "public"}
# Sent line by line in streams, which the OpenAPI files describe as text.
STREAMED_SCHEMAS = ("GridTISummaries",)
HTTP_METHODS = ("get", "post", "put", "patch", "delete")
FILES_PER_KIND = 3


def package_folder() -> Path:
    spec = importlib.util.find_spec("airflow")
    if spec is None or spec.origin is None:
        sys.exit("generate_api: this Python has no airflow package installed")
    return Path(spec.origin).parent


def identifier(name: str) -> str:
    name = re.sub(r"\W", "_", name)
    return name + "_" if name in KEYWORDS else name


def camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


class Api:
    """The merged documents; schemas of one name are the same in all of them."""

    def __init__(self, folder: Path) -> None:
        self.schemas: dict[str, dict] = {}
        self.operations: list[dict] = []
        for spec in (*(folder / name for name in SPECS), OUR_SPEC):
            document = yaml.safe_load(spec.read_text())
            for name, schema in document["components"]["schemas"].items():
                if self.schemas.setdefault(name, schema) != schema:
                    sys.exit(f"generate_api: two different schemas are called {name}")
            for path, methods in document["paths"].items():
                for method in HTTP_METHODS:
                    if method in methods:
                        self.operations.append({"path": path, "method": method.upper(), **methods[method]})

    def is_struct(self, name: str) -> bool:
        return "properties" in self.schemas[name] and name not in SKIPPED_SCHEMAS

    def tag(self, name: str) -> str:
        """What tells a struct from the others of its union: the text that a field of it must have."""
        return next((field["const"] for field in self.schemas[name]["properties"].values() if "const" in field), "")

    def reachable(self, node: object, seen: set[str]) -> set[str]:
        if isinstance(node, dict):
            name = node.get("$ref", "").rpartition("/")[2]
            if name and name not in seen:
                seen.add(name)
                self.reachable(self.schemas[name], seen)
            for value in node.values():
                self.reachable(value, seen)
        elif isinstance(node, list):
            for value in node:
                self.reachable(value, seen)
        return seen

    def requests(self) -> set[str]:
        return self.reachable([op.get("requestBody", {}) for op in self.operations], set())

    def responses(self) -> set[str]:
        streamed = [{"$ref": f"#/components/schemas/{name}"} for name in STREAMED_SCHEMAS]
        return self.reachable(
            streamed + [answer for op in self.operations for code, answer in op["responses"].items() if code[0] == "2"], set()
        )

    def ordered_structs(self) -> list[str]:
        """Every struct after the structs that it holds."""
        order: list[str] = []

        def visit(name: str, path: tuple[str, ...]) -> None:
            if name in order or name in path:
                return
            for inner in sorted(self.reachable(self.schemas[name].get("properties", {}), set())):
                visit(inner, (*path, name))
            if self.is_struct(name):
                order.append(name)

        for name in sorted(self.schemas):
            visit(name, ())
        return order


class Type:
    """A C++ type with the rule that checks its values."""

    def __init__(self, cpp: str, rule: str, initial: str = "") -> None:
        self.cpp = cpp
        self.rule = rule
        self.initial = initial


def list_of_texts(values: list[str]) -> str:
    return "{" + ", ".join(literal(value) for value in values) + "}"


def type_of(api: Api, schema: dict) -> Type:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        target = api.schemas[name]
        if api.is_struct(name):
            return Type(name, f'Model{{"{api.tag(name) or name}"}}')
        if "enum" in target:
            return Type("std::string", f"OneOf{{{list_of_texts(target['enum'])}, false}}")
        return type_of(api, target)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return union(api, schema[key])
    kind = schema.get("type")
    if kind == "array":
        if "items" not in schema:
            return Type("json::value", "Anything{}")
        item = type_of(api, schema["items"])
        return Type(f"std::vector<{item.cpp}>", f"ListOf{{{item.rule}, {schema.get('minItems', 0)}}}")
    if kind == "string":
        return text_type(schema)
    if kind in ("integer", "number"):
        rule = []
        if "minimum" in schema:
            rule.append(f".minimum = {int(schema['minimum'])}")
        if "exclusiveMinimum" in schema:
            rule.append(f".above = {int(schema['exclusiveMinimum'])}")
        if kind == "integer":
            return Type("std::int64_t", f"Integer{{{', '.join(rule)}}}", "0")
        return Type("double", f"Number{{{', '.join(rule)}}}", "0")
    if kind == "boolean":
        return Type("bool", "Boolean{}", "false")
    if kind == "object":
        return Type("json::value", "Object{}", "json::object()")
    return Type("json::value", "Anything{}")


def text_type(schema: dict) -> Type:
    if "const" in schema:
        return Type("std::string", f"OneOf{{{list_of_texts([schema['const']])}, true}}", literal(schema["const"]))
    if "enum" in schema:
        return Type("std::string", f"OneOf{{{list_of_texts(schema['enum'])}, true}}")
    if schema.get("format") == "date-time":
        return Type("Time", "Instant{}")
    if schema.get("format") == "date":
        return Type("std::string", "Date{}")
    rule = [f".{cpp} = {schema[key]}" for key, cpp in (("minLength", "min_length"), ("maxLength", "max_length")) if key in schema]
    if "pattern" in schema:
        rule.append(f".pattern = {literal(schema['pattern'])}")
    return Type("std::string", f"Text{{{', '.join(rule)}}}")


def union(api: Api, members: list[dict]) -> Type:
    nullable = any(member.get("type") == "null" for member in members)
    types = [type_of(api, member) for member in members if member.get("type") != "null"]
    if len(types) == 1:
        inner = types[0]
        if inner.cpp == "json::value":  # it has a null of its own
            return Type(inner.cpp, f"OrNull{{{inner.rule}}}")
        return Type(f"std::optional<{inner.cpp}>", f"OrNull{{{inner.rule}}}")
    if len({t.cpp for t in types}) != len(types) or any(t.cpp == "json::value" for t in types):
        return Type("json::value", "Anything{}")
    cpp = f"std::variant<{', '.join(t.cpp for t in types)}>"
    rule = f"AnyOf{{{', '.join(t.rule for t in types)}}}"
    if nullable:
        return Type(f"std::optional<{cpp}>", f"OrNull{{{rule}}}")
    return Type(cpp, rule)


def member(name: str, schema: dict, type_: Type) -> str:
    initial = type_.initial
    default = schema.get("default")
    if default is not None and type_.cpp != "json::value":
        if isinstance(default, list):
            initial = "{" + ", ".join(literal(v) for v in default) + "}"
        else:
            initial = literal(default)
    tail = f" = {initial}" if initial and not initial.startswith("{") else initial
    return f"  {type_.cpp} {identifier(name)}{tail};\n"


def type_header(api: Api, structs: list[str], requests: set[str], responses: set[str]) -> str:
    out = [BANNER, "#pragma once\n\n#include <optional>\n#include <string>\n#include <variant>\n#include <vector>\n\n",
           '#include "api/wire/body_reader.hpp"\n#include "api/wire/json_writer.hpp"\n\n',
           "namespace leoflow::api::gen {\n\nusing namespace wire;\n\n"]
    for name in structs:
        base = " : RequestBody" if name in requests else ""
        out.append(f"struct {name}{base} {{\n")
        for field, schema in api.schemas[name]["properties"].items():
            out.append(member(field, schema, type_of(api, schema)))
        if name in responses:
            out.append("\n  void write(JsonWriter& out) const;\n")
        if name in requests:
            out.append("\n  void parse(const json::value& in, const Location& where, Problems& problems);\n")
            consts = {f: s["const"] for f, s in api.schemas[name]["properties"].items() if "const" in s}
            for field, value in consts.items():
                out.append(f'  static bool claims(const json::value& in) {{ return says(in, "{field}", "{value}"); }}\n')
        out.append("};\n\n")
    out.append("}  // namespace leoflow::api::gen\n")
    return "".join(out)


def writer(api: Api, name: str) -> str:
    out = [f"void {name}::write(JsonWriter& out) const {{\n  out.begin_object();\n"]
    for field in api.schemas[name]["properties"]:
        out.append(f'  out.field("{field}", {identifier(field)});\n')
    out.append("  out.end_object();\n}\n\n")
    return "".join(out)


def body_parser(api: Api, name: str) -> str:
    schema = api.schemas[name]
    required = schema.get("required", [])
    out = [f"void {name}::parse(const json::value& in, const Location& where, Problems& problems) {{\n",
           f'  ObjectReader reader(in, where, problems, "{name}", fields_set);\n']
    for field, inner in schema["properties"].items():
        call = "required" if field in required else "optional"
        rule = f"ChoiceOf{{{list_of_texts(CHOICES[field])}}}" if field in CHOICES else type_of(api, inner).rule
        out.append(f'  reader.{call}("{field}", {identifier(field)}, {rule});\n')
    if schema.get("additionalProperties") is False:
        out.append("  reader.forbid_others();\n")
    out.append("}\n\n")
    return "".join(out)


def parameters(operation: dict) -> list[dict]:
    # Content negotiation is the handlers' business: they ask Call::accepts().
    return [p for p in operation.get("parameters", []) if not (p["in"] == "header" and p["name"] == "accept")]


def params_header(api: Api) -> str:
    out = [BANNER, "#pragma once\n\n#include <optional>\n#include <string>\n#include <vector>\n\n",
           '#include "api/wire/param_reader.hpp"\n\nnamespace leoflow::api::gen {\n\nusing namespace wire;\n\n']
    for operation in api.operations:
        out.append(f"struct {camel(operation['operationId'])}Params {{\n")
        for parameter in parameters(operation):
            out.append(member(parameter["name"], parameter["schema"], parameter_type(api, parameter)))
        out.append("\n  void parse(ParamReader& in);\n};\n\n")
    out.append("}  // namespace leoflow::api::gen\n")
    return "".join(out)


def parameter_type(api: Api, parameter: dict) -> Type:
    schema = parameter["schema"]
    if parameter["in"] == "path" and "type" not in schema and "anyOf" not in schema:
        return Type("std::string", "Text{}")  # declared without a type: text as it stands
    found = type_of(api, schema)
    if parameter["in"] == "query" and not parameter.get("required") and "default" not in schema:
        if not found.cpp.startswith(("std::optional", "std::vector")):
            return Type(f"std::optional<{found.cpp}>", f"OrNull{{{found.rule}}}")  # may be left out
    return found


def param_parser(api: Api, operation: dict) -> str:
    names = parameters(operation)
    argument = "in" if names else ""
    out = [f"void {camel(operation['operationId'])}Params::parse(ParamReader& {argument}) {{\n"]
    order = {"path": 0, "query": 1, "header": 2}
    for p in sorted(names, key=lambda p: order[p["in"]]):
        required = "true" if p.get("required") else "false"
        out.append(f'  in.{p["in"]}("{p["name"]}", {identifier(p["name"])}, {parameter_type(api, p).rule}, {required});\n')
    out.append("}\n\n")
    return "".join(out)


def body_of(operation: dict) -> tuple[str, bool]:
    """The body's struct ("" if none) and whether it may be left out."""
    if "requestBody" not in operation:
        return "", False
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    optional = "anyOf" in schema
    reference = next(m for m in schema["anyOf"] if "$ref" in m) if optional else schema
    return reference["$ref"].rpartition("/")[2], optional


def operations_header(api: Api) -> str:
    out = [BANNER, "#pragma once\n\n#include <array>\n#include <cstddef>\n#include <string_view>\n\n",
           '#include "api/wire/route.hpp"\n#include "gen/params.hpp"\n#include "gen/types.hpp"\n\n',
           "namespace leoflow::api {\n\n",
           "/// One type per operation: its place in the route table, its parameters and its body.\nnamespace op {\n\n"]
    for index, operation in enumerate(api.operations):
        body, optional = body_of(operation)
        body_type = f"std::optional<gen::{body}>" if optional else f"gen::{body}" if body else "wire::NoBody"
        out.append(f"struct {operation['operationId']} {{\n  static constexpr std::size_t kIndex = {index};\n"
                   f"  using Params = gen::{camel(operation['operationId'])}Params;\n  using Body = {body_type};\n}};\n")
    out.append("\n}  // namespace op\n\nnamespace gen {\n\n"
               f"inline constexpr std::size_t kOperationCount = {len(api.operations)};\n"
               "extern const std::array<wire::Route, kOperationCount> kRoutes;\n\n"
               "/// The OpenAPI file of the public API, as JSON.\nextern const std::string_view kOpenApi;\n\n}  // namespace gen\n}  // namespace leoflow::api\n")
    return "".join(out)


def routes_source(api: Api) -> str:
    out = [BANNER, '#include "gen/operations.hpp"\n\nnamespace leoflow::api::gen {\n\n',
           "const std::array<wire::Route, kOperationCount> kRoutes{{\n"]
    for operation in api.operations:
        path = re.sub(r"{(\w+)}", lambda m: "{" + m[1] + (":path}" if m[1] in SLASH_PARAMETERS else "}"), operation["path"])
        is_open = "true" if operation["operationId"] in OPEN_OPERATIONS else "false"
        out.append(f'    {{"{operation["method"]}", "{path}", "{operation["operationId"]}", {is_open}}},\n')
    out.append("}};\n\n}  // namespace leoflow::api::gen\n")
    return "".join(out)


def document_source(folder: Path) -> str:
    """The description of the public API, as JSON."""
    text = json.dumps(yaml.safe_load((folder / PUBLIC_SPEC).read_text()))
    # Compilers limit one literal to 64 KiB; adjacent ones are joined.
    pieces = "\n".join(f'R"JSON({text[i : i + 8000]})JSON"' for i in range(0, len(text), 8000))
    return (f'{BANNER}#include "gen/operations.hpp"\n\nnamespace leoflow::api::gen {{\n\n'
            f"const std::string_view kOpenApi =\n{pieces};\n\n}}  // namespace leoflow::api::gen\n")


def write_if_changed(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def write_parts(out_dir: Path, stem: str, header: str, blocks: list[str]) -> None:
    """Spreads function definitions over a fixed number of files, so that they compile in parallel."""
    for part in range(FILES_PER_KIND):
        text = [BANNER, f'#include "gen/{header}"\n\nnamespace leoflow::api::gen {{\n\n']
        text += blocks[part::FILES_PER_KIND]
        text.append("}  // namespace leoflow::api::gen\n")
        write_if_changed(out_dir / f"{stem}_{part}.cpp", "".join(text))


def generate(out_dir: Path) -> None:
    api = Api(package_folder())
    requests, responses = api.requests(), api.responses()
    structs = [name for name in api.ordered_structs() if name in requests | responses]
    out_dir.mkdir(parents=True, exist_ok=True)
    write_if_changed(out_dir / "types.hpp", type_header(api, structs, requests, responses))
    write_if_changed(out_dir / "params.hpp", params_header(api))
    write_if_changed(out_dir / "operations.hpp", operations_header(api))
    write_if_changed(out_dir / "routes.cpp", routes_source(api))
    write_if_changed(out_dir / "document.cpp", document_source(package_folder()))
    write_parts(out_dir, "write", "types.hpp", [writer(api, n) for n in structs if n in responses])
    write_parts(out_dir, "parse", "types.hpp", [body_parser(api, n) for n in structs if n in requests])
    write_parts(out_dir, "params", "params.hpp", [param_parser(api, o) for o in api.operations])


def remaining(source_dir: Path) -> None:
    api = Api(package_folder())
    bound = set()
    for path in source_dir.rglob("*.cpp"):
        if not path.name.endswith("_test.cpp"):
            bound |= set(re.findall(r"bind\w*<op::(\w+)", path.read_text()))
    missing = [o for o in api.operations if o["operationId"] not in bound]
    for operation in missing:
        print(f"{operation['method']:6} {operation['path']}  {operation['operationId']}")
    print(f"{len(missing)} of {len(api.operations)} operations remain")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--remaining":
        remaining(Path(sys.argv[2]))
    elif len(sys.argv) == 2:
        generate(Path(sys.argv[1]))
    else:
        sys.exit(__doc__)
