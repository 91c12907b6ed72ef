"""An upgrade to a version with another schema, as the chart does it: a Job migrates before any server is replaced."""

from __future__ import annotations

import json
import os
import re
import subprocess
import uuid
from typing import Any

import pytest
from bed.bed import Bed
from chart import CHART, LEAST, RELEASE, run
from pods import Namespace
from support import BIN, ROOT, eventually
from test_pods import quick

VERSION = re.search(r'^appVersion: "(.*)"$', (CHART / "Chart.yaml").read_text(), re.MULTILINE)[1]
# The Job runs the program as the image does, and no server runs.
IMAGES = {f"leoflow/server:{VERSION}": {"entrypoint": [str(BIN / "leoflow")], "env": {"HOME": "/nonexistent"}}}
VALUES = LEAST | {
    "replicaCount": 0,
    "migrations": {"hook": True},
    # The fixture has made them.
    "rbac": {"create": False},
    "serviceAccount": {"create": False, "name": RELEASE},
}
# The last migration of an older version. What later ones add, it has not.
OLDER = 27
MIGRATIONS = ROOT / "src/store/migrations"


def helm(bed: Bed, namespace: Namespace, *arguments: str, **values: object) -> str:
    """Runs Helm on a namespace with the values."""
    given = ("--values", "-") if arguments[0] in ("install", "upgrade") else ()
    text = json.dumps(VALUES | values)
    return run("helm", "--kubeconfig", bed.kubeconfig, "--namespace", namespace.name, *arguments, *given, text=text)


def sql(url: str, script: str) -> None:
    """Runs statements on a database, all or none."""
    command = ["psql", url, "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    subprocess.run(command, input=script, text=True, check=True, capture_output=True)


def take_back(url: str) -> None:
    """Has a database as the older version made it; the conformance suite compares that with the way up."""
    down = sorted((file for file in MIGRATIONS.glob("*.down.sql") if int(file.name[:4]) > OLDER), reverse=True)
    assert down
    sql(url, "".join(file.read_text() for file in down) + f"DELETE FROM schema_migration WHERE version > {OLDER};")


def check(url: str) -> subprocess.CompletedProcess[str]:
    """Asks whether a database is at the version of the program."""
    return subprocess.run([BIN / "leoflow", "db", "check", "--database-url", url], capture_output=True, text=True)


def last_hook(bed: Bed, namespace: Namespace) -> str:
    """Returns how the Job of the last release ended."""
    [hook] = json.loads(helm(bed, namespace, "status", RELEASE, "--output", "json"))["hooks"]
    return str(hook["last_run"]["phase"])


def pods_of_the_job(namespace: Namespace) -> list[dict[str, Any]]:
    """Returns the pods of the Job."""
    ours = "app.kubernetes.io/component=migrations"
    return list(namespace.api.get(namespace.path("pods"), labelSelector=ours)["items"])


def test_an_upgrade_migrates_an_older_database_first_and_what_was_in_it_is_there(
    make_server, control_plane: Bed, namespace: Namespace
) -> None:
    def said() -> bool:
        return "it was said" in str(server.log("quick", run_id, "do"))

    server = make_server()
    server.push(quick("print('it was said')"))
    assert server.request("POST", "/api/v2/variables", {"key": "place", "value": "Rome"}).status == 201
    run_id = server.trigger("quick")
    server.await_run("quick", run_id)
    eventually(said, "the log is whole", 30)
    server.stop()
    take_back(server.database_url)
    behind = check(server.database_url)
    assert (behind.returncode, f"version {OLDER}" in behind.stderr) == (4, True), behind.stderr

    namespace.add("secrets", "own", stringData={"database-url": server.database_url})
    server.node.have_images(server.images | IMAGES)
    helm(control_plane, namespace, "install", RELEASE, str(CHART), "--timeout", "60s")
    assert last_hook(control_plane, namespace) == "Succeeded"
    assert check(server.database_url).returncode == 0
    eventually(lambda: not pods_of_the_job(namespace), "a Job that went well leaves nothing", 30)

    server.token = ""
    server.start()
    assert server.run_state("quick", run_id) == "success"
    assert said()
    assert server.get("/api/v2/variables/place")["value"] == "Rome"
    server.await_run("quick", server.trigger("quick"))


def test_an_upgrade_that_cannot_migrate_changes_nothing_and_its_job_says_why(
    control_plane: Bed, node, namespace: Namespace
) -> None:
    whole = os.environ["LEOFLOW_TEST_POSTGRES"]
    at = whole.index("?")
    url = f"{whole[:at]}leoflow_{uuid.uuid4().hex[:8]}{whole[at:]}"
    namespace.add("secrets", "own", stringData={"database-url": url})
    namespace.add("serviceaccounts", RELEASE)
    node.have_images(IMAGES)
    helm(control_plane, namespace, "install", RELEASE, str(CHART), "--timeout", "60s")
    assert check(url).returncode == 0
    sql(url, "INSERT INTO schema_migration (version, name, dirty) VALUES (9999, 'future', 0)")
    with pytest.raises(AssertionError, match="pre-upgrade hooks failed"):
        helm(control_plane, namespace, "upgrade", RELEASE, str(CHART), "--timeout", "100s", config={"edition": "pro"})
    deployment = control_plane.api.get(f"/apis/apps/v1/namespaces/{namespace.name}/deployments/{RELEASE}")
    assert "LEOFLOW_UI_EDITION" not in json.dumps(deployment["spec"])
    [pod, *_] = pods_of_the_job(namespace)
    assert "9999, newer than this binary" in namespace.log(pod["metadata"]["name"])
    node.have_every_image()
