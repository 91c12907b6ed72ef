"""What an administrator does with a new cluster: install, push, trigger, upgrade, roll back, uninstall."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from bed.bed import Bed
from bed.database import Database
from bed.machine import ADDRESS, HOST
from bed.programs import program
from bed.redis import Redis
from bed.whole_node import NAME as NODE
from chart import CHART, RELEASE, run
from images import REPOSITORY, project_archive, server_archive
from playwright.sync_api import expect, sync_playwright
from pods import Namespace
from support import PASSWORD, ROOT, USER, Lite, eventually

sys.path.append(str(ROOT / "tests/browser"))
from visitor import BADGES, Visitor  # noqa: E402

# The first time the images are made.
pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="a whole node needs root"), pytest.mark.timeout(1200)]

IMAGE = "localhost/projects:1"
GOLD = "rgb(217, 171, 58)"
TASKS = f"leoflow.io/instance={RELEASE}"
# A task that ends when a test says so.
WAITS = """
import pathlib, time
from airflow.sdk import dag, task

@dag(schedule=None)
def waits():
    @task
    def wait():
        print("it waits", flush=True)
        while not pathlib.Path("/tmp/go-on").exists():
            time.sleep(0.1)
    wait()
waits()
"""


@dataclass
class Install(Lite):
    """Leoflow in a cluster; what tests ask of Lite can be asked of it.

    Attributes:
        bed: The cluster.
        namespace: Where all of it is.
        http: Address of its UI.
        database: What it has beside the cluster.
        redis: Likewise.
    """

    bed: Bed | None = None
    namespace: Namespace | None = None
    http: str = ""
    database: Database | None = None
    redis: Redis | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Returns the environment of commands that talk to it."""
        return os.environ | {
            "LEOFLOW_HOME": str(self.home),
            "LEOFLOW_SERVER_URL": self.url,
            "LEOFLOW_TOKEN": self.token,
        }

    @property
    def url(self) -> str:
        """Returns the address of the web UI."""
        return f"http://{self.http}"

    def helm(self, *arguments: str | pathlib.Path) -> str:
        """Runs Helm on the namespace; fails with what the pods say."""
        try:
            return run("helm", "--kubeconfig", self.bed.kubeconfig, "--namespace", self.namespace.name, *arguments)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.pods_text()}") from None

    def kubectl(self, *arguments: str) -> str:
        """Runs kubectl on the namespace."""
        return run("kubectl", "--kubeconfig", self.bed.kubeconfig, "--namespace", self.namespace.name, *arguments)

    def install(self) -> None:
        """Installs the chart as its README says, and logs in."""
        secret = "leoflow-secrets"
        self.helm(
            "install", RELEASE, CHART, "--wait", "--timeout", "100s",
            "--set", f"database.existingSecret={secret},auth.existingSecret={secret}",
            "--set", f"secretKeyExistingSecret={secret},bootstrap.existingSecret={secret}",
            "--set", f"redis.existingSecret={secret},agentTLS.mutual=true",
            "--set", f"image.repository={REPOSITORY}/server,image.pullPolicy=Never",
            "--set", "config.edition=pro,service.type=NodePort,logs.persistence.storageClass=by-hand",
            # One that not every user may listen on.
            "--set", "ports.metrics=90",
        )  # fmt: skip
        [port] = [port for port in self.namespace.find("services", RELEASE)["spec"]["ports"] if port["name"] == "http"]
        self.http = f"{ADDRESS}:{port['nodePort']}"
        eventually(self.answers, "the UI answers", 30)
        self.token = ""
        self.token = self.log_in()

    def answers(self) -> bool:
        """Tells whether it answers."""
        try:
            return self.request("GET", "/api/v2/monitor/health").status == 200
        except OSError:
            return False

    def task_pods(self, task: str) -> list[dict[str, Any]]:
        """Returns the pods of the tries of a task, the ended ones as well."""
        pods = self.namespace.api.get(self.namespace.path("pods"), labelSelector=f"leoflow.io/task-id={task}")
        return list(pods["items"])

    def pods_text(self) -> str:
        """Returns what there is to know about the pods when something went wrong."""
        pods = self.kubectl("get", "pods", "--output=wide")
        logs = subprocess.run(
            [program("kubectl"), "--kubeconfig", self.bed.kubeconfig, "-n", self.namespace.name, "logs",
             f"deployment/{RELEASE}", "--tail=30"], capture_output=True, text=True)  # fmt: skip
        return f"{pods}{self.kubectl('describe', 'pods')[-3000:]}{logs.stdout}{logs.stderr}"


@pytest.fixture(scope="module")
def install(whole: Bed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """Gives an install, with what an administrator brings: images, PostgreSQL, Redis, secrets, a disk, the project `hello`."""
    folder = tmp_path_factory.mktemp("install")
    waits = folder / "waits.py"
    waits.write_text(WAITS)
    files = {"dag.py": ROOT / "dags/hello/dag.py", "waits.py": waits}
    for archive in (server_archive(), project_archive(IMAGE, files)):
        whole.load(archive)
    # Not below the folder of pytest, which other users may not enter.
    for_database = pathlib.Path(tempfile.mkdtemp(prefix="leoflow-pg."))
    database = Database(whole.services, for_database)
    database.start()
    redis = Redis(whole.services, HOST)
    redis.start()
    namespace = Namespace.make(whole.api, "leoflow")
    restricted = {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}
    whole.api.patch("/api/v1/namespaces/leoflow", {"metadata": restricted})
    keys = {"jwt-secret": "j" * 64, "secret-key": "ab" * 32, "bootstrap-password": PASSWORD}
    namespace.add("secrets", "leoflow-secrets", stringData=keys | {"database-url": database.url, "redis-url": redis.url})
    have_disk(whole, folder / "disk")
    made = Install(home=folder / "home", dags=folder, bed=whole, namespace=namespace, database=database,
                   redis=redis)  # fmt: skip
    made.home.mkdir()
    made.set_up()
    made.install()
    push(made, "hello", ROOT / "dags/hello")
    push(made, "waits", waits)
    yield made
    namespace.delete()
    whole.api.delete("/api/v1/persistentvolumes/logs")
    redis.stop()
    database.stop()
    shutil.rmtree(for_database)


def have_disk(whole: Bed, folder: pathlib.Path) -> None:
    """Gives the node a disk for logs, as an administrator without a provisioner does."""
    folder.mkdir()
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE]}
    spec = {
        "capacity": {"storage": "50Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "by-hand",
        "local": {"path": str(folder)},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
    }
    whole.api.create("/api/v1/persistentvolumes", {"metadata": {"name": "logs"}, "spec": spec})


def push(install: Install, project: str, path: pathlib.Path) -> None:
    """Compiles and pushes on the command line."""
    artifact = str(install.home / f"{project}.json")
    install.command("compile", str(path), "--image", IMAGE, "--dag-version", "v1", "-o", artifact)
    install.command("push", artifact)


def run_hello(install: Install) -> str:
    """Triggers `hello`, waits for its success; returns the run."""
    run_id = install.trigger("hello")
    install.await_run("hello", run_id, seconds=240)
    return run_id


def await_line(install: Install, run_id: str, task: str, line: str) -> None:
    """Waits until the log of a task of `hello` has a line: its end may come after the end of the run."""
    eventually(lambda: line in str(install.log("hello", run_id, task)), f"the log of {task} has '{line}'", 30)


def test_it_stands_on_postgresql_15_and_redis_7(install: Install) -> None:
    assert install.database.version().startswith("15.")
    assert install.redis.version().startswith("7.")
    wrong = {"username": "nobody", "password": "wrong"}
    assert install.request("POST", "/auth/token", wrong).status == 401
    assert "login:" in install.redis.ask("KEYS", "leoflow:*"), install.pods_text()


def test_a_pushed_project_runs_and_its_logs_are_shown_below_the_gold_badge(install: Install) -> None:
    run_id = run_hello(install)
    await_line(install, run_id, "choose", "today we greet world")
    await_line(install, run_id, "shout", "HELLO, WORLD!")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        visitor = Visitor(chromium, install.url)
        page = visitor.page
        visitor.open("")
        page.fill("input[name=username]", USER)
        page.fill("input[name=password]", PASSWORD)
        page.click("button[type=submit]")
        expect(page.get_by_test_id("nav-sidebar")).to_be_visible(timeout=60_000)
        visitor.open(f"dags/hello/runs/{run_id}/tasks/choose")
        expect(page.get_by_text("today we greet world")).to_be_visible(timeout=30_000)
        badges = page.evaluate(BADGES)
        assert '"Pro"' in badges
        assert GOLD in badges
        visitor.shot("first-install")
        chromium.close()
    assert not visitor.wrong


def test_an_upgrade_migrates_first_and_changes_a_value_and_a_running_task_survives_it_and_a_rollback_changes_it_back(
    install: Install,
) -> None:
    run_id = install.trigger("waits")
    eventually(lambda: "it waits" in str(install.log("waits", run_id, "wait")), "the task runs", 120)
    [pod] = install.task_pods("wait")
    install.helm(
        "upgrade", RELEASE, CHART, "--reuse-values", "--set", "executor.deletePods=false,migrations.hook=true", "--wait"
    )
    [job] = json.loads(install.helm("status", RELEASE, "--output", "json"))["hooks"]
    assert (job["name"], job["last_run"]["phase"]) == (f"{RELEASE}-migrate", "Succeeded")
    eventually(install.answers, "the UI answers", 30)
    assert install.run_state("waits", run_id) == "running"
    install.kubectl("exec", pod["metadata"]["name"], "--", "touch", "/tmp/go-on")
    install.await_run("waits", run_id)
    assert install.task_instances("waits", run_id)["wait"]["try_number"] == 1
    # The changed value: a pod that ended well stays. The tasks after it take longer than its deletion would.
    run_hello(install)
    [kept] = install.task_pods("choose")
    assert kept["status"]["phase"] == "Succeeded"

    install.helm("rollback", RELEASE, "1", "--wait")
    eventually(install.answers, "the UI answers", 30)
    run_hello(install)
    is_kept = {kept["metadata"]["uid"]}.issuperset
    eventually(lambda: is_kept(pod["metadata"]["uid"] for pod in install.task_pods("choose")), "others are deleted", 30)
    install.kubectl("delete", "pods", "--selector", TASKS)


def test_an_uninstall_leaves_secrets_logs_and_the_database_and_the_next_install_finds_them(install: Install) -> None:
    run_id = run_hello(install)
    eventually(lambda: not install.namespace.api.get(install.namespace.path("pods"), labelSelector=TASKS)["items"],
               "pods that ended well are deleted", 30)  # fmt: skip
    install.helm("uninstall", RELEASE, "--wait", "--timeout", "60s")
    eventually(lambda: not install.kubectl("get", "pods", "--output=name"), "the server ends", 40)
    kinds = "all,configmaps,secrets,serviceaccounts,roles,rolebindings,persistentvolumeclaims"
    left = install.kubectl("get", kinds, "--output=name")
    assert {name for name in left.split() if "leoflow" in name} == {
        "secret/leoflow-secrets",
        "persistentvolumeclaim/leoflow-logs",
    }, left
    assert "leoflow" not in install.kubectl("get", "clusterroles,clusterrolebindings", "--output=name")

    install.install()
    assert install.run_state("hello", run_id) == "success"
    await_line(install, run_id, "choose", "today we greet world")
