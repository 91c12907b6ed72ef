"""The bed itself: a control plane that can break, comes back, and leaves nothing behind."""

from __future__ import annotations

import pathlib
import signal
import subprocess
import sys

import pytest
from bed.bed import Bed
from pods import Namespace, wait_for_file
from support import eventually

pytestmark = pytest.mark.usefixtures("node")


@pytest.mark.parametrize("part", ["kube-apiserver", "etcd"])
def test_an_outage_of_the_api_ends_and_nothing_is_lost(
    control_plane: Bed, namespace: Namespace, tmp_path: pathlib.Path, part: str
) -> None:
    namespace.run("goes-on", wait_for_file(tmp_path / "go"))
    namespace.await_running("goes-on")
    control_plane.stop(part)
    try:
        eventually(lambda: not control_plane.is_ready(), "the outage is felt", 30)
        (tmp_path / "go").touch()
    finally:
        control_plane.start(part)
    assert namespace.end("goes-on") == ("Succeeded", 0, "Completed")


def test_pods_are_scheduled_and_jobs_controlled(namespace: Namespace) -> None:
    namespace.run("homeless", "exit 0", nodeSelector={"no-such": "label"})
    template = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "any", "command": ["true"]}]}
    jobs = f"/apis/batch/v1/namespaces/{namespace.name}/jobs"
    namespace.api.create(jobs, {"metadata": {"name": "job"}, "spec": {"template": {"spec": template}}})
    eventually(lambda: namespace.api.get(f"{jobs}/job")["status"].get("succeeded") == 1, "the job succeeds", 30)
    (condition,) = eventually(lambda: namespace.status("homeless").get("conditions"), "the scheduler has looked", 30)
    assert (condition["type"], condition["reason"]) == ("PodScheduled", "Unschedulable")


def test_a_bed_ends_with_the_process_that_started_it(tmp_path: pathlib.Path) -> None:
    script = """
import pathlib, sys, time
from bed.bed import Bed
from pods import Namespace
bed = Bed(pathlib.Path(sys.argv[1]))
bed.start_control_plane()
bed.start_process_node()
namespace = Namespace.make(bed.api, "test")
namespace.run("stays", "sleep 1235 & exec sleep 1234")
namespace.await_running("stays")
print("up", flush=True)
time.sleep(600)
"""
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{script}", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout.readline() == "up\n"
        assert len(using(tmp_path)) == 7  # etcd, three of Kubernetes, the kubelet, two of the pod
        starter.send_signal(signal.SIGKILL)
    eventually(lambda: not using(tmp_path), "all of it has ended", 30)


def using(folder: pathlib.Path) -> list[str]:
    """Returns the processes that have a folder in their command or work in it, but not the one that began."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if "Namespace.make" not in command and (
                str(folder) in command or (process / "cwd").readlink().is_relative_to(folder)
            ):
                found.append(command)
        except OSError:
            continue
    return found
