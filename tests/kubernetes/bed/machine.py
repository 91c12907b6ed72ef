"""A machine within the machine: namespaces of its own for processes, mounts and network.

All that runs in it ends with its first process, and its mounts, interfaces and packet filters go with it. So nothing
has to be put in order afterwards, and what a node does to its machine is not done to this one. Needs root.
"""

from __future__ import annotations

import os
import pathlib
import subprocess

from support import eventually

from .services import Services

HOST = "10.245.0.1"  # This machine, as the inner one knows it.
ADDRESS = "10.245.0.2"
PODS = "10.244.0.0/24"  # The pods of the inner machine.
_NAME = "machine"
_CGROUPS = (pathlib.Path("/sys/fs/cgroup/memory"), pathlib.Path("/sys/fs/cgroup"))


def hindrance() -> str:
    """Returns why there can be no machine within this one, as in most containers; nothing if there can."""
    if os.geteuid() != 0:
        return "this is not root"
    groups = next(folder for folder in _CGROUPS if folder.is_dir())
    try:
        (groups / "leoflow-probe").mkdir()
        (groups / "leoflow-probe").rmdir()
    except OSError as error:
        return f"cgroups cannot be made: {error}"
    script = "mount --make-rshared / && ip link add probe0 type veth peer name probe1 && iptables --table nat --list >/dev/null"
    probe = ["unshare", "--mount", "--pid", "--net", "--fork", "--mount-proc", "sh", "-c", script]
    return subprocess.run(probe, capture_output=True, text=True).stderr.strip()


class Machine:
    """The inner machine of one bed; there can be one on a machine, for its addresses are fixed."""

    def __init__(self, services: Services) -> None:
        """Takes the services of the bed, of which its first process is one."""
        self._services = services

    def start(self) -> None:
        """Starts it, with a network between it and this machine.

        Raises:
            PermissionError: this is not root.
        """
        if os.geteuid() != 0:
            raise PermissionError("a whole node needs root")
        # The first process adopts orphans. It ignores their ends, so the kernel forgets them at once.
        first = ["env", "--ignore-signal=CHLD", "sleep", "infinity"]
        spaces = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child=KILL", "--mount-proc"]
        interface = pathlib.Path("/sys/class/net/bed0")
        eventually(lambda: not interface.exists(), "no other bed has a whole node", 10)
        self._services.run(_NAME, spaces + first)
        eventually(self._is_made, "the inner machine is made", 10)
        _run("ip", "link", "add", "bed0", "type", "veth", "peer", "name", "eth0", "netns", str(self._pid()))
        _run("ip", "address", "add", f"{HOST}/30", "dev", "bed0")
        _run("ip", "link", "set", "bed0", "up")
        _run("ip", "route", "add", PODS, "via", ADDRESS)
        script = f"""
            mount --make-rshared /
            ip link set lo up
            ip address add {ADDRESS}/30 dev eth0
            ip link set eth0 up
            ip route add default via {HOST}
            echo 1 >/proc/sys/net/ipv4/ip_forward
        """
        _run(*self.inside("sh", "-euc", script))

    def inside(self, *command: str) -> list[str]:
        """Returns the command that runs another in the inner machine, and has it killed when it is killed itself."""
        pid = self._pid()
        enter = ["nsenter", f"--target={pid}", "--mount", "--net", f"--pid=/proc/{pid}/ns/pid_for_children"]
        return [*enter, "--", "setpriv", "--pdeathsig", "KILL", "--", *command]

    def _pid(self) -> int:
        return self._services.pid(_NAME)

    def _is_made(self) -> bool:
        """Tells whether its first process runs, for which all namespaces are made."""
        children = pathlib.Path(f"/proc/{self._pid()}/task/{self._pid()}/children").read_text().split()
        return any(pathlib.Path(f"/proc/{child}/comm").read_text() == "sleep\n" for child in children)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
