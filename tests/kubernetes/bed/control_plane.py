"""The command lines of the control plane: etcd, the API server, the controllers and the scheduler."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass

from . import whole_node
from .machine import HOST
from .programs import program

# The users of a bed, and the groups that say what they may.
USERS = {
    "admin": "system:masters",
    "system:kube-controller-manager": "system:masters",
    "system:kube-scheduler": "system:masters",
    "system:kube-proxy": "system:masters",
    "system:coredns": "system:masters",
    f"system:node:{whole_node.NAME}": "system:nodes",
}
SERVICE_ADDRESSES = "10.96.0.0/24"
SERVER_NAMES = ["IP:127.0.0.1", f"IP:{HOST}", "IP:10.96.0.1", "DNS:localhost", "DNS:kubernetes.default.svc"]


@dataclass(frozen=True)
class ControlPlane:
    """What the command lines of one control plane are made from.

    Attributes:
        folder: Where its files are.
        ports: Of the API server, of etcd for clients and of etcd for other etcds.
        address: Where the API server listens.
        node_grace: After how many seconds without a sign of life a node is lost.
    """

    folder: pathlib.Path
    ports: tuple[int, int, int]
    address: str
    node_grace: int

    @property
    def url(self) -> str:
        """Returns the address of the API server."""
        return f"https://{self.address}:{self.ports[0]}"

    def etcd(self) -> list[str]:
        """Returns the command of etcd. It need not keep anything over a power cut, so it does not wait for the disk."""
        clients, peers = (f"http://127.0.0.1:{port}" for port in self.ports[1:])
        return [
            program("etcd"), f"--data-dir={self.folder / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn",
            f"--listen-client-urls={clients}", f"--advertise-client-urls={clients}",
            f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}", f"--initial-cluster=default={peers}",
        ]  # fmt: skip

    def api_server(self) -> list[str]:
        """Returns the command of the API server."""
        keys = self.folder / "keys"
        return [
            program("kube-apiserver"), f"--bind-address={self.address}", f"--advertise-address={self.address}",
            f"--secure-port={self.ports[0]}", f"--etcd-servers=http://127.0.0.1:{self.ports[1]}",
            f"--tls-cert-file={keys / 'server.crt'}", f"--tls-private-key-file={keys / 'server.key'}",
            f"--client-ca-file={keys / 'ca.crt'}", f"--token-auth-file={keys / 'tokens.csv'}",
            "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={keys / 'accounts.key'}",
            f"--service-account-signing-key-file={keys / 'accounts.key'}",
            f"--service-cluster-ip-range={SERVICE_ADDRESSES}", f"--endpoint-reconciler-type={self._endpoints()}",
            "--kubelet-preferred-address-types=InternalIP", "--allow-privileged",
        ]  # fmt: skip

    def _endpoints(self) -> str:
        """Returns who keeps the service `kubernetes`: nobody if there is only a loopback address, which it refuses."""
        return "lease" if self.address == HOST else "none"

    def controllers(self, kubeconfig: pathlib.Path) -> list[str]:
        """Returns the command of the controllers. One is alone, so there is no leader to elect."""
        keys = self.folder / "keys"
        return [
            program("kube-controller-manager"), f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0",
            f"--root-ca-file={keys / 'ca.crt'}", f"--service-account-private-key-file={keys / 'accounts.key'}",
            f"--node-monitor-grace-period={self.node_grace}s", "--node-monitor-period=1s",
            "--kube-api-qps=500", "--kube-api-burst=1000",
        ]  # fmt: skip

    def scheduler(self, kubeconfig: pathlib.Path) -> list[str]:
        """Returns the command of the scheduler."""
        return [program("kube-scheduler"), f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0"]
