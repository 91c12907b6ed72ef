"""That the actions tested here are all that the application knows: what it asks the server to change, its keys."""

from __future__ import annotations

import importlib
import pathlib
from types import FunctionType

from application import OPERATIONS, SHORTCUTS

SUBJECTS = sorted(path.stem for path in pathlib.Path(__file__).parent.glob("test_actions_*.py"))


def done_by_tests() -> set[str]:
    """Returns the names in the `does` marks of the tests of actions; a test fails if it does not do what it says."""
    tests = [
        member for name in SUBJECTS for member in vars(importlib.import_module(name)).values()
        if isinstance(member, FunctionType)
    ]  # fmt: skip
    marks = [mark for test in tests for mark in getattr(test, "pytestmark", []) if mark.name == "does"]
    return {name for mark in marks for name in mark.args}


def test_every_change_that_the_application_asks_for_is_done_by_a_test():
    assert set(OPERATIONS) - done_by_tests() == set()


def test_every_shortcut_of_the_application_is_pressed_by_a_test():
    assert set(SHORTCUTS) - done_by_tests() == set()


def test_tests_do_only_what_the_application_knows():
    assert done_by_tests() <= set(OPERATIONS) | set(SHORTCUTS)
