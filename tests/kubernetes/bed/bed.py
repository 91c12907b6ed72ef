"""A Kubernetes below one folder."""

from __future__ import annotations

import atexit
import json
import pathlib
import signal

from support import eventually

from . import certificates, nodes, whole_node
from .api import Api, Refused
from .archives import archive
from .containerd import Containerd
from .control_plane import SERVER_NAMES, USERS, ControlPlane
from .kubeconfig import Access
from .machine import HOST, Machine
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

    def __init__(self, folder: pathlib.Path, *, kept: bool = False, whole: bool = False, node_grace: int = 8) -> None:
        """Takes a folder, which is empty or that of a bed.

        Args:
            folder: Where to keep all files.
            kept: Whether the bed outlives this process; otherwise it is ended with it.
            whole: Whether it is to have a whole node. Then the API server has an address that pods reach.
            node_grace: After how many seconds without a sign of life a node is lost.
        """
        self.folder = folder.resolve()
        self.kubeconfig = self._kubeconfig("admin")
        self.services = Services(self.folder, kept=kept)
        self._node_grace = node_grace
        self._machine = Machine(self.services) if whole else None
        if not kept:
            atexit.register(self.down)

    @property
    def api(self) -> Api:
        """Returns a client with all rights."""
        return Api(self.kubeconfig)

    def start_control_plane(self) -> None:
        """Starts etcd, the API server, the controllers and the scheduler; returns when pods can be made.

        What still runs of this bed is stopped first.
        """
        self.down()
        if self._machine:
            self._machine.start()
        plane = ControlPlane(self.folder, self._ports(), HOST if self._machine else "127.0.0.1", self._node_grace)
        self._make_access(plane)
        # All of them first: if a program is not there, none is started.
        etcd, server = plane.etcd(), plane.api_server()
        controllers = plane.controllers(self._kubeconfig("system:kube-controller-manager"))
        scheduler = plane.scheduler(self._kubeconfig("system:kube-scheduler"))
        self.services.run("etcd", etcd)
        self.services.run("kube-apiserver", server)
        self._await("the API server is ready", self.is_ready)
        self.services.run("kube-controller-manager", controllers)
        self.services.run("kube-scheduler", scheduler)
        self._await("the controllers work", lambda: self.has("/api/v1/namespaces/default/serviceaccounts/default"))

    def start_process_node(self, name: str = "process-node") -> ProcessNode:
        """Starts a node whose containers are processes of this machine; returns when it is ready for pods."""
        (port,) = free_ports(1)
        node = ProcessNode(name, self.folder / name, port, self.kubeconfig)
        self.services.run(name, node.command(self.folder / "keys"), signal.SIGTERM)
        self._await(f"the node {name} is ready", lambda: nodes.is_ready(self.api, name))
        return node

    def start_whole_node(self) -> Containerd:
        """Starts a node with containerd, kubelet, kube-proxy and CoreDNS, in a machine of its own; returns when it is ready.

        Raises:
            RuntimeError: the bed was not made with `whole`.
        """
        if self._machine is None:
            raise RuntimeError("Bed(..., whole=True) can have a whole node")
        containerd = Containerd(self.folder / "containerd")
        kubelet = whole_node.kubelet(
            self.folder / "kubelet", self._kubeconfig(f"system:node:{whole_node.NAME}"), containerd
        )
        proxy = whole_node.kube_proxy(self._kubeconfig("system:kube-proxy"))
        names = whole_node.coredns(self.folder / "coredns", self._kubeconfig("system:coredns"))
        self.services.run("containerd", self._machine.inside(*containerd.command()))
        self._await("containerd is ready", containerd.is_ready)
        containerd.load(archive("pause"))
        self.services.run("kubelet", self._machine.inside(*kubelet))
        self.services.run("kube-proxy", self._machine.inside(*proxy))
        self.services.run("coredns", self._machine.inside(*names))
        self._await("the node is ready", lambda: nodes.is_ready(self.api, whole_node.NAME))
        return containerd

    def load(self, archive: pathlib.Path) -> None:
        """Gives the whole node the images of an OCI archive."""
        Containerd(self.folder / "containerd").load(archive)

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

    def has(self, path: str) -> bool:
        """Tells whether something is at a path of the API."""
        try:
            return bool(self.api.get(path))
        except Refused:
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

    def _make_access(self, plane: ControlPlane) -> None:
        """Makes keys, tokens and kubeconfigs, once."""
        keys = self.folder / "keys"
        if not keys.exists():
            keys.mkdir(mode=0o700)
            certificates.make_authority(keys)
            certificates.make_server(keys, SERVER_NAMES)
            tokens = certificates.make_tokens(keys / "tokens.csv", USERS)
            for user, token in tokens.items():
                Access(plane.url, (keys / "ca.crt").read_text(), token).write(self._kubeconfig(user))

    def _kubeconfig(self, user: str) -> pathlib.Path:
        return self.folder / f"{user.rpartition(':')[2]}.kubeconfig"

    def _await(self, what: str, look) -> None:
        """Waits until something holds; fails at once when a program has ended, with the end of its log."""

        def looked() -> bool:
            for name in self.services.died():
                raise RuntimeError(f"{name} has ended:\n{self.services.log_end(name)}")
            return look()

        eventually(looked, what, 120)
