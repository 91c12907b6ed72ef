"""Systems that run tasks in pods of the tests' Kubernetes."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Mapping

from airflow_system import TUNED, Airflow, install
from bed.bed import Bed
from bed.kubeconfig import Access
from bed.process_node import ProcessNode
from chart import WARM, apply_rights
from control_plane import Server
from pods import Namespace
from postgres import Postgres
from support import ROOT, Answer

PACKAGES = ROOT / "build/bench-airflow-kubernetes"


class LeoflowInPods:
    """`leoflow server`, with the rights that the chart gives it."""

    name = "leoflow"
    namespace = "bench-leoflow"
    settings: Mapping[str, str] = {}
    values: Mapping[str, object] = {}

    def __init__(self, folder: pathlib.Path, bed: Bed, node: ProcessNode, postgres: Postgres) -> None:
        """Makes it, not started."""
        folder.mkdir()
        self.access = Access.read(bed.kubeconfig)
        self.marks = str(folder / "marks")
        place = Namespace.make(bed.api, self.namespace)
        rights = apply_rights(bed.kubeconfig, bed.api, self.namespace, folder / "kubeconfig", dict(self.values))
        self._server = Server(home=folder, dags=folder / "dags", node=node, namespace=place, kubeconfig=rights,
                              database_url=postgres.url("leoflow"), settings=dict(self.settings))  # fmt: skip
        self._versions = 0

    def start(self) -> None:
        """Starts the server."""
        self._server.have_ca()
        self._server.set_up()
        self._server.start()

    def stop(self) -> None:
        """Ends it."""
        self._server.stop()

    def prepare(self, source: str) -> object:
        """Compiles an artifact."""
        self._versions += 1
        return self._server.compile({"dag.py": source}, label=f"v{self._versions}")

    def hand_over(self, prepared: object) -> None:
        """Pushes it."""
        assert self._server.request("POST", "/api/v2/projects", prepared).status == 201

    def request(self, method: str, path: str, body: object = None) -> Answer:
        """Sends a request to its REST API."""
        return self._server.request(method, path, body)


class LeoflowInWarmPods(LeoflowInPods):
    """The same, with pods that stay after their attempts."""

    name = "leoflow-warm"
    namespace = "bench-leoflow-warm"
    settings = {"LEOFLOW_EXECUTOR_WARM_PODS": "true"}
    values = WARM


class AirflowInPods:
    """Airflow with KubernetesExecutor, tuned."""

    name = "airflow"
    namespace = "bench-airflow"

    def __init__(self, folder: pathlib.Path, bed: Bed, node: ProcessNode, postgres: Postgres) -> None:
        """Makes it, not started."""
        (folder / "dags").mkdir(parents=True)
        install(PACKAGES, ["apache-airflow-providers-cncf-kubernetes"])
        self.access = Access.read(bed.kubeconfig)
        self.marks = str(folder / "marks")
        Namespace.make(bed.api, self.namespace)
        self._airflow = Airflow(home=folder, dags=folder / "dags", packages=PACKAGES, postgres=postgres)
        template = folder / "pod.json"
        container = {"name": "base", "image": "airflow", "imagePullPolicy": "IfNotPresent"}
        template.write_text(json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "task"},
                                        "spec": {"restartPolicy": "Never", "containers": [container]}}))  # fmt: skip
        self._airflow.settings = TUNED | {
            "AIRFLOW__CORE__EXECUTOR": "KubernetesExecutor",
            "AIRFLOW__KUBERNETES_EXECUTOR__NAMESPACE": self.namespace,
            "AIRFLOW__KUBERNETES_EXECUTOR__IN_CLUSTER": "False",
            "AIRFLOW__KUBERNETES_EXECUTOR__CONFIG_FILE": str(bed.kubeconfig),
            "AIRFLOW__KUBERNETES_EXECUTOR__POD_TEMPLATE_FILE": str(template),
            "AIRFLOW__KUBERNETES_EXECUTOR__WORKER_CONTAINER_REPOSITORY": "airflow",
            "AIRFLOW__KUBERNETES_EXECUTOR__WORKER_CONTAINER_TAG": "bench",
            "AIRFLOW__KUBERNETES_EXECUTOR__WORKER_PODS_CREATION_BATCH_SIZE": "16",
        }
        self._node = node

    def start(self) -> None:
        """Starts scheduler, API server and DAG processor."""
        self._airflow.postgres.start = lambda: None  # it runs already
        self._airflow.set_up()
        known = os.environ
        of_pods = {name: value for name, value in self._airflow.environment.items() if name not in known or name == "PATH"}
        of_pods["AIRFLOW__CORE__EXECUTOR"] = "LocalExecutor"
        self._node.have_images({"airflow:bench": {"entrypoint": [], "env": of_pods | {"LANG": "C.UTF-8"}}})
        self._airflow.start()

    def stop(self) -> None:
        """Ends it."""
        self._airflow.stop()
        self._node.have_every_image()

    def prepare(self, source: str) -> object:
        """Files are taken as they are."""
        return source

    def hand_over(self, prepared: object) -> None:
        """Replaces the file."""
        self._airflow.write_dag("dag.py", str(prepared))

    def request(self, method: str, path: str, body: object = None) -> Answer:
        """Sends a request to its REST API."""
        return self._airflow.request(method, path, body)
