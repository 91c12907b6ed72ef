"""What the token of a pod opens, and which tokens open nothing."""

from __future__ import annotations

import base64
import json
import pathlib
import re
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from bed import certificates
from bed.api import Api, Refused
from bed.kubeconfig import Access
from control_plane import Server
from pods import Namespace
from support import BIN, PYTHON, ROOT, eventually
from test_pods import WAITING, await_pod, events, quick

# What anybody may see: whether it is well, what it is, how to log in.
PUBLIC = {"/api/v2/monitor/health", "/api/v2/version", "/api/v2/auth/login", "/api/v2/auth/logout"}


def token_of(namespace: Namespace, pod: str | None, audience: str = "leoflow") -> str:
    """Returns a token of the default ServiceAccount, bound to a pod if one is named, as kubelet gets it."""
    spec: dict[str, Any] = {"audiences": [audience], "expirationSeconds": 600}
    if pod:
        uid = namespace.find("pods", pod)["metadata"]["uid"]
        spec["boundObjectRef"] = {"kind": "Pod", "apiVersion": "v1", "name": pod, "uid": uid}
    made = namespace.api.create(namespace.path("serviceaccounts", "default") + "/token", {"spec": spec})
    return made["status"]["token"]


def expired(token: str, keys: pathlib.Path) -> str:
    """Returns the same token as it is hours later, signed like all: shorter-lived than minutes they are not given."""

    def part(text: bytes) -> str:
        return base64.urlsafe_b64encode(text).rstrip(b"=").decode()

    head, body, _ = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    for name in ("iat", "nbf", "exp"):
        claims[name] -= 2 * 3600
    signed = f"{head}.{part(json.dumps(claims).encode())}"
    return f"{signed}.{part(certificates.sign_for_accounts(keys, signed.encode()))}"


def check_that_nothing_opens(server: Server, bearer: str) -> None:
    """Tries every operation that is not for everybody with a token, and some of workers."""
    paths = server.get("/openapi.json")["paths"]
    server.token, own = bearer, server.token
    try:
        tried = 0
        for path, methods in paths.items():
            if path in PUBLIC:
                continue
            for method in methods:
                asked = re.sub(r"{[^}]+}", "1", path)
                status = server.request(method.upper(), asked, {} if method in ("post", "patch", "put") else None).status
                assert status in (401, 403), (method, asked, status)
                tried += 1
        assert tried > 100
        run = f"/execution/task-instances/{'0' * 8}-0000-7000-8000-{'0' * 12}/run"
        for method, path in (("GET", "/execution/variables/x"), ("PATCH", run)):
            assert server.request(method, path, {} if method == "PATCH" else None).status in (401, 403), path
    finally:
        server.token = own


def test_the_token_of_a_pod_opens_neither_the_api_nor_kubernetes(make_server, namespace, control_plane, tmp_path: pathlib.Path):
    server, gate = make_server(), tmp_path / "gate"
    server.push({"dag.py": WAITING.format(version="v1", gate=gate)})
    run_id = server.trigger("waiting")
    pod = await_pod(server)
    namespace.await_running(pod)
    token = token_of(namespace, pod)
    check_that_nothing_opens(server, token)
    known = Access.read(control_plane.kubeconfig)
    kubeconfig = tmp_path / "as-the-pod"
    Access(known.server, known.authority, token).write(kubeconfig)
    with pytest.raises(Refused) as refused:
        Api(kubeconfig).get(namespace.path("pods"))
    assert refused.value.status == 401
    gate.touch()
    server.await_run("waiting", run_id)


def agent(server: Server, token: str, folder: pathlib.Path, *more: str) -> subprocess.Popen[str]:
    """Starts an agent of this machine that shows a token, with more options."""
    folder.mkdir()
    (folder / "token").write_text(token)
    command = [str(BIN / "leoflow-agent"), "--server", server.grpc, "--ca-file", str(server.home / "ca.crt"), "--token-file",
               str(folder / "token"), "--python", str(PYTHON), "--worker-path", str(ROOT / "python"), "--home", str(folder)]  # fmt: skip
    log = (folder / "log").open("w")
    return subprocess.Popen([*command, "--once", *more], stdout=log, stderr=log, text=True)


def await_refused(server: Server, token: str, folder: pathlib.Path, why: str, *more: str) -> None:
    """Has an agent try until it is told why it cannot connect."""
    tried = agent(server, token, folder, *more)
    try:
        said = folder / "log"
        eventually(lambda: "cannot connect" in said.read_text() and why in said.read_text(), f"it is told: {why}", 20)
        assert "connected to the control plane" not in said.read_text()
    finally:
        tried.kill()
        tried.wait()


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("of another audience", "refused"),
        ("not bound to a pod", "it is not bound to a pod"),
        ("of a pod that is none of ours", "its pod is none of ours"),
        ("of another namespace", "it is of another namespace"),
        ("of a user", "refused"),
        ("of a pod that is gone", "refused"),
        ("that has expired", "expired"),
        ("nonsense", "refused"),
    ],
)
def test_an_agent_with_a_token(make_server, namespace, control_plane, tmp_path: pathlib.Path, kind: str, why: str):
    server, gate = make_server(), tmp_path / "gate"
    server.push({"dag.py": WAITING.format(version="v1", gate=gate)})
    run_id = server.trigger("waiting")
    pod = await_pod(server)
    other = Namespace.make(control_plane.api, namespace.name + "-other")
    for place in (namespace, other):
        place.run("stranger", "sleep 60")
    tokens: dict[str, Callable[[], str]] = {
        "of another audience": lambda: token_of(namespace, pod, "https://kubernetes.default.svc"),
        "not bound to a pod": lambda: token_of(namespace, None),
        "of a pod that is none of ours": lambda: token_of(namespace, "stranger"),
        "of another namespace": lambda: token_of(other, "stranger"),
        "of a user": lambda: server.token,
        "of a pod that is gone": lambda: _of_a_gone_pod(namespace),
        "that has expired": lambda: expired(token_of(namespace, pod), control_plane.folder / "keys"),
        "nonsense": lambda: "nonsense",
    }
    await_refused(server, tokens[kind](), tmp_path / "agent", why)
    other.delete()
    gate.touch()
    server.await_run("waiting", run_id)


def _of_a_gone_pod(namespace: Namespace) -> str:
    namespace.run("short", "sleep 60")
    token = token_of(namespace, "short")
    namespace.delete_pod("short", grace=0)
    return token


def test_a_task_whose_agent_is_refused_is_given_up_with_words(make_server, node, namespace):
    # What the agent takes for its token is a file of many lines.
    server = make_server(AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT="5", LEOFLOW_EXECUTOR_START_RETRIES="0")
    server.push(quick())
    (image,) = server.images.values()
    image["entrypoint"] = ["env", f"LEOFLOW_AGENT_TOKEN_FILE={server.home / 'ca.crt'}", *image["entrypoint"]]
    node.have_images(server.images)
    run_id = server.trigger("quick")
    server.await_run("quick", run_id, "failed")
    words = "its pod runs, but its agent did not connect within 5 seconds; the log of the pod says why"
    eventually(lambda: any(words in line for line in events(server, "quick", run_id, "do")), "the log says why")


@pytest.fixture
def clients(tmp_path: pathlib.Path, namespace: Namespace) -> pathlib.Path:
    """Gives a folder with the CA of agents and a certificate of it, which pods have as well."""
    folder = tmp_path / "clients"
    folder.mkdir()
    certificates.make_authority(folder)
    certificates.make_client(folder)
    data = {f"tls.{kind}": (folder / f"client.{kind}").read_text() for kind in ("crt", "key")}
    namespace.add("secrets", "agent-tls", stringData=data)
    return folder


def mutual(make_server: Callable[..., Server], clients: pathlib.Path) -> Server:
    """Starts a control plane that asks agents for a certificate."""
    return make_server(
        LEOFLOW_SERVER_GRPC_CLIENT_CA=str(clients / "ca.crt"), LEOFLOW_EXECUTOR_AGENT_TLS_SECRET="agent-tls"
    )


def test_pods_show_the_certificate_that_is_asked_of_them_and_nobody_connects_without(
    make_server, namespace, clients, tmp_path: pathlib.Path
):
    server, gate = mutual(make_server, clients), tmp_path / "gate"
    server.push({"dag.py": WAITING.format(version="v1", gate=gate)})
    run_id = server.trigger("waiting")
    pod = await_pod(server)
    namespace.await_running(pod)
    token = token_of(namespace, pod)
    await_refused(server, token, tmp_path / "none", "failed to connect")
    strange = tmp_path / "strange"
    strange.mkdir()
    certificates.make_authority(strange)
    certificates.make_client(strange)
    shown = ("--cert-file", str(strange / "client.crt"), "--key-file", str(strange / "client.key"))
    await_refused(server, token, tmp_path / "another", "failed to connect", *shown)
    gate.touch()
    server.await_run("waiting", run_id)


def test_the_certificate_of_agents_opens_nothing_by_itself(
    make_server, namespace, clients, control_plane, tmp_path: pathlib.Path
):
    server, gate = mutual(make_server, clients), tmp_path / "gate"
    server.push({"dag.py": WAITING.format(version="v1", gate=gate)})
    run_id = server.trigger("waiting")
    pod = await_pod(server)
    namespace.await_running(pod)
    files = {"crt": clients / "client.crt", "key": clients / "client.key"}
    shown = ("--cert-file", str(files["crt"]), "--key-file", str(files["key"]))
    wrong = {"nonsense": "refused", token_of(namespace, None): "it is not bound to a pod", server.token: "refused"}
    for number, (token, why) in enumerate(wrong.items()):
        await_refused(server, token, tmp_path / f"agent{number}", why, *shown)
    # As a bearer it is nobody to the API, as a client's certificate nobody to Kubernetes.
    check_that_nothing_opens(server, base64.b64encode(files["crt"].read_bytes()).decode())
    known = Access.read(control_plane.kubeconfig)
    context = ssl.create_default_context(cadata=known.authority)
    context.load_cert_chain(files["crt"], files["key"])
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(known.server + namespace.path("pods"), context=context)
    assert refused.value.code in (401, 403)
    gate.touch()
    server.await_run("waiting", run_id)
