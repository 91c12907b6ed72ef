"""The container runtime of a whole node: containerd with runc and the standard network plugins, as Debian has them."""

from __future__ import annotations

import json
import pathlib
import subprocess

from .machine import PODS
from .programs import program

SANDBOX_IMAGE = "localhost/pause:1"


class Containerd:
    """Containerd below one folder."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Takes the folder for its images and sockets."""
        self._folder = folder
        self.socket = folder / "containerd.sock"

    def command(self) -> list[str]:
        """Writes its configuration; returns its command."""
        plugins = self._folder / "network"
        plugins.mkdir(parents=True, exist_ok=True)
        (plugins / "bed.conflist").write_text(json.dumps(self._network()))
        config = self._folder / "config.toml"
        config.write_text(self._configuration(plugins))
        return [program("containerd"), "--config", str(config)]

    def is_ready(self) -> bool:
        """Tells whether it answers."""
        return self.ctr("version").returncode == 0

    def load(self, archive: pathlib.Path) -> None:
        """Puts the images of an OCI archive where the kubelet finds them."""
        done = self.ctr("images", "import", str(archive))
        if done.returncode != 0:
            raise RuntimeError(f"{archive}: {done.stderr}")

    def ctr(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs its command line on the containers and images of Kubernetes."""
        command = [program("ctr"), "--address", str(self.socket), "--namespace", "k8s.io", *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    def _network(self) -> dict[str, object]:
        addresses: dict[str, object] = {
            "type": "host-local",
            "dataDir": str(self._folder / "addresses"),
            "ranges": [[{"subnet": PODS}]],
        }
        addresses["routes"] = [{"dst": "0.0.0.0/0"}]
        bridge = {"type": "bridge", "bridge": "pods", "isGateway": True, "hairpinMode": True, "ipam": addresses}
        ports = {"type": "portmap", "capabilities": {"portMappings": True}}
        return {"cniVersion": "0.4.0", "name": "bed", "plugins": [bridge, ports]}

    def _configuration(self, plugins: pathlib.Path) -> str:
        return f"""
version = 2
root = "{self._folder / "root"}"
state = "{self._folder / "state"}"
[grpc]
  address = "{self.socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{SANDBOX_IMAGE}"
  restrict_oom_score_adj = true # Even root may lack the capability to lower it.
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{plugins}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
"""
