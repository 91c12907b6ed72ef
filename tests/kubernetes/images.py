"""The images of Leoflow as OCI archives, made anew when what is in them has changed."""

from __future__ import annotations

import hashlib
import os
import pathlib
import re
import subprocess

from support import BIN, ROOT

_FOLDER = ROOT / "build/images"
VERSION = re.search(r"^project\(leoflow VERSION (\S+?)[ )]", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
REPOSITORY = "localhost/leoflow"
SERVER = f"{REPOSITORY}/server:{VERSION}"
TASK = f"{REPOSITORY}/task:{VERSION}-py3.11"


def server_archive() -> pathlib.Path:
    """Returns the archive of the image of the server."""
    return _archive(SERVER, "server", [BIN / "leoflow"], lambda: _build("server"))


def project_archive(reference: str, files: dict[str, pathlib.Path]) -> pathlib.Path:
    """Returns the archive of the image of a project.

    Args:
        reference: Of the image.
        files: What is in it, by path below the project's folder.
    """

    def make() -> None:
        _build("task", "3.11")
        context = _FOLDER / "project"
        for name, file in files.items():
            (context / name).parent.mkdir(parents=True, exist_ok=True)
            (context / name).write_bytes(file.read_bytes())
        (context / "Dockerfile").write_text(f"FROM {TASK}\nCOPY --chown=0:0 {' '.join(files)} ./\n")
        buildah("build", "--quiet", "--isolation", "chroot", "--tag", reference, str(context))

    return _archive(reference, "task", [BIN / "leoflow-agent", *files.values(), *_worker_files()], make)


def buildah(*arguments: str) -> None:
    """Runs buildah; fails with what it said."""
    done = subprocess.run(["buildah", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, f"buildah {' '.join(arguments)}\n{done.stderr}"


def _build(*what: str) -> None:
    environment = os.environ | {"BUILDER": "buildah", "BASES": "debian", "REPOSITORY": REPOSITORY}
    done = subprocess.run([ROOT / "deploy/images/build", *what], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _archive(reference: str, kind: str, parts: list[pathlib.Path], make) -> pathlib.Path:
    """Returns the archive of an image, made if it is not one of these parts."""
    recipes = [ROOT / "deploy/images" / name for name in ("build", "gather", f"{kind}.Dockerfile")]
    state = hashlib.sha256()
    for file in [ROOT / "airflow.pin", *recipes, *parts]:
        state.update(file.read_bytes())
    name = re.sub(r"\W+", "-", reference)
    file = _FOLDER / f"{name}-{state.hexdigest()[:12]}.tar"
    if not file.exists():
        make()
        for old in _FOLDER.glob(f"{name}-*.tar"):
            old.unlink()
        part = file.with_suffix(".part")
        buildah("push", "--quiet", reference, f"oci-archive:{part}:{reference}")
        part.rename(file)
    return file


def _worker_files() -> list[pathlib.Path]:
    return sorted((ROOT / "python/leoflow_worker").glob("*.py"))
