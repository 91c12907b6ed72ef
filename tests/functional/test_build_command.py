"""`leoflow build` and `leoflow deploy` with a real buildah, and how docker is asked, which cannot run here."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Callable

import pytest
from support import BIN, PYTHON

DAG = """
from airflow.sdk import dag, task

@dag(schedule=None)
def sales():
    @task
    def load(): print("loaded")
    load()
sales()
"""
# Remembers how it is asked; answers as docker does.
DOCKER = """#!/bin/sh
echo "$*" >>"$DOCKER_ASKED"
case $1 in
  build) while [ $# -gt 0 ]; do [ "$1" != --file ] || cat "$2" "$2.dockerignore" >>"$DOCKER_ASKED"; shift; done ;;
  image) echo '["other.example/sales@sha256:1", "registry.example/team/sales@sha256:2"]' ;;
esac
"""


@pytest.fixture
def project(tmp_path: pathlib.Path) -> pathlib.Path:
    """Gives a project whose image starts from nothing."""
    folder = tmp_path / "Sales Figures"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "__pycache__/old.pyc").write_text("old")
    (folder / "dag.py").write_text(DAG)
    (folder / "helper.py").write_text("")
    (folder / "secret.key").write_text("secret")
    (folder / "leoflow.yaml").write_text("base_image: scratch\nexclude_paths: ['*.key']\n")
    return folder


@pytest.fixture
def leoflow(tmp_path: pathlib.Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Gives a function that runs a command in an install of its own."""

    def run(*arguments: str | pathlib.Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / "leoflow"), *map(str, arguments)],
            env=os.environ | {"LEOFLOW_HOME": str(tmp_path / "home"), "BUILDAH_ISOLATION": "chroot"} | environment,
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    run("setup", "--non-interactive", "--python", PYTHON)
    return run


def only(tmp_path: pathlib.Path, **programs: str) -> str:
    """Returns a PATH with nothing but git and these programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").symlink_to(shutil.which("git"))
    for name, text in programs.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return str(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="buildah without root needs user namespaces")
def test_an_image_has_the_projects_files_and_none_that_are_left_out(project, leoflow):
    tag = "localhost/leoflow-test/sales:1"
    built = leoflow("build", project, "--builder", "buildah", "--tag", tag)
    assert built.returncode == 0, built.stderr
    assert built.stdout == f"{tag}\n"
    try:
        container = subprocess.check_output(["buildah", "from", "--pull-never", tag], text=True).strip()
        root = pathlib.Path(subprocess.check_output(["buildah", "mount", container], text=True).strip())
        files = {path.name for path in (root / "opt/leoflow/dags").rglob("*")}
        subprocess.run(["buildah", "rm", container], check=True, capture_output=True)
    finally:
        subprocess.run(["buildah", "rmi", tag], check=True, capture_output=True)
    assert files == {"dag.py", "helper.py", "leoflow.yaml"}


def test_the_dockerfile_is_printed_and_starts_from_the_task_image_of_the_version(project, leoflow):
    (project / "leoflow.yaml").write_text("dependencies: [pandas]\n")
    version = json.loads(leoflow("version", "-o", "json").stdout)["leoflow"]
    printed = leoflow("build", project, "--print").stdout
    assert f"FROM leoflow/task:{version}-py3.11\n" in printed
    assert '"pandas"]' in printed
    assert "FROM mine:1\n" in leoflow("build", project, "--print", LEOFLOW_BASE_IMAGE="mine:1").stdout


def test_without_a_builder_it_is_said_what_to_do(project, leoflow, tmp_path):
    ended = leoflow("build", project, PATH=only(tmp_path, docker="#!/bin/sh\nexit 1\n"))
    assert ended.returncode == 3
    assert "docker, podman and buildah are not there, or docker's daemon does not run. Install one" in ended.stderr
    assert leoflow("build", project, "--builder", "kaniko").returncode == 2


def test_what_the_builder_says_is_shown_when_it_fails(project, leoflow):
    ended = leoflow("build", project, "--builder", "buildah", "--base-image", "localhost/no-such-image:1")
    assert ended.returncode == 6
    assert "no-such-image" in ended.stderr
    assert "leoflow: `buildah build` failed with exit code" in ended.stderr


def test_docker_is_asked_in_its_own_way(project, leoflow, tmp_path):
    asked = tmp_path / "asked"
    path = only(tmp_path, docker=DOCKER) + ":/usr/bin:/bin"
    tag = "registry.example/team/sales:v1.2_x"
    (project / "leoflow.yaml").write_text(
        "base_image: base:1\nregistry: {url: registry.example/team, image_name: sales}\n"
    )
    ended = leoflow("build", project, "--dag-version", "v1.2+x", PATH=path, DOCKER_ASKED=str(asked))
    assert ended.stdout == f"{tag}\n"
    lines = asked.read_text().splitlines()
    assert lines[0] == "version"
    assert lines[1].startswith(f"build --tag {tag} --file /") and lines[1].endswith(str(project))
    assert "FROM base:1" in lines and "**/__pycache__" in lines
    assert "--ignorefile" not in asked.read_text()


def test_a_deployment_without_a_registry_is_refused_before_anything_is_done(project, leoflow):
    ended = leoflow("deploy", project)
    assert ended.returncode == 2
    assert "'sales-figures:dev' names no registry: set registry.url in leoflow.yaml, or give --tag" in ended.stderr


def test_a_deployment_to_a_server_that_is_not_there_builds_nothing(project, leoflow):
    ended = leoflow(
        "deploy", project, "--tag", "registry.example/sales:1", "--server-url", "http://127.0.0.1:1", LEOFLOW_TOKEN="t"
    )
    assert ended.returncode == 6
    assert "builds" not in ended.stderr
