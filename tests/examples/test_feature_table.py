"""`features.toml` leaves nothing out, names tests that exist, and is what docs/compatibility.md says."""

from __future__ import annotations

import re

import answers
import features
import table
from cases import case_of
from support import ROOT

ROWS = {f"{kind} {name}": feature for kind, rows in features.read().items() for name, feature in rows.items()}


def passes(test: str) -> bool:
    """Tells whether there is a test of that name that has to pass, or an example that ends as in Airflow."""
    if found := re.fullmatch(r"(tests/functional/\w+\.py)::(\w+)", test):
        path, name = ROOT / found[1], found[2]
        above = re.search(rf"(.*)\ndef {name}\(", path.read_text()) if path.exists() else None
        return above is not None and "xfail" not in above[1]
    if found := re.fullmatch(r"tests/examples \((\w+)\)", test):
        return "run" in answers.read().get(found[1], {}) and not case_of(found[1]).known
    pattern = re.compile(r"^TEST(_F|_P)?\({},\s*{}\)".format(*test.split(".")), re.MULTILINE)
    return any(pattern.search(path.read_text()) for path in (ROOT / "src").rglob("*_test.cpp"))


def test_every_feature_of_airflow_is_there():
    wanted = {kind: sorted(names) for kind, names in features.names_of_airflow().items()}
    assert {kind: sorted(rows) for kind, rows in features.read().items()} == wanted


def test_what_works_has_a_test_and_what_does_not_has_a_reason():
    assert not [name for name, row in ROWS.items() if row.status not in ("works", "partly", "not yet")]
    assert not [name for name, row in ROWS.items() if not (row.tests if row.status == "works" else row.note)]


def test_every_named_test_exists():
    named = {test for row in ROWS.values() for test in row.tests}
    assert not [test for test in sorted(named) if not passes(test)]


def test_the_page_says_so():
    page = table.FILE.read_text()
    assert features.replace_section(page) == page, "run tests/examples/run --features"
