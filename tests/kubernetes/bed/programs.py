"""Where the programs of Kubernetes are, and of which version."""

from __future__ import annotations

import pathlib
import shutil

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = ROOT / "build/kubernetes/bin"
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kubelet", "kube-proxy")


class NotBuilt(Exception):
    """A program is not there."""


def pinned(what: str) -> str:
    """Returns a line of the pin file: the version of `kubernetes` or of `go`."""
    lines = pathlib.Path(__file__).with_name("kubernetes.pin").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{what} "))


def stamped() -> str:
    """Returns the version that the folder of programs is of; empty if there is none."""
    try:
        return (BIN / "version").read_text().strip()
    except OSError:
        return ""


def missing() -> list[str]:
    """Returns the components that are still to be built."""
    if stamped() != pinned("kubernetes"):
        return list(COMPONENTS)
    return [name for name in COMPONENTS if not (BIN / name).exists()]


def program(name: str) -> str:
    """Returns the path of a component, or of a program of a Debian package.

    Raises:
        NotBuilt: it is not there; says which command sees to that.
    """
    path = str(BIN / name) if name in COMPONENTS else shutil.which(name)
    if path is None or name in missing():
        raise NotBuilt(
            f"{name} is missing: run ./test kubernetes, or scripts/setup kubernetes and tests/kubernetes/bed/build"
        )
    return path
