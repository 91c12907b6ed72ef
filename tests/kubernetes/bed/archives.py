"""Images in OCI archives, built the first time that they are asked for."""

from __future__ import annotations

import pathlib
import subprocess

from .programs import BIN, program

_FOLDER = BIN.parent / "images"


def archive(name: str) -> pathlib.Path:
    """Returns the archive of an image that `images` knows: `pause` or `tools`."""
    file = _FOLDER / f"{name}.tar"
    if not file.exists():
        program("buildah")
        _FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run([pathlib.Path(__file__).with_name("images"), name, file], check=True)
    return file
