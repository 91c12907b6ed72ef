"""Images are built, checked, pushed, listed, signed and verified, with a registry and a key of this machine."""

from __future__ import annotations

import json
import os
import pathlib
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from images import VERSION, buildah
from registry import Registry, running
from support import ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="buildah without root needs user namespaces")
IMAGES = ROOT / "deploy/images"
COSIGN = ROOT / "build/images/bin/cosign"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]


@dataclass(frozen=True)
class Released:
    """An image that was released.

    Attributes:
        registry: Where it is.
        reference: Of it, by digest.
        key: What it was signed with.
    """

    registry: Registry
    reference: str
    key: pathlib.Path

    @property
    def repository(self) -> str:
        """Returns what names of images begin with."""
        return f"{self.registry.address}/leoflow"


def make_key(folder: pathlib.Path) -> pathlib.Path:
    """Returns a new private key; the public one is beside it."""
    folder.mkdir()
    command = [COSIGN, "generate-key-pair"]
    subprocess.run(command, cwd=folder, env=os.environ | {"COSIGN_PASSWORD": "p"}, check=True, capture_output=True)
    return folder / "cosign.key"


def script(name: str, *arguments: str, key: pathlib.Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a script of deploy/images."""
    environment = os.environ | {"BASES": "debian", "INSECURE_REGISTRY": "1", "COSIGN_PASSWORD": "p", "COSIGN_KEY": str(key)}
    return subprocess.run([IMAGES / name, *arguments], env=environment, capture_output=True, text=True, timeout=900)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    """Gives the image of the server, released."""
    folder = tmp_path_factory.mktemp("release")
    subprocess.run([IMAGES / "tools"], check=True)
    with running(folder) as registry:
        key = make_key(folder / "key")
        done = script("release", "image", f"{registry.address}/leoflow", "server", key=key)
        assert done.returncode == 0, done.stderr
        yield Released(registry, done.stdout.strip(), key)


def is_signed(reference: str, key: pathlib.Path) -> bool:
    """Tells whether an image has the signature of a key."""
    options = ["--key", key.with_suffix(".pub"), "--insecure-ignore-tlog=true"]
    return subprocess.run([COSIGN, "verify", *options, reference], capture_output=True).returncode == 0


def test_its_signature_is_of_its_key_and_no_other(released: Released, tmp_path: pathlib.Path) -> None:
    assert is_signed(released.reference, released.key)
    assert not is_signed(released.reference, make_key(tmp_path / "other"))


# The Pythons that a Debian has; the others take a registry that has their base images.
@pytest.mark.timeout(900)
@pytest.mark.parametrize("what", [("task", "3.11"), ("task", "3.13"), ("cli", "3.11")], ids="-".join)
def test_images_with_a_python_are_released_as_well(released: Released, what: tuple[str, str]) -> None:
    done = script("release", "image", released.repository, *what, key=released.key)
    assert done.returncode == 0, done.stderr
    reference = done.stdout.strip()
    assert is_signed(reference, released.key)
    command = ["skopeo", "inspect", "--tls-verify=false", "--format", "{{.Name}}", f"docker://{reference}"]
    assert subprocess.check_output(command, text=True).strip() == f"{released.repository}/{what[0]}"


def test_the_list_that_is_signed_names_libraries_and_airflow(released: Released) -> None:
    options = ["--key", released.key.with_suffix(".pub"), "--insecure-ignore-tlog=true", "--type", "spdxjson"]
    command = [COSIGN, "verify-attestation", *options, released.reference, "--output-file", "/dev/null"]
    subprocess.run(command, check=True, capture_output=True)
    listed = json.loads((ROOT / f"build/images/release/server-{VERSION}-{ARCHITECTURE}.spdx.json").read_text())
    names = {package["name"] for package in listed["packages"]}
    assert {"libssl3", "libgrpc++1.51", "apache-airflow-core", "ca-certificates"} <= names
    assert listed["name"] == "leoflow-server"


def test_clients_pull_a_signed_index_of_what_is_there(released: Released) -> None:
    done = script("release", "index", released.repository, "server", key=released.key)
    assert done.returncode == 0, done.stderr
    asked = ["skopeo", "inspect", "--tls-verify=false", "--raw", f"docker://{released.repository}/server:{VERSION}"]
    [one] = json.loads(subprocess.check_output(asked))["manifests"]
    assert one["platform"]["architecture"] == ARCHITECTURE
    assert released.reference.endswith(one["digest"])


def test_what_somebody_else_signed_is_not_put_into_an_index(released: Released, tmp_path: pathlib.Path) -> None:
    done = script("release", "index", released.repository, "server", key=make_key(tmp_path / "other"))
    assert done.returncode != 0
    assert "pushing" not in done.stderr


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("USER root", "its user is not 65532"),
        ("COPY --chmod=4755 program /usr/bin/program", "these could be used against it: /usr/bin/program"),
        ("COPY --chmod=755 program /usr/bin/sh", "it has a shell"),
    ],
)
def test_an_image_that_is_less_closed_is_not_released(
    released: Released, tmp_path: pathlib.Path, line: str, problem: str
) -> None:
    (tmp_path / "program").write_text("#!/bin/false\n")
    (tmp_path / "Dockerfile").write_text(f"FROM {released.repository}/server:{VERSION}\n{line}\n")
    tag = "localhost/leoflow-test/open:1"
    buildah("build", "--quiet", "--pull-never", "--tag", tag, str(tmp_path))
    try:
        done = script("check", "server", tag)
    finally:
        buildah("rmi", tag)
    assert done.returncode == 1
    assert problem in done.stderr
