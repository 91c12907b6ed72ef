"""Where the volumes of a container are on this machine."""

from __future__ import annotations

import pathlib
import re

from ..api import Object


class Mounts:
    """Translates paths of the container into those of this machine.

    A process sees the files of this machine, so nothing can be mounted at a place of its own. Instead, paths below a
    mount are replaced in what the process is given: its command, arguments, environment and working directory.
    """

    def __init__(self, container: Object, volumes: dict[str, pathlib.Path]) -> None:
        """Takes a container's manifest and the folders of its pod's volumes."""
        self._places = {
            mount["mountPath"].rstrip("/"): str(volumes[mount["name"]] / mount.get("subPath", ""))
            for mount in container.get("volumeMounts", [])
        }
        longest_first = sorted(self._places, key=len, reverse=True)
        self._paths = re.compile(rf"(?<![\w./-])({'|'.join(map(re.escape, longest_first))})(?![\w.-])")

    def local(self, text: str) -> str:
        """Returns a text with the paths of this machine."""
        if not self._places:
            return text
        return self._paths.sub(lambda match: self._places[match[1]], text)
