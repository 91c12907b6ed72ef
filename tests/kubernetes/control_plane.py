"""A `leoflow server` whose tasks run in pods of the bed."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
from dataclasses import dataclass, field
from typing import Any

from bed import certificates
from bed.ports import free_ports
from bed.process_node import ProcessNode
from pods import Namespace
from support import BIN, PASSWORD, PYTHON, ROOT, Answer, Lite, eventually

_KEY = "ab" * 32
_HOST = "leoflow.io/host-of-project"
_COMPILED: dict[str, str] = {}
AIRFLOW = next((ROOT / "build/airflow/lib").glob("python3.*/site-packages/airflow"))


def free_address() -> str:
    """Returns an address of this machine that nobody listens on."""
    return f"127.0.0.1:{free_ports(1)[0]}"


@dataclass
class Server(Lite):
    """One control plane; what tests ask of Lite can be asked of it.

    Attributes:
        node: Runs the pods.
        namespace: Where its pods are.
        kubeconfig: Of somebody with the rights that the chart gives.
        database_url: Of a PostgreSQL database.
        settings: Environment variables that it starts with.
    """

    node: ProcessNode | None = None
    namespace: Namespace | None = None
    kubeconfig: pathlib.Path | None = None
    database_url: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    images: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Chooses addresses and makes the keys for agents."""
        self.http, self.grpc, self.metrics = free_address(), free_address(), free_address()
        certificates.make_authority(self.home)
        certificates.make_server(self.home, ["IP:127.0.0.1"])

    @property
    def environment(self) -> dict[str, str]:
        """Returns the environment of the server and of commands that talk to it."""
        return os.environ | {
            "LEOFLOW_HOME": str(self.home),
            "LEOFLOW_DATABASE_URL": self.database_url,
            "LEOFLOW_SERVER_HTTP_ADDR": self.http,
            "LEOFLOW_SERVER_GRPC_ADDR": self.grpc,
            "LEOFLOW_SERVER_METRICS_ADDR": self.metrics,
            "LEOFLOW_SERVER_GRPC_TLS_CERT": str(self.home / "server.crt"),
            "LEOFLOW_SERVER_GRPC_TLS_KEY": str(self.home / "server.key"),
            "LEOFLOW_AUTH_JWT_SECRET": _KEY,
            "LEOFLOW_SECRET_KEY": _KEY,
            "LEOFLOW_BOOTSTRAP_PASSWORD": PASSWORD,
            "LEOFLOW_AIRFLOW_FOLDER": str(AIRFLOW),
            "LEOFLOW_LOGS_DIR": str(self.home / "logs"),
            "LEOFLOW_EXECUTOR_KUBECONFIG": str(self.kubeconfig),
            "LEOFLOW_EXECUTOR_TASK_NAMESPACE": self.namespace.name,
            "LEOFLOW_EXECUTOR_AGENT_CONTROL_PLANE_ADDR": self.grpc,
            "LEOFLOW_EXECUTOR_AGENT_TLS_CA_CONFIGMAP": "leoflow-ca",
            "LEOFLOW_SERVER_URL": self.url,
            "LEOFLOW_TOKEN": self.token,
            **self.settings,
        }

    @property
    def url(self) -> str:
        """Returns the address of the web UI."""
        return f"http://{self.http}"

    def start(self) -> None:
        """Starts the server and logs in."""
        with open(self.home / "server.log", "ab") as log:
            self.process = subprocess.Popen([str(BIN / "leoflow"), "server"], env=self.environment, stdout=log, stderr=log)
        eventually(self.is_healthy, "the server is healthy", 30)
        answers_users = self.settings.get("LEOFLOW_SERVER_ROLE") != "scheduler"
        if answers_users and not self.token:
            self.token = self.log_in()

    def is_healthy(self) -> bool:
        """Tells whether the server answers; fails if it has ended."""
        assert self.process is not None and self.process.poll() is None, (self.home / "server.log").read_text()
        try:
            return self.request("GET", "/readyz").status == 200
        except OSError:
            return False

    def stop(self) -> None:
        """Ends the server in order; its pods go on."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def have_ca(self) -> None:
        """Puts the CA of its certificate where pods find it."""
        self.namespace.add("configmaps", "leoflow-ca", data={"ca.crt": (self.home / "ca.crt").read_text()})

    def push(self, files: dict[str, str], *, project: str = "project", label: str = "v1") -> Answer:
        """Compiles a project and pushes it. For the arguments see `compile`."""
        return self.request("POST", "/api/v2/projects", self.compile(files, project=project, label=label))

    def compile(self, files: dict[str, str], *, project: str = "project", label: str = "v1") -> Any:
        """Compiles a project to an artifact, and gives the node an image with its files.

        Args:
            files: Texts of its files by path.
            project: Its name.
            label: Of the version.
        """
        folder = self.dags / label / project
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        image = f"images.example/{project}:{label}"
        # Not where the server is: Airflow would look for the package of the bucket that logs are in.
        environment = {name: v for name, v in self.environment.items() if not name.startswith("AIRFLOW__LOGGING__")}
        settings = {name: v for name, v in environment.items() if name.startswith("AIRFLOW__")}
        # Many tests have the same project, and what comes out is the same byte for byte: it takes a Python 2 seconds.
        known = json.dumps([files, project, label, settings], sort_keys=True)
        artifact = self.home / f"{project}-{label}.json"
        if known in _COMPILED:
            artifact.write_text(_COMPILED[known])
        else:
            subprocess.run(
                [str(BIN / "leoflow"), "compile", str(folder), "-o", str(artifact), "--dag-version", label, "--image", image],
                env=environment, check=True, capture_output=True, timeout=120,
            )  # fmt: skip
            _COMPILED[known] = artifact.read_text()
        self.have_image(image, folder)
        return json.loads(artifact.read_text())

    def have_image(self, image: str, folder: pathlib.Path) -> None:
        """Has the node run the agent with the files of a folder for this image."""
        work = self.home / "agents"
        entrypoint = [
            str(BIN.resolve() / "leoflow-agent"), "--python", str(PYTHON), "--worker-path", str(ROOT / "python"),
            "--home", "/tmp/leoflow", "--dags", str(folder),
        ]  # fmt: skip
        work.mkdir(exist_ok=True)
        self.images[image] = {"entrypoint": entrypoint, "env": {"HOME": str(work), "LANG": "C.UTF-8"}}
        self.node.have_images(self.images)

    def pods(self) -> list[dict[str, Any]]:
        """Returns the pods of its tasks."""
        return [pod for pod in self._all_pods() if _HOST not in pod["metadata"]["labels"]]

    def hosts(self) -> list[dict[str, Any]]:
        """Returns the pods of its hosts that are not about to go."""
        hosts = [pod["metadata"] for pod in self._all_pods() if _HOST in pod["metadata"]["labels"]]
        return [{"metadata": host} for host in hosts if "deletionTimestamp" not in host]

    def _all_pods(self) -> list[dict[str, Any]]:
        return list(self.namespace.api.get(self.namespace.path("pods"))["items"])
