"""Which images there are, and what they run."""

from __future__ import annotations

import json
import pathlib

from ..api import Object


class Images:
    """Images as a JSON file tells them: {name: {"entrypoint": [...], "cmd": [...], "env": {...}}}.

    While there is no file, every image is there and has nothing in it: containers must bring a command.
    """

    def __init__(self, file: pathlib.Path) -> None:
        """Takes the file, which is read anew each time."""
        self._file = file

    def find(self, name: str) -> Object | None:
        """Returns what an image runs, or None if it cannot be pulled."""
        try:
            return json.loads(self._file.read_text()).get(name)
        except FileNotFoundError:
            return {}
