"""A registry of images on this machine, without TLS."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

from bed.ports import free_ports
from bed.programs import program
from support import eventually


@dataclass(frozen=True)
class Registry:
    """A registry.

    Attributes:
        address: Its host and port: what names of images begin with.
        environment: Variables by which buildah and skopeo know that it has no TLS.
    """

    address: str
    environment: dict[str, str]

    def is_there(self) -> bool:
        """Tells whether it answers."""
        try:
            with urllib.request.urlopen(f"http://{self.address}/v2/", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False


def forget(address: str) -> None:
    """Takes the images that were made for a registry out of this machine's store."""
    listed = subprocess.check_output(["buildah", "images", "--format", "{{.Name}}:{{.Tag}}"], text=True)
    for name in listed.split():
        if name.startswith(f"{address}/"):
            subprocess.run(["buildah", "rmi", name], check=True, capture_output=True)


@contextlib.contextmanager
def running(folder: pathlib.Path) -> Iterator[Registry]:
    """Gives a registry, which keeps its images below a folder and ends with the block."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    config = folder / "registry.yml"
    config.write_text(
        f"version: 0.1\nlog: {{level: error}}\nhttp: {{addr: '{address}'}}\n"
        f"storage: {{filesystem: {{rootdirectory: '{folder / 'images'}'}}}}\n"
    )
    insecure = folder / "registries.conf"
    insecure.write_text(f'[[registry]]\nlocation = "{address}"\ninsecure = true\n')
    with open(folder / "registry.log", "wb") as log:
        process = subprocess.Popen([program("docker-registry"), "serve", str(config)], stdout=log, stderr=log)
    try:
        registry = Registry(address, {"CONTAINERS_REGISTRIES_CONF": str(insecure)})
        eventually(registry.is_there, "the registry answers", 20)
        yield registry
    finally:
        process.kill()
        process.wait()
        forget(address)
        shutil.rmtree(folder / "images", ignore_errors=True)
