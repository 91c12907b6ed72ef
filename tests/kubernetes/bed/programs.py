"""Where the programs of Kubernetes are, and of which version."""

from __future__ import annotations

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = ROOT / "build/kubernetes/bin"
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kubelet", "kube-proxy")


class NotBuilt(Exception):
    """The programs are not there."""


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
    """Returns the path of a component.

    Raises:
        NotBuilt: it is not there; says which command builds it.
    """
    if name in missing():
        raise NotBuilt(f"{name} {pinned('kubernetes')} is not in {BIN}; `./test kubernetes` sets up and builds the bed")
    return str(BIN / name)
