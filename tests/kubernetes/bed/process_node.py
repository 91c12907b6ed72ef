"""A node whose containers are processes, and the harm that tests can do to it."""

from __future__ import annotations

import json
import pathlib
import ssl
import sys
import urllib.parse
import urllib.request
from typing import Any

from .api import Api, Object


class ProcessNode:
    """Talks to a process kubelet.

    Attributes:
        name: Of the node.
    """

    def __init__(self, name: str, folder: pathlib.Path, port: int, kubeconfig: pathlib.Path) -> None:
        """Takes what its kubelet is started with."""
        self.name = name
        self._folder, self._port, self._kubeconfig = folder, port, kubeconfig
        folder.mkdir(exist_ok=True)

    def command(self, keys: pathlib.Path) -> list[str]:
        """Returns the command that runs its kubelet, with the keys of a server on this machine."""
        return [
            "env", f"PYTHONPATH={pathlib.Path(__file__).parent.parent}", sys.executable, "-m", "bed.process_kubelet",
            f"--kubeconfig={self._kubeconfig}", f"--name={self.name}", f"--port={self._port}", f"--keys={keys}",
            f"--folder={self._folder}",
        ]  # fmt: skip

    @property
    def images_file(self) -> pathlib.Path:
        """Returns the file that says which images there are; without it all are."""
        return self._folder / "images.json"

    def have_images(self, images: dict[str, Object]) -> None:
        """Has these images and no other: name to `entrypoint`, `cmd` and `env`."""
        part = self.images_file.with_suffix(".part")
        part.write_text(json.dumps(images))
        part.rename(self.images_file)

    def have_every_image(self) -> None:
        """Has every image again; they contain nothing."""
        self.images_file.unlink(missing_ok=True)

    def plan(self, fault: str, pods: str) -> None:
        """Keeps pods whose names fit a pattern from starting, until `fault` is empty again.

        Args:
            fault: `image-pull`, `create-error`, `stuck` or empty.
            pods: The pattern, such as `hello-*`.
        """
        self._do("plan", fault=fault, pods=pods)

    def kill(self, namespace: str, pod: str, reason: str, **container: str) -> None:
        """Kills the containers of a pod (or only `container`) with a reason such as `OOMKilled`."""
        self._do("kill", namespace=namespace, pod=pod, reason=reason, **container)

    def evict(self, namespace: str, pod: str) -> None:
        """Evicts a pod, as if memory ran out."""
        self._do("evict", namespace=namespace, pod=pod)

    def lose(self) -> None:
        """Cuts the node off: no report, no news, no logs; its containers go on."""
        self._do("lost")

    def reconnect(self) -> None:
        """Brings the node back."""
        self._do("back")

    def _do(self, what: str, **query: Any) -> None:
        tls = ssl.create_default_context(cadata=Api(self._kubeconfig).access.authority)
        url = f"https://127.0.0.1:{self._port}/fault/{what}?{urllib.parse.urlencode(query)}"
        urllib.request.urlopen(urllib.request.Request(url, method="POST"), context=tls, timeout=10).close()
