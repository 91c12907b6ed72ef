#!/usr/bin/env python3
"""Fails when a folder of src/ includes one that it may not.

The allowed dependencies are the DEPS of each folder's lf_module(); what is
allowed includes what those are allowed in turn. Cycles are refused too.
"""

import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "src"
MODULE = re.compile(r"lf_module\(NAME\s+(\w+)([^)]*)\)", re.DOTALL)
INCLUDE = re.compile(r'^\s*#include "([a-z0-9_]+)/', re.MULTILINE)


def read_dependencies() -> dict[str, list[str]]:
    """Returns the direct DEPS of each module, by its name."""
    modules = {}
    for path in sorted(SOURCE.glob("*/CMakeLists.txt")):
        for name, rest in MODULE.findall(path.read_text(encoding="utf-8")):
            deps = re.search(r"\bDEPS\s+([a-z0-9_ \n]+)", rest)
            modules[name] = deps.group(1).split() if deps else []
    return modules


def closure(name: str, modules: dict[str, list[str]], trail: tuple[str, ...] = ()) -> set[str]:
    """Returns all modules that `name` may include, itself among them."""
    if name in trail:
        sys.exit(f"layers: cycle: {' -> '.join((*trail, name))}")
    reachable = {name}
    for dependency in modules.get(name, []):
        reachable |= closure(dependency, modules, (*trail, name))
    return reachable


def main() -> None:
    modules = read_dependencies()
    problems = []
    for name in modules:
        allowed = closure(name, modules)
        for path in sorted((SOURCE / name).rglob("*.[ch]pp")):
            for included in INCLUDE.findall(path.read_text(encoding="utf-8")):
                if included in modules and included not in allowed:
                    problems.append(f"{path.relative_to(SOURCE.parent)}: includes {included}/, which {name} may not")
    for problem in problems:
        print(problem)
    if problems:
        sys.exit(1)
    print(f"layers: {len(modules)} folders, no forbidden include")


if __name__ == "__main__":
    main()
