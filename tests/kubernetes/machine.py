"""A machine with Docker and k3d, where neither can run.

The programs `docker` and `k3d` of this machine are this file under other names. They keep their state in a folder; a
cluster is the bed's: an image that k3d brings to it is what the bed's node runs the agent with. So what is real is
everything but Docker and k3d themselves: which arguments they take was looked up, and is not tried here.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import sys
from dataclasses import dataclass
from typing import Any

_STATE = "LEOFLOW_TEST_MACHINE"


@dataclass(frozen=True)
class Machine:
    """What a test knows of it.

    Attributes:
        folder: With all its state.
    """

    folder: pathlib.Path

    @classmethod
    def make(cls, folder: pathlib.Path, *, kubeconfig: pathlib.Path, images: pathlib.Path, agent: list[str]) -> Machine:
        """Makes a machine that has both programs, and nothing else.

        Args:
            folder: For its state.
            kubeconfig: Of the bed.
            images: The file that tells the bed's node which images there are.
            agent: The command of an agent, without its folder of DAG files.
        """
        (folder / "bin").mkdir(parents=True)
        for name in ("docker", "k3d"):
            program = folder / "bin" / name
            program.write_text(f"#!{sys.executable}\nimport sys; sys.path.insert(0, {str(pathlib.Path(__file__).parent)!r})\n"
                               f"import machine; sys.exit(machine.{name}(sys.argv[1:]))\n")  # fmt: skip
            program.chmod(0o755)
        state = {"kubeconfig": str(kubeconfig), "node_images": str(images), "agent": agent, "clusters": [], "images": {},
                 "containers": [], "calls": []}  # fmt: skip
        (folder / "state.json").write_text(json.dumps(state))
        return cls(folder)

    @property
    def environment(self) -> dict[str, str]:
        """Returns what programs of this machine find in their environment."""
        return {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", _STATE: str(self.folder)}

    def state(self) -> dict[str, Any]:
        """Returns what there is, by kind."""
        return json.loads((self.folder / "state.json").read_text())

    def change(self, **state: Any) -> None:
        """Changes what there is."""
        part = self.folder / f"state.{os.getpid()}"
        part.write_text(json.dumps(self.state() | state))
        part.rename(self.folder / "state.json")

    def calls(self, *beginning: str) -> list[list[str]]:
        """Returns the commands that began so, in their order."""
        return [call for call in self.state()["calls"] if call[: len(beginning)] == list(beginning)]


def _begin(program: str, arguments: list[str]) -> tuple[Machine, dict[str, Any]]:
    machine = Machine(pathlib.Path(os.environ[_STATE]))
    machine.change(calls=[*machine.state()["calls"], [program, *arguments]])
    return machine, machine.state()


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return 1


def docker(arguments: list[str]) -> int:
    """Does what docker does of it."""
    machine, state = _begin("docker", arguments)
    if state.get("daemon") is False:
        return _refuse("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?")
    match arguments:
        case ["version", *_]:
            print("28.5.1")
        case ["image", "inspect", *_, image]:
            return 0 if image in state["images"] else _refuse(f"Error: No such image: {image}")
        case ["image", "ls", "--filter", reference, "--format", "{{.Repository}}:{{.Tag}}"]:
            repository = reference.removeprefix("reference=")
            print("\n".join(image for image in state["images"] if image.startswith(f"{repository}:")))
        case ["image", "rm", image]:
            machine.change(images={one: content for one, content in state["images"].items() if one != image})
        case ["pull", image]:
            machine.change(images=state["images"] | {image: ""})
        case ["build", "--tag", tag, "--file", file, folder]:
            base = pathlib.Path(file).read_text().partition("FROM ")[2].split()[0]
            if base not in state["images"]:
                return _refuse(f"ERROR: failed to solve: {base}: not found")
            content = machine.folder / "layers" / tag.replace("/", "_").replace(":", "_")
            shutil.copytree(folder, content, dirs_exist_ok=True)
            machine.change(images=state["images"] | {tag: str(content)})
        case ["inspect", "--format", _, container]:
            if container not in state["containers"]:
                return _refuse(f"Error: No such object: {container}")
            print("true")
        case ["run", "--detach", "--name", name, *_]:
            machine.change(containers=[*state["containers"], name])
        case ["exec", *_]:
            pass
        case ["rm", "--force", name]:
            machine.change(containers=[one for one in state["containers"] if one != name])
        case ["volume", "rm", "--force", _]:
            pass
        case _:
            return _refuse(f"docker: what is {arguments}?")
    return 0


def k3d(arguments: list[str]) -> int:
    """Does what k3d does of it."""
    machine, state = _begin("k3d", arguments)
    match arguments:
        case ["version"]:
            print("k3d version v5.8.3\nk3s version v1.31.5-k3s1 (default)")
        case ["cluster", "list", "--output", "json"]:
            print(json.dumps([{"name": name} for name in state["clusters"]]))
        case ["cluster", "create", name, *_]:
            machine.change(clusters=[*state["clusters"], name])
        case ["cluster", "delete", name]:
            machine.change(clusters=[one for one in state["clusters"] if one != name])
        case ["image", "import", "--cluster", name, image]:
            if name not in state["clusters"]:
                return _refuse(f"FATA[0000] failed to get cluster {name}: No nodes found for given cluster")
            entrypoint = [*state["agent"], "--dags", state["images"][image]]
            node_images = pathlib.Path(state["node_images"])
            known = json.loads(node_images.read_text()) if node_images.exists() else {}
            known[image] = {"entrypoint": entrypoint, "env": {"HOME": str(machine.folder), "LANG": "C.UTF-8"}}
            part = node_images.with_suffix(".new")
            part.write_text(json.dumps(known))
            part.rename(node_images)
        case ["kubeconfig", "get", _]:
            print(pathlib.Path(state["kubeconfig"]).read_text())
        case _:
            return _refuse(f"k3d: what is {arguments}?")
    return 0
