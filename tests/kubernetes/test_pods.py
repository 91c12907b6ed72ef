"""Tasks in pods: one for each attempt, in the image of the version that was pushed."""

from __future__ import annotations

import json
import pathlib
import re
import urllib.request

import pytest
from support import ROOT, eventually

HELLO = {"dag.py": (ROOT / "dags/hello/dag.py").read_text()}

# Says which version it is, and waits until it may end.
WAITING = """
import pathlib, time
from airflow.sdk import dag, task

@dag(schedule=None)
def waiting():
    @task
    def wait():
        print("this is {version}")
        while not pathlib.Path("{gate}").exists():
            time.sleep(0.02)
    wait()

waiting()
"""

QUICK = """
from airflow.sdk import dag, task

@dag(schedule=None)
def quick():
    @task{arguments}
    def do():
        {body}
    do()

quick()
"""


def quick(body: str = "pass", arguments: str = "") -> dict[str, str]:
    """Returns a project whose DAG `quick` has one task, `do`."""
    return {"dag.py": QUICK.format(body=body, arguments=arguments)}


def events(server, dag_id: str, run_id: str, task_id: str, attempt: int = 1) -> list[str]:
    """Returns what the log of a try says."""
    return [record["event"] for record in server.log(dag_id, run_id, task_id, attempt)]


def await_pod(server) -> str:
    """Waits for the one pod of a server; returns its name."""
    pods = eventually(lambda: [p for p in server.pods() if "deletionTimestamp" not in p["metadata"]], "a pod is there", 30)
    (pod,) = pods
    return str(pod["metadata"]["name"])


def test_the_sample_project_is_pushed_and_runs(make_server):
    server = make_server()
    # Without a badge there is no theme; the UI shows nothing until it is told so.
    assert server.get("/ui/config")["theme"] is None
    pushed = server.push(HELLO, project="hello")
    assert pushed.status == 201, pushed
    server.await_dag("hello", 5)
    run_id = server.trigger("hello")
    server.await_run("hello", run_id)
    eventually(lambda: "Hello, world!" in events(server, "hello", run_id, "greet"), "the log is there")
    assert server.task_instances("hello", run_id)["shout"]["state"] == "success"
    eventually(lambda: not server.pods(), "pods that ended well are deleted")
    with urllib.request.urlopen(f"http://{server.metrics}/metrics", timeout=10) as page:
        told = page.read().decode()
    documented = re.findall(r"^\| `(leoflow_\w+)` \|", (ROOT / "docs/server.md").read_text(), re.MULTILINE)
    assert len(documented) == 12
    for name in documented:
        assert f"# TYPE {name} " in told
    assert float(re.search(r"^leoflow_pods_created_total (\S+)$", told, re.MULTILINE)[1]) >= 4


def test_a_run_keeps_the_version_that_it_began_with(make_server, tmp_path: pathlib.Path):
    server, gate = make_server(), tmp_path / "gate"
    for version in ("v1", "v2"):
        assert server.push({"dag.py": WAITING.format(version=version, gate=gate)}, label=version).status == 201
        if version == "v1":
            old = server.trigger("waiting")
            await_pod(server)
    gate.touch()
    server.await_run("waiting", old)
    # The end of a log may come a moment after that of its task.
    eventually(lambda: "this is v1" in events(server, "waiting", old, "wait"), "it ran v1")
    new = server.trigger("waiting")
    server.await_run("waiting", new)
    eventually(lambda: "this is v2" in events(server, "waiting", new, "wait"), "it ran v2")

    assert "v1 is current" in server.command("projects", "use", "project", "v1").stdout
    again = server.trigger("waiting")
    server.await_run("waiting", again)
    eventually(lambda: "this is v1" in events(server, "waiting", again, "wait"), "it ran v1")


def test_a_killed_control_plane_goes_on_with_the_pods_that_are_there(make_server, tmp_path: pathlib.Path):
    server, gate = make_server(), tmp_path / "gate"
    server.push({"dag.py": WAITING.format(version="v1", gate=gate)})
    run_id = server.trigger("waiting")
    pod = await_pod(server)
    eventually(lambda: "this is v1" in events(server, "waiting", run_id, "wait"), "the task runs", 60)
    server.kill()
    gate.touch()
    server.start()
    server.await_run("waiting", run_id)
    assert server.task_instances("waiting", run_id)["wait"]["try_number"] == 1
    eventually(lambda: not server.pods(), f"{pod} is deleted")


def test_a_killed_control_plane_learns_of_pods_that_died_meanwhile(make_server, tmp_path: pathlib.Path):
    server = make_server()
    server.push({"dag.py": WAITING.format(version="v1", gate=tmp_path / "gate")})
    run_id = server.trigger("waiting")
    pod = await_pod(server)
    eventually(lambda: "this is v1" in events(server, "waiting", run_id, "wait"), "the task runs", 60)
    server.kill()
    server.namespace.delete_pod(pod, grace=0)
    server.start()
    server.await_run("waiting", run_id, "failed")


def test_a_pod_is_what_leoflow_yaml_says_of_its_task(make_server, tmp_path: pathlib.Path):
    server, gate = make_server(), tmp_path / "gate"
    wants = "{resources: {cpu: 10m, memory: 2Gi}, execution: {labels: {team: sales}, termination_grace_seconds: 7}}"
    project = {"dag.py": WAITING.format(version="v1", gate=gate), "leoflow.yaml": f"tasks: {{wait: {wants}}}"}
    assert server.push(project).status == 201
    run_id = server.trigger("waiting")
    await_pod(server)
    (pod,) = server.pods()
    assert pod["metadata"]["labels"]["team"] == "sales"
    assert pod["spec"]["terminationGracePeriodSeconds"] == 7
    (container,) = pod["spec"]["containers"]
    assert container["resources"] == {"requests": {"cpu": "10m", "memory": "2Gi"}, "limits": {"memory": "2Gi"}}
    gate.touch()
    server.await_run("waiting", run_id)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("image-pull", "container 'base' waits: ImagePullBackOff"), ("create-error", "container 'base' waits: CreateContainerError")],
)
def test_a_pod_that_cannot_start_says_why_and_costs_no_retry(make_server, node, fault: str, reason: str):
    server = make_server(LEOFLOW_EXECUTOR_START_RETRIES="1", LEOFLOW_EXECUTOR_START_RETRY_DELAY="0")
    server.push(quick())
    node.plan(fault, "leoflow-quick-*")
    try:
        run_id = server.trigger("quick")
        server.await_run("quick", run_id, "failed")
    finally:
        node.plan("", "leoflow-quick-*")
    said = [event for event in events(server, "quick", run_id, "do") if event.startswith(reason)]
    assert len(said) == 2, events(server, "quick", run_id, "do")
    assert server.task_instances("quick", run_id)["do"]["try_number"] == 1
    eventually(lambda: not server.pods(), "they are deleted")
    # Once the fault is mended the same task runs.
    assert server.request("POST", "/api/v2/dags/quick/clearTaskInstances", {"dry_run": False, "dag_run_id": run_id}).status == 200
    server.await_run("quick", run_id)


def test_a_task_that_is_cleared_while_its_pod_waits_gets_another_one(make_server, node):
    server = make_server()
    server.push(quick())
    node.plan("stuck", "leoflow-quick-*")
    try:
        run_id = server.trigger("quick")
        first = await_pod(server)
        clear = {"dry_run": False, "dag_run_id": run_id}
        assert server.request("POST", "/api/v2/dags/quick/clearTaskInstances", clear).status == 200
    finally:
        node.plan("", "leoflow-quick-*")
    server.await_run("quick", run_id)
    eventually(lambda: not server.pods(), f"{first} and the one after it are gone")


def test_a_pod_that_never_starts_is_given_up_in_time(make_server, node):
    server = make_server(LEOFLOW_EXECUTOR_START_RETRIES="0", AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT="1")
    server.push(quick())
    node.plan("stuck", "leoflow-quick-*")
    try:
        run_id = server.trigger("quick")
        server.await_run("quick", run_id, "failed")
    finally:
        node.plan("", "leoflow-quick-*")
    assert any("its pod did not start within 1 seconds" in event for event in events(server, "quick", run_id, "do"))


def test_a_pod_that_no_node_takes_says_so_and_goes(make_server):
    server = make_server(LEOFLOW_EXECUTOR_START_RETRIES="0", AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT="1")
    server.push(quick() | {"leoflow.yaml": "tasks: {do: {execution: {node_selector: {pool: of-nobody}}}}"})
    run_id = server.trigger("quick")
    server.await_run("quick", run_id, "failed")
    (said,) = [event for event in events(server, "quick", run_id, "do") if "its pod did not start" in event]
    assert said.startswith("its pod did not start within 1 seconds: no node takes its pod: 0/")
    assert "didn't match Pod's node affinity/selector" in said
    eventually(lambda: not server.pods(), "it is deleted")


@pytest.mark.parametrize(
    ("harm", "reason", "is_deleted"),
    [
        (lambda node, space, pod: node.kill(space, pod, reason="OOMKilled"), "its container ran out of memory (OOMKilled)", False),
        (lambda node, space, pod: node.evict(space, pod), "its pod was evicted", False),
        (lambda node, space, pod: node.kill(space, pod, reason="Error"), "its container exited with code 137", True),
    ],
    ids=["out of memory", "evicted", "killed, and failed ones are deleted"],
)
def test_a_pod_that_dies_is_told_apart_from_its_task(
    make_server, node, tmp_path: pathlib.Path, harm, reason: str, is_deleted: bool
):
    server = make_server(AIRFLOW__KUBERNETES_EXECUTOR__DELETE_WORKER_PODS_ON_FAILURE=str(is_deleted))
    server.push({"dag.py": WAITING.format(version="v1", gate=tmp_path / "gate")})
    run_id = server.trigger("waiting")
    pod = await_pod(server)
    eventually(lambda: "this is v1" in events(server, "waiting", run_id, "wait"), "the task runs", 60)
    harm(node, server.namespace.name, pod)
    server.await_run("waiting", run_id, "failed")
    eventually(lambda: any(event.startswith(reason) for event in events(server, "waiting", run_id, "wait")), "the log says why")
    if is_deleted:
        eventually(lambda: not server.pods(), "it is deleted as well")
    else:
        assert server.pods(), "a pod that failed is kept, to be looked at"


def test_a_task_that_fails_is_no_failure_of_its_pod(make_server):
    server = make_server()
    server.push(quick(body="raise ValueError('no')", arguments="(retries=1, retry_delay=0)"))
    run_id = server.trigger("quick")
    server.await_run("quick", run_id, "failed")
    assert server.task_instances("quick", run_id)["do"]["try_number"] == 2
    eventually(lambda: not server.pods(), "their pods ended well")


def test_pods_beyond_a_quota_wait_for_their_turn(make_server, namespace):
    namespace.add("resourcequotas", "one", spec={"hard": {"pods": "1"}})
    source = QUICK.replace("    do()", "    do.expand(x=[1, 2, 3])").format(body="pass", arguments="")
    server = make_server()
    server.push({"dag.py": source.replace("def do():", "def do(x):")})
    run_id = server.trigger("quick")
    server.await_run("quick", run_id)


def test_a_pod_that_policy_refuses_says_so(make_server, namespace):
    label = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    namespace.api.patch(f"/api/v1/namespaces/{namespace.name}", label)
    server = make_server()
    server.push(quick())
    run_id = server.trigger("quick")
    server.await_run("quick", run_id)  # the pods are restricted by themselves

    namespace.add("resourcequotas", "memory", spec={"hard": {"requests.memory": "1Gi"}})
    refused = server.trigger("quick")
    server.await_run("quick", refused, "failed")
    assert any("the API server refuses its pod: " in event for event in events(server, "quick", refused, "do"))


def test_a_marked_task_ends_in_its_pod(make_server, tmp_path: pathlib.Path):
    server = make_server()
    server.push({"dag.py": WAITING.format(version="v1", gate=tmp_path / "gate")})
    run_id = server.trigger("waiting")
    eventually(lambda: "this is v1" in events(server, "waiting", run_id, "wait"), "the task runs", 60)
    path = f"/api/v2/dags/waiting/dagRuns/{run_id}/taskInstances/wait"
    assert server.request("PATCH", path, {"new_state": "success"}).status == 200
    server.await_run("waiting", run_id)
    eventually(lambda: not server.pods(), "its pod has ended")


def test_the_api_server_may_be_away(make_server, control_plane, tmp_path: pathlib.Path):
    server, gate = make_server(), tmp_path / "gate"
    server.push({"dag.py": WAITING.format(version="v1", gate=gate)})
    first = server.trigger("waiting")
    eventually(lambda: "this is v1" in events(server, "waiting", first, "wait"), "the task runs", 60)
    control_plane.stop("kube-apiserver")
    try:
        gate.touch()
        server.await_run("waiting", first)  # its agent needs no Kubernetes
        second = server.trigger("waiting")
    finally:
        control_plane.start("kube-apiserver")
    server.await_run("waiting", second)


def test_an_artifact_that_was_changed_is_refused_whole(make_server):
    server = make_server()
    server.push(quick())
    artifact = server.home / "project-v1.json"
    artifact.write_text(artifact.read_text().replace("pass", "evil"))
    refused = server.command("push", str(artifact), check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "it was changed after it was compiled" in refused.stderr
    versions = json.loads(server.command("projects", "versions", "project", "-o", "json").stdout)
    assert [version["dag_version"] for version in versions] == ["v1"]


def test_pods_are_made_from_a_template_of_the_server_or_the_one_that_the_task_names(make_server, tmp_path: pathlib.Path):
    def template(name: str) -> str:
        return f"kind: Pod\nmetadata: {{labels: {{made-from: {name}}}}}\nspec: {{containers: [{{name: base}}]}}\n"

    templates = tmp_path / "templates"
    templates.mkdir()
    for name in ("default", "big"):
        (templates / f"{name}.yaml").write_text(template(name))
    server = make_server(
        AIRFLOW__KUBERNETES_EXECUTOR__POD_TEMPLATE_FILE=str(templates / "default.yaml"),
        LEOFLOW_EXECUTOR_POD_TEMPLATES=str(templates),
    )
    gate = tmp_path / "gate"
    wait = f"import pathlib, time\n        while not pathlib.Path('{gate}').exists(): time.sleep(0.02)"
    for label, arguments, made_from in (
        ("v1", "", "default"),
        ("v2", "(executor_config={'pod_template_file': 'big.yaml'})", "big"),
    ):
        server.push(quick(wait, arguments), label=label)
        run_id = server.trigger("quick")
        await_pod(server)
        (pod,) = server.pods()
        assert pod["metadata"]["labels"]["made-from"] == made_from
        gate.touch()
        server.await_run("quick", run_id)
        eventually(lambda: not server.pods(), "the pod is deleted")
        gate.unlink()
    server.push(quick("pass", "(executor_config={'pod_template_file': '../secret.yaml'})"), label="v3")
    run_id = server.trigger("quick")
    server.await_run("quick", run_id, "failed")
    said = "pod_template_file of its executor_config is '../secret.yaml': it is not below"
    eventually(lambda: any(said in event for event in events(server, "quick", run_id, "do")), "the log says why")
