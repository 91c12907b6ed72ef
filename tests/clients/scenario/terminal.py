"""Types commands of airflowctl, in this process: starting Python for each would take most of the time."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import traceback
from typing import Any

from airflowctl.ctl.cli_config import safe_call_command
from airflowctl.ctl.cli_parser import get_parser

Answered = dict[str, Any]


class Terminal:
    """Where commands are typed; keeps what each printed by its name, `NAME #2` for a second time."""

    def __init__(self) -> None:
        """Reads what commands there are."""
        self.answers: dict[str, Answered] = {}
        self.commands = _commands(get_parser())

    def type(self, *words: str) -> Any:
        """Runs a command; returns what it printed, as JSON where that is JSON."""
        printed, status = io.StringIO(), 0
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            try:
                parsed = get_parser().parse_args(words)
                safe_call_command(parsed.func, parsed)
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 1
                print(end.code)
            except Exception as error:  # noqa: BLE001 - the program would show it and end
                status = 1
                print(traceback.format_exception_only(error)[-1])
        name = next(command for command in self.commands if command.split() == list(words)[: len(command.split())])
        times = sum(known.startswith(f"{name} #") for known in self.answers)
        body = _read(printed.getvalue())
        self.answers[f"{name} #{times + 1}"] = {"status": status, "content": "", "body": body}
        return body


def _commands(parser: argparse.ArgumentParser, name: str = "") -> list[str]:
    """Returns the names of all commands, which their help lists."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        return [name]
    inner = groups[0].choices.items()
    return [command for word, below in inner for command in _commands(below, f"{name} {word}".strip())]


def _read(printed: str) -> Any:
    """Returns the lines that were printed, each as JSON where it is that; a single one without the list."""
    lines = [_line(line.strip()) for line in printed.splitlines() if line.strip()]
    return lines[0] if len(lines) == 1 else lines


def _line(line: str) -> Any:
    with contextlib.suppress(ValueError):
        return json.loads(line) if line[0] in "[{" else line
    return line
