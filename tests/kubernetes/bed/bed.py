"""A Kubernetes below one folder."""

from __future__ import annotations

import atexit
import json
import pathlib
import signal

from support import eventually

from . import certificates
from .api import Api, Refused
from .control_plane import SERVER_NAMES, USERS, ControlPlane
from .kubeconfig import Access
from .ports import free_ports
from .process_node import ProcessNode
from .services import Services

_API = ("etcd", "kube-apiserver")


class Bed:
    """Starts and stops a control plane and nodes.

    Attributes:
        folder: Where all its files are.
        kubeconfig: The administrator's.
        services: Its programs.
    """

    def __init__(self, folder: pathlib.Path, *, kept: bool = False, node_grace: int = 8) -> None:
        """Takes a folder, which is empty or that of a bed.

        Args:
            folder: Where to keep all files.
            kept: Whether the bed outlives this process; otherwise it is ended with it.
            node_grace: After how many seconds without a sign of life a node is lost.
        """
        self.folder = folder.resolve()
        self.kubeconfig = self.folder / "admin.kubeconfig"
        self.services = Services(self.folder, kept=kept)
        self._node_grace = node_grace
        if not kept:
            atexit.register(self.down)

    @property
    def api(self) -> Api:
        """Returns a client with all rights."""
        return Api(self.kubeconfig)

    def start_control_plane(self) -> None:
        """Starts etcd, the API server, the controllers and the scheduler; returns when pods can be made."""
        plane = ControlPlane(self.folder, self._ports(), self._node_grace)
        access = self._access(plane)
        # All of them first: if a program is not there, none is started.
        etcd, server = plane.etcd(), plane.api_server()
        controllers = plane.controllers(access["system:kube-controller-manager"])
        scheduler = plane.scheduler(access["system:kube-scheduler"])
        self.services.run("etcd", etcd)
        self.services.run("kube-apiserver", server)
        self._await("the API server is ready", self.is_ready)
        self.services.run("kube-controller-manager", controllers)
        self.services.run("kube-scheduler", scheduler)
        self._await("the controllers work", lambda: self._has("/api/v1/namespaces/default/serviceaccounts/default"))

    def start_process_node(self, name: str = "process-node") -> ProcessNode:
        """Starts a node whose containers are processes of this machine; returns when it is ready for pods."""
        (port,) = free_ports(1)
        node = ProcessNode(name, self.folder / name, port, self.kubeconfig)
        self.services.run(name, node.command(self.folder / "keys"), signal.SIGTERM)
        self._await(f"the node {name} is ready", lambda: node.is_ready(self.api))
        return node

    def start(self, name: str) -> None:
        """Starts a program again; returns when the API answers, if it is one that the API needs."""
        self.services.start(name)
        if name in _API:
            self._await("the API server is ready", self.is_ready)

    def stop(self, name: str) -> None:
        """Stops a program."""
        self.services.stop(name)

    def is_ready(self) -> bool:
        """Tells whether the API server answers and has what it needs."""
        try:
            return self.api.text("/readyz") == "ok"
        except (OSError, Refused):
            return False

    def down(self) -> None:
        """Stops everything, the latest first."""
        for name in self.services.names():
            self.services.stop(name)

    def _ports(self) -> tuple[int, int, int]:
        """Returns the ports of the control plane: the same for a folder, so that its kubeconfigs stay right."""
        file = self.folder / "ports.json"
        if not file.exists():
            file.write_text(json.dumps(free_ports(3)))
        return tuple(json.loads(file.read_text()))

    def _access(self, plane: ControlPlane) -> dict[str, pathlib.Path]:
        """Makes keys and tokens, once; returns the kubeconfig of each user."""
        files = {user: self.folder / f"{user.rpartition(':')[2]}.kubeconfig" for user in USERS}
        keys = self.folder / "keys"
        if not keys.exists():
            keys.mkdir(mode=0o700)
            certificates.make_authority(keys)
            certificates.make_server(keys, SERVER_NAMES)
            tokens = certificates.make_tokens(keys / "tokens.csv", USERS)
            for user, file in files.items():
                Access(plane.url, (keys / "ca.crt").read_text(), tokens[user]).write(file)
        return files

    def _has(self, path: str) -> bool:
        try:
            return bool(self.api.get(path))
        except Refused:
            return False

    def _await(self, what: str, look) -> None:
        """Waits until something holds; fails at once when a program has ended, with the end of its log."""

        def looked() -> bool:
            for name in self.services.died():
                raise RuntimeError(f"{name} has ended:\n{self.services.log_end(name)}")
            return look()

        eventually(looked, what, 60)
