"""The commands of a whole node's kubelet, kube-proxy and CoreDNS."""

from __future__ import annotations

import json
import pathlib

from .containerd import Containerd
from .machine import ADDRESS, PODS
from .programs import program

NAME = "whole-node"


def kubelet(folder: pathlib.Path, kubeconfig: pathlib.Path, containerd: Containerd) -> list[str]:
    """Writes the configuration of the kubelet; returns its command."""
    folder.mkdir(exist_ok=True)
    config = folder / "config.json"
    config.write_text(
        json.dumps(
            {
                "apiVersion": "kubelet.config.k8s.io/v1beta1",
                "kind": "KubeletConfiguration",
                "address": ADDRESS,
                "healthzPort": 0,
                # Nobody but this machine can reach it.
                "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
                "authorization": {"mode": "AlwaysAllow"},
                "containerRuntimeEndpoint": f"unix://{containerd.socket}",
                "cgroupDriver": "cgroupfs",
                "failCgroupV1": False,
                "failSwapOn": False,
                "enforceNodeAllocatable": [],
                # An image that was loaded is not to be pulled again under its other name.
                "imagePullCredentialsVerificationPolicy": "NeverVerify",
                "imageGCHighThresholdPercent": 100,
                "clusterDNS": [ADDRESS],
                "clusterDomain": "cluster.local",
                "nodeStatusUpdateFrequency": "2s",
                "nodeLeaseDurationSeconds": 8,
                "evictionHard": {"memory.available": "100Mi"},
                "podLogsDir": str(folder / "logs"),
            },
            indent=1,
        )
    )
    return [
        program("kubelet"), f"--config={config}", f"--kubeconfig={kubeconfig}", f"--root-dir={folder / 'root'}",
        f"--cert-dir={folder / 'keys'}", f"--hostname-override={NAME}", f"--node-ip={ADDRESS}",
    ]  # fmt: skip


def coredns(folder: pathlib.Path, kubeconfig: pathlib.Path) -> list[str]:
    """Writes the configuration of CoreDNS, which answers pods at the node's address; returns its command.

    It knows the cluster's names only: a whole node has no other network.
    """
    folder.mkdir(exist_ok=True)
    config = folder / "Corefile"
    config.write_text(f"""\
.:53 {{
    bind {ADDRESS}
    errors
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {kubeconfig} bed
    }}
}}
""")
    return [program("coredns"), "-conf", str(config)]


def kube_proxy(kubeconfig: pathlib.Path) -> list[str]:
    """Returns the command of kube-proxy. The size of the connection table belongs to this machine: it is left alone."""
    return [
        program("kube-proxy"), f"--kubeconfig={kubeconfig}", f"--hostname-override={NAME}", "--proxy-mode=iptables",
        f"--cluster-cidr={PODS}", "--conntrack-max-per-core=0",
    ]  # fmt: skip
