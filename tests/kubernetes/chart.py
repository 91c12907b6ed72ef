"""Renders, checks and installs the Helm chart."""

from __future__ import annotations

import json
import pathlib
import subprocess
from typing import Any

from bed.api import Api, Object
from bed.kubeconfig import Access
from bed.programs import program
from support import ROOT

CHART = ROOT / "deploy/helm/leoflow"
EXAMPLES = sorted((ROOT / "deploy/helm/examples").glob("*.yaml"))
# Has pods stay after their attempts.
WARM = {"executor": {"warmPods": {"enabled": True}}}
# The least that a chart needs. Nobody reads the Secret.
LEAST = {"database": {"existingSecret": "own"}, "auth": {"existingSecret": "own"}, "secretKeyExistingSecret": "own"}
RELEASE = "leoflow"


def run(tool: str, *arguments: str | pathlib.Path, text: str = "") -> str:
    """Runs one of the bed's programs; returns what it printed.

    Raises:
        AssertionError: it failed; shows what it said.
    """
    command = [program(tool), *map(str, arguments)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def render(namespace: str, values: pathlib.Path | Object, *arguments: str | pathlib.Path) -> str:
    """Returns the chart's manifests for a file of values, or for values beside the least ones."""
    given, text = ("-", json.dumps(LEAST | values)) if isinstance(values, dict) else (values, "")
    return run("helm", "template", RELEASE, CHART, "--namespace", namespace, "--values", given, *arguments, text=text)


def apply_rights(
    kubeconfig: pathlib.Path, api: Api, namespace: str, file: pathlib.Path, values: Object | None = None
) -> pathlib.Path:
    """Gives the server of a namespace the chart's ServiceAccount and rights, and no more.

    Args:
        kubeconfig: Of somebody who may give rights.
        api: The same, to ask.
        namespace: Where the server is, and its tasks.
        file: Where to write the kubeconfig of the ServiceAccount, for `LEOFLOW_EXECUTOR_KUBECONFIG`.
        values: Of the chart, beside the least ones.

    Returns:
        That file.
    """
    only = ("--show-only", "templates/serviceaccounts.yaml", "--show-only", "templates/rbac.yaml")
    run("kubectl", "--kubeconfig", kubeconfig, "apply", "--filename", "-", text=render(namespace, values or {}, *only))
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{RELEASE}/token"
    token = api.create(path, {"spec": {"expirationSeconds": 3600}})["status"]["token"]
    Access(api.access.server, api.access.authority, token).write(file)
    return file


def may(api: Api, namespace: str, verb: str, resource: str) -> bool:
    """Tells whether the one who asks may do something in a namespace; "" is the whole cluster.

    Args:
        api: Who asks.
        namespace: Where.
        verb: What, such as `get`.
        resource: To what: `pods`, `pods/log` or `tokenreviews.authentication.k8s.io`.
    """
    whole, _, group = resource.partition(".")
    name, _, part = whole.partition("/")
    asked = {"namespace": namespace, "verb": verb, "group": group, "resource": name, "subresource": part}
    body: dict[str, Any] = {"spec": {"resourceAttributes": asked}}
    return bool(api.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)["status"]["allowed"])
