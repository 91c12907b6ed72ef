"""`leoflow deploy`: from files to a run in pods, through a real registry."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
from collections.abc import Iterator

import pytest
from registry import Registry, running
from support import BIN

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="buildah without root needs user namespaces")

DAG = """
from airflow.sdk import dag, task

@dag(schedule=None)
def sales():
    @task
    def load(): print("loaded")
    load()
sales()
"""


@pytest.fixture
def registry(tmp_path: pathlib.Path) -> Iterator[Registry]:
    """Gives a registry."""
    with running(tmp_path) as registry:
        yield registry


def test_a_deployment_runs_in_the_image_that_it_pushed_and_again_it_changes_nothing(make_server, registry):
    server = make_server()
    # Not below /tmp, where pods have a volume.
    project = server.dags / "sales"
    project.mkdir(parents=True)
    (project / "dag.py").write_text(DAG)
    (project / "leoflow.yaml").write_text(f"base_image: scratch\nregistry: {{url: {registry.address}/team}}\n")

    def deploy(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(BIN / "leoflow"), "deploy", str(project), "--builder", "buildah", "--dag-version", "v1", *arguments]
        environment = server.environment | registry.environment | {"BUILDAH_ISOLATION": "chroot"}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)

    first = deploy()
    assert first.returncode == 0, first.stderr
    image = re.fullmatch(r"sales v1 is current: 1 DAG\(s\) in (\S+)\n", first.stdout)[1]
    assert re.fullmatch(rf"{registry.address}/team/sales@sha256:[0-9a-f]{{64}}", image)
    asked = ["skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", f"docker://{registry.address}/team/sales:v1"]
    assert subprocess.check_output(asked, text=True).strip() == image.partition("@")[2]

    # Nothing of a scratch image could run; the node has the same files and an agent for it.
    server.have_image(image, project)
    assert server.request("PATCH", "/api/v2/dags/sales", {"is_paused": False}).status == 200
    again = deploy("--trigger")
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith(first.stdout)
    run_id = re.search(r"^sales runs as (\S+)$", again.stdout, re.MULTILINE)[1]
    server.await_run("sales", run_id)
    assert server.get("/api/v2/projects/sales/versions")["total_entries"] == 1

    (project / "dag.py").write_text(DAG.replace("loaded", "more"))
    changed = deploy()
    assert changed.returncode == 4
    assert "v1" in changed.stderr
