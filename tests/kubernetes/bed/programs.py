"""Where the programs of Kubernetes and the tools of its tests are, and of which version."""

from __future__ import annotations

import pathlib
import shutil

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = ROOT / "build/kubernetes/bin"
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kubelet", "kube-proxy")
# Of which module, and where in it; a folder beside this file that has the tool's name is put there.
TOOLS = {
    "helm": ("helm.sh/helm/v3", "cmd/helm"),
    "helm-unittest": ("github.com/helm-unittest/helm-unittest", "cmd/helm-unittest"),
    "coredns": ("github.com/coredns/coredns", "bed"),
    "versitygw": ("github.com/versity/versitygw", "cmd/versitygw"),
    "fake-gcs-server": ("github.com/fsouza/fake-gcs-server", ""),
}


class NotBuilt(Exception):
    """A program is not there."""


def pinned(what: str) -> str:
    """Returns a line of the pin file: the version of `kubernetes`, of `go` or of a tool."""
    lines = pathlib.Path(__file__).with_name("kubernetes.pin").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{what} "))


def stamped(what: str = "kubernetes") -> str:
    """Returns the version that is there, of Kubernetes or of a tool; empty if there is none."""
    try:
        return stamp(what).read_text().strip()
    except OSError:
        return ""


def stamp(what: str) -> pathlib.Path:
    """Returns the file that says which version is there."""
    return BIN / ("version" if what == "kubernetes" else f"{what}.version")


def missing() -> list[str]:
    """Returns the components that are still to be built."""
    if stamped() != pinned("kubernetes"):
        return list(COMPONENTS)
    return [name for name in COMPONENTS if not (BIN / name).exists()]


def missing_tools() -> list[str]:
    """Returns the tools that are still to be built."""
    return [name for name in TOOLS if stamped(name) != pinned(name) or not (BIN / name).exists()]


def program(name: str) -> str:
    """Returns the path of a component, of a tool, or of a program of a Debian package.

    Raises:
        NotBuilt: it is not there; says which command sees to that.
    """
    path = str(BIN / name) if name in COMPONENTS or name in TOOLS else shutil.which(name)
    if path is None or name in missing() or name in missing_tools():
        raise NotBuilt(
            f"{name} is missing: run ./test kubernetes, or scripts/setup kubernetes and tests/kubernetes/bed/build"
        )
    return path
