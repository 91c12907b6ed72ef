"""Lite and Demo with a cluster on this machine, where Docker and k3d are played (`machine.py`) and the cluster is the bed."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from bed.bed import Bed
from bed.process_node import ProcessNode
from control_plane import AIRFLOW
from machine import Machine
from support import BIN, PASSWORD, PYTHON, ROOT, Lite, eventually

PROJECT = {
    "dag.py": """
from airflow.sdk import dag, task
from shared_words import WORD

@dag(schedule=None)
def moving():
    @task
    def first(): return WORD
    @task
    def second(word): print(f"it says {word}")
    second(first())
moving()
""",
    "shared_words.py": "WORD = 'one'\n",
}


@pytest.fixture
def folder() -> Iterator[pathlib.Path]:
    """Gives a folder that is not below /tmp, where pods have a volume of their own."""
    made = pathlib.Path(tempfile.mkdtemp(prefix="k3d-", dir=ROOT / "build/kubernetes"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def machine(control_plane: Bed, node: ProcessNode, folder: pathlib.Path) -> Iterator[Machine]:
    """Gives a machine with Docker and k3d, and without a cluster."""
    agent = [str(BIN.resolve() / "leoflow-agent"), "--python", str(PYTHON), "--worker-path", str(ROOT / "python"),
             "--home", "/tmp/leoflow"]  # fmt: skip
    yield Machine.make(
        folder / "machine", kubeconfig=control_plane.kubeconfig, images=node.images_file, agent=agent
    )
    node.have_every_image()


@dataclass
class InPods(Lite):
    """Lite with tasks in pods."""

    machine: Machine | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Returns the environment of every command of this install."""
        pods_reach_us = {"LEOFLOW_EXECUTOR_AGENT_CONTROL_PLANE_ADDR": f"127.0.0.1:{self.port + 1011}"}
        return super().environment | self.machine.environment | pods_reach_us


@pytest.fixture
def lite(machine: Machine, folder: pathlib.Path) -> Iterator[InPods]:
    """Gives an install whose tasks would run in pods, not started."""
    made = InPods(home=folder / "home", dags=folder / "dags", machine=machine, arguments=["--executor=k3d"])
    made.home.mkdir()
    for name, text in PROJECT.items():
        made.write_dag(f"moving/{name}", text)
    made.set_up()
    yield made
    made.stop()


def said(lite: Lite, run_id: str, task: str, attempt: int = 1) -> list[str]:
    """Returns what a task of the project logged."""
    return [line["event"] for line in lite.log("moving", run_id, task, attempt)]


def await_word(lite: Lite, run_id: str, word: str) -> None:
    """Waits until the log of the second task has a line; the end of a log comes a moment after the task's."""
    eventually(lambda: word in said(lite, run_id, "second"), f"the log says '{word}'")


def test_provisioning_says_what_it_would_do_asks_and_makes_it_once(lite, machine):
    dry = lite.command("lite", "provision", "--dry-run")
    assert "1. make the cluster 'leoflow-dev' with k3d" in dry.stdout
    assert "2. build the image leoflow/task:" in dry.stdout
    assert machine.state()["clusters"] == []

    unasked = lite.command("lite", "provision", check=False)
    assert unasked.returncode == 2
    assert "say --yes" in unasked.stderr
    assert machine.state()["clusters"] == []

    base = dry.stdout.partition("build the image ")[2].split()[0]
    machine.change(images={base: ""})  # built from source it would take minutes
    done = lite.command("lite", "provision", "--yes")
    assert "== make the cluster 'leoflow-dev' with k3d" in done.stderr
    assert machine.state()["clusters"] == ["leoflow-dev"]
    assert (lite.home / "dev/leoflow_dev.db").exists()

    again = lite.command("lite", "provision")
    assert "Everything is there." in again.stdout
    assert len(machine.calls("k3d", "cluster", "create")) == 1


def test_provisioning_says_what_only_people_can_do(lite, machine):
    machine.change(daemon=False)
    refused = lite.command("lite", "provision", "--yes", check=False)
    assert refused.returncode == 6
    assert "Cannot connect to the Docker daemon" in refused.stderr
    assert "start its daemon" in refused.stderr
    assert machine.state()["clusters"] == []


def provision(lite: InPods, machine: Machine) -> None:
    """Has everything made, with a task image that is there already."""
    base = lite.command("lite", "provision", "--dry-run").stdout.partition("build the image ")[2].split()[0]
    machine.change(images={base: ""})
    lite.command("lite", "provision", "--yes")


def test_without_a_cluster_it_says_how_to_get_one(lite):
    refused = lite.command("lite", str(lite.dags), "--executor=k3d", "--port", str(lite.port), check=False)
    assert refused.returncode == 6
    assert "there is no cluster 'leoflow-dev': `leoflow lite provision` makes it" in refused.stderr


def test_tasks_run_in_pods_and_a_changed_file_is_in_the_next_ones(lite, machine):
    provision(lite, machine)
    lite.start()
    lite.await_dag("moving")
    run = lite.trigger("moving")
    lite.await_run("moving", run)
    await_word(lite, run, "it says one")
    with urllib.request.urlopen(f"http://127.0.0.1:{lite.port + 1010}/metrics") as page:
        assert "leoflow_pods_created_total 2\n" in page.read().decode()
    assert len(machine.calls("k3d", "image", "import")) == 1, "both tasks ran in one image"

    lite.write_dag("moving/shared_words.py", "WORD = 'two'\n")
    run = lite.trigger("moving")
    lite.await_run("moving", run)
    await_word(lite, run, "it says two")
    assert len(machine.calls("k3d", "image", "import")) == 2
    made = [image for image in machine.state()["images"] if image.startswith("leoflow-dev/")]
    assert len(made) == 1, "Docker keeps none but the newest"


def test_settings_of_pods_hold_in_lite_too_airflows_and_the_projects(lite, machine, folder, control_plane, monkeypatch):
    lite.write_dag("moving/leoflow.yaml", "tasks:\n  second: {resources: {memory: 300Mi}}\n")
    template = folder / "pod.yaml"
    template.write_text("{kind: Pod, metadata: {labels: {team: writers}}, spec: {containers: [{name: base}]}}")
    settings = {"NAMESPACE": "writing", "POD_TEMPLATE_FILE": str(template), "DELETE_WORKER_PODS": "False"}
    for name, value in settings.items():
        monkeypatch.setenv(f"AIRFLOW__KUBERNETES_EXECUTOR__{name}", value)
    provision(lite, machine)
    lite.start()
    lite.await_dag("moving")
    lite.await_run("moving", lite.trigger("moving"))
    pods = control_plane.api.get("/api/v1/namespaces/writing/pods")["items"]
    assert [pod["metadata"]["labels"]["team"] for pod in pods] == ["writers"] * 2
    memory = {
        pod["metadata"]["annotations"]["task_id"]: pod["spec"]["containers"][0]["resources"].get("requests", {}).get("memory")
        for pod in pods
    }
    assert memory == {"first": None, "second": "300Mi"}
    control_plane.api.delete("/api/v1/namespaces/writing")


def test_a_task_whose_image_cannot_be_made_fails_with_the_reason_in_its_log(lite, machine):
    provision(lite, machine)
    lite.start()
    lite.await_dag("moving")
    machine.change(images={})
    run = lite.trigger("moving")
    lite.await_run("moving", run, "failed")
    why = "its image cannot be made: `docker build"
    eventually(lambda: any(why in line for line in said(lite, run, "first")), "the log says why")


@dataclass
class Demo(Lite):
    """`leoflow demo up`."""

    machine: Machine | None = None
    database: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """Returns the environment of every command of this install."""
        return os.environ | self.machine.environment | {
            "LEOFLOW_HOME": str(self.home),
            "LEOFLOW_DATABASE_URL": self.database,
            "LEOFLOW_BOOTSTRAP_PASSWORD": PASSWORD,
            "LEOFLOW_AIRFLOW_FOLDER": str(AIRFLOW),
            "LEOFLOW_EXECUTOR_AGENT_CONTROL_PLANE_ADDR": "127.0.0.1:9091",
            "LEOFLOW_SERVER_URL": self.url,
            "LEOFLOW_TOKEN": self.token,
        }  # fmt: skip

    def start(self) -> None:
        """Starts it and logs in."""
        with open(self.home / "server.log", "ab") as log:
            command = [str(BIN / "leoflow"), "demo", "up", "--yes"]
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        eventually(self.is_healthy, "the demo is healthy", 30)
        self.token = self.log_in()


def test_settings_of_servers_that_would_have_no_effect_are_refused(lite, demo, machine):
    provision(lite, machine)
    for one, command, setting, value in (
        (lite, ["lite", "--executor=k3d", str(lite.dags)], "LEOFLOW_EXECUTOR_WARM_PODS", "true"),
        (demo, ["demo", "up", "--yes"], "LEOFLOW_SERVER_ROLE", "api"),
    ):
        refused = subprocess.run(
            [BIN / "leoflow", *command], env=one.environment | {setting: value}, capture_output=True, text=True, timeout=60
        )
        assert refused.returncode == 2, refused.stderr
        assert f"{setting} is set, but " in refused.stderr
    assert machine.state()["clusters"] == ["leoflow-dev"]


def database() -> str:
    """Returns the URL of a database that is not there yet."""
    url = os.environ["LEOFLOW_TEST_POSTGRES"]
    at = url.index("?")
    return f"{url[:at]}leoflow_{uuid.uuid4().hex[:8]}{url[at:]}"


@pytest.fixture
def demo(machine: Machine, folder: pathlib.Path) -> Iterator[Demo]:
    """Gives a demo with the ports that it has by itself, not started."""
    made = Demo(home=folder / "demo", dags=folder / "demo/dags", port=8080, machine=machine, database=database())
    made.home.mkdir()
    yield made
    made.stop()


def test_lite_and_demo_run_on_one_host_and_a_project_moves_from_lite_to_demo_to_pro_unchanged(
    lite, demo, machine, folder, make_server
):
    lite.port, lite.arguments = 8088, ["--executor=subprocess"]  # with the ports that it has by itself
    base = lite.command("lite", "provision", "--dry-run").stdout.partition("build the image ")[2].split()[0]
    machine.change(images={base: ""})
    lite.start()
    demo.start()
    assert machine.state()["clusters"] == ["leoflow-demo"]
    assert demo.get("/ui/config")["instance_name"] == "Leoflow"
    # The port for agents is opened by who leads, a moment after the server is well.
    for port in (8080, 9091, 9090, 8088, 9099, 9098):
        eventually(lambda port=port: not _is_free(port), f"{port} is listened on")

    lite.await_dag("moving")
    run = lite.trigger("moving")
    lite.await_run("moving", run)
    assert demo.get("/api/v2/dags")["total_entries"] == 0

    project, image, artifact = lite.dags / "moving", "leoflow-demo/moving:v1", folder / "moving.json"
    lite.command("build", str(project), "--builder", "docker", "--tag", image, "--base-image", base)
    subprocess.run(["k3d", "image", "import", "--cluster", "leoflow-demo", image], env=demo.environment, check=True)
    lite.command("compile", str(project), "-o", str(artifact), "--dag-version", "v1", "--image", image)
    demo.command("push", str(artifact))
    _runs(demo)
    assert lite.get("/api/v2/dags/moving/dagRuns")["total_entries"] == 1

    pro = make_server(LEOFLOW_UI_EDITION="pro")
    pro.have_image(image, project)
    assert pro.request("POST", "/api/v2/projects", json.loads(artifact.read_text())).status == 201
    _runs(pro)
    hashes = {one.get("/api/v2/projects/moving/versions")["versions"][0]["content_hash"] for one in (demo, pro)}
    assert hashes == {json.loads(artifact.read_text())["content_hash"]}

    demo.stop()
    assert "delete the cluster 'leoflow-demo'" in demo.command("demo", "down", "--dry-run").stdout
    demo.command("demo", "down", "--yes")
    assert machine.state()["clusters"] == []
    assert not (demo.home / "demo").exists()
    assert lite.is_healthy()


def _runs(server: Lite) -> None:
    run = server.trigger("moving")
    server.await_run("moving", run)
    await_word(server, run, "it says one")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
