"""What happens to work when what the server stands on fails."""

from __future__ import annotations

import datetime
import pathlib
import subprocess
import tempfile
from collections.abc import Callable, Iterator

import pytest
from bed import certificates
from bed.kubeconfig import Access
from cable import Cable
from storm import Storm
from support import BIN, PYTHON, eventually
from test_pods import WAITING, await_pod, events, quick

# Waits, and then reads a variable that has a default.
ASKING = """
        import pathlib, time
        from airflow.sdk import Variable
        print("waits")
        while not pathlib.Path("{gate}").exists():
            time.sleep(0.02)
        pathlib.Path("{asks}").touch()
        print("got", Variable.get("kept", default="nothing"))
"""

LIBFAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


@pytest.fixture
def cable() -> Iterator[Callable[[str], Cable]]:
    """Gives a function that leads a database's connections through a cable."""
    with tempfile.TemporaryDirectory(prefix="cable-") as folder:
        made: list[Cable] = []

        def lay(database_url: str) -> Cable:
            made.append(Cable(database_url, pathlib.Path(folder)))
            return made[0]

        yield lay
        for one in made:
            one.pull_out()


@pytest.fixture
def storm(make_server) -> Iterator[Storm]:
    """Gives what lies between `stormy(make_server)` and the API server."""
    calm = make_server()
    calm.stop()
    made = Storm(calm.kubeconfig)
    made.server = calm
    calm.kubeconfig = calm.home / "stormy-kubeconfig"
    made.write(calm.kubeconfig)
    calm.start()
    yield made
    calm.stop()
    made.close()


def run_while_refused(storm, what: str, status: int) -> None:
    """Runs a task of whose requests to the API server four are refused: it is tried once, and its log is there."""
    server = storm.server
    server.push(quick("print('said')"))
    storm.plan(what, *[status] * 4)
    run_id = server.trigger("quick")
    server.await_run("quick", run_id)
    assert storm.answered[status] == 4
    assert server.task_instances("quick", run_id)["do"]["try_number"] == 1
    eventually(lambda: "said" in events(server, "quick", run_id, "do"), "the log is there")


@pytest.mark.parametrize("status", [401, 403, 409, 429, 500])
def test_a_storm_of_refusals_costs_a_task_time_and_nothing_else(storm, status: int):
    server = storm.server
    run_while_refused(storm, "POST pods", status)
    storm.plan("DELETE pods", status)
    server.await_run("quick", server.trigger("quick"))
    eventually(lambda: not server.pods(), "the pod is deleted all the same", 30)


SEVERAL = """
from airflow.sdk import dag, task

@dag(schedule=None)
def several():
    @task(retries=1, retry_delay=0)
    def do(number):
        with open("{file}", "a") as file:
            file.write(f"{{number}} ")
    do.expand(number=[1, 2, 3])

several()
"""


def test_a_slow_api_server_costs_time_and_nothing_else(storm, tmp_path: pathlib.Path):
    server = storm.server
    server.push({"dag.py": SEVERAL.format(file=tmp_path / "said")})
    storm.delay = 3.0
    # The pods are listed and watched anew, and slowly.
    server.stop()
    server.start()
    run_id = server.trigger("several")
    server.await_run("several", run_id)
    assert sorted((tmp_path / "said").read_text().split()) == ["1", "2", "3"], "each ran once"
    assert server.task_instances("several", run_id)["do"]["try_number"] == 1
    eventually(lambda: not server.pods(), "the pods are deleted", 60)
    # Agents had their tokens looked at as slowly. Nothing was asked for twice.
    assert storm.delayed["POST pods"] == storm.delayed["DELETE pods"] == 3
    assert storm.delayed["POST tokenreviews"] >= 3


@pytest.mark.parametrize("status", [403, 429, 500])
def test_agents_come_in_once_tokens_are_looked_at_again(storm, status: int):
    run_while_refused(storm, "POST tokenreviews", status)
    eventually(lambda: not storm.server.pods(), "its pod ended well")


def test_a_watch_that_has_expired_is_begun_anew_with_a_list(storm, tmp_path: pathlib.Path):
    server, gate = storm.server, tmp_path / "gate"
    server.push({"dag.py": WAITING.format(version="v1", gate=gate)})
    storm.plan("WATCH pods", 410, 500, 410)
    storm.plan("LIST pods", 500, 429)
    # The watch that is open now ends with the connection to the API server.
    server.stop()
    server.start()
    run_id = server.trigger("waiting")
    eventually(lambda: storm.answered[410] == 2, "the watch was told so", 30)
    await_pod(server)
    gate.touch()
    server.await_run("waiting", run_id)
    assert server.task_instances("waiting", run_id)["wait"]["try_number"] == 1


def test_a_database_that_restarts_loses_nothing(make_server, cable, tmp_path: pathlib.Path):
    server, gate = make_server(), tmp_path / "gate"
    server.stop()
    line = cable(server.database_url)
    server.database_url = line.url
    server.start()
    server.push({"dag.py": WAITING.format(version="v1", gate=gate)})
    run_id = server.trigger("waiting")
    await_pod(server)
    eventually(lambda: "this is v1" in events(server, "waiting", run_id, "wait"), "the task runs", 60)
    line.pull_out()
    eventually(lambda: server.request("GET", "/readyz").status == 503, "the server says that it is not ready")
    gate.touch()  # the task ends while nothing of it can be stored
    line.plug_in()
    server.await_run("waiting", run_id)
    assert server.task_instances("waiting", run_id)["wait"]["try_number"] == 1


def test_what_a_task_asks_while_the_database_is_away_is_answered_when_it_is_back(make_server, cable, tmp_path: pathlib.Path):
    server, gate, asks = make_server(LEOFLOW_SECRETS_SCOPE="permissive"), tmp_path / "gate", tmp_path / "asks"
    assert server.request("POST", "/api/v2/variables", {"key": "kept", "value": "12345"}).status == 201
    server.stop()
    line = cable(server.database_url)
    server.database_url = line.url
    server.start()
    server.push(quick(ASKING.format(gate=gate, asks=asks)))
    run_id = server.trigger("quick")
    eventually(lambda: "waits" in events(server, "quick", run_id, "do"), "the task runs", 60)
    line.pull_out()
    eventually(lambda: server.request("GET", "/readyz").status == 503, "the server says that it is not ready")
    gate.touch()
    eventually(asks.exists, "the task asks")
    line.plug_in()
    server.await_run("quick", run_id)
    eventually(lambda: "got 12345" in events(server, "quick", run_id, "do"), "the task has the variable, not its default")
    assert server.task_instances("quick", run_id)["do"]["try_number"] == 1


def test_a_slow_database_makes_work_slow_and_nothing_else(make_server, cable):
    server = make_server()
    server.stop()
    line = cable(server.database_url)
    line.delay = 0.1  # seconds, each way
    server.database_url = line.url
    server.start()
    # It takes long to lead, and who asks for what a leader does is told after a while that there is none.
    eventually(lambda: server.push(quick("print('said')")).status in (200, 201), "the server leads", 60)
    run_id = server.trigger("quick")
    server.await_run("quick", run_id)
    assert server.task_instances("quick", run_id)["do"]["try_number"] == 1


def test_a_database_that_is_not_there_is_named_without_its_password(make_server):
    server = make_server()
    server.stop()
    server.settings |= {"LEOFLOW_DATABASE_URL": "postgresql://somebody:hunter2@127.0.0.1:1/leoflow"}
    ended = subprocess.run([str(BIN / "leoflow"), "server"], env=server.environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 6
    assert "127.0.0.1" in ended.stderr
    assert "hunter2" not in ended.stderr


def test_agents_that_trust_another_authority_say_why_and_deliver_when_they_are_given_the_right_one(make_server, namespace):
    server = make_server()
    right = (server.home / "ca.crt").read_text()
    other = server.home / "other"
    other.mkdir()
    certificates.make_authority(other)

    def trust(authority: str) -> None:
        namespace.api.delete(namespace.path("configmaps", "leoflow-ca"))
        namespace.add("configmaps", "leoflow-ca", data={"ca.crt": authority})

    trust((other / "ca.crt").read_text())
    server.push(quick("print('said')"))
    run_id = server.trigger("quick")
    pod = await_pod(server)
    namespace.await_running(pod)
    said = eventually(lambda: "ertificate" in (log := namespace.log(pod)) and log, "the agent says why", 30)
    assert "lost the control plane" in said or "certificate" in said
    assert server.task_instances("quick", run_id)["do"]["state"] == "queued"
    # What is mounted changes with the next pod: this one is deleted, which costs a start and no retry.
    trust(right)
    namespace.delete_pod(pod)
    server.await_run("quick", run_id)
    assert server.task_instances("quick", run_id)["do"]["try_number"] == 1


def test_an_api_server_that_shows_another_certificate_is_not_spoken_to(make_server):
    server = make_server()
    server.stop()
    other = server.home / "other"
    other.mkdir()
    certificates.make_authority(other)
    known = Access.read(server.kubeconfig)
    server.kubeconfig = server.home / "wrong-kubeconfig"
    Access(known.server, (other / "ca.crt").read_text(), known.token).write(server.kubeconfig)
    server.start()
    log = server.home / "server.log"
    eventually(lambda: "the pods cannot be watched" in log.read_text() and "certificate" in log.read_text(), "it says why", 20)
    assert known.token not in log.read_text()
    server.push(quick())
    run_id = server.trigger("quick")
    (task,) = server.task_instances("quick", run_id).values()
    assert task["state"] in (None, "scheduled"), "nothing is started until it is known what is there"


@pytest.mark.skipif(LIBFAKETIME is None, reason="the package libfaketime is not installed")
@pytest.mark.parametrize("minutes", [5, -5])
def test_a_node_whose_clock_is_minutes_wrong_changes_no_time_that_is_shown(make_server, minutes: int):
    server = make_server()
    server.stop()
    # Its certificate is older than that: one that is not valid yet would be waited for.
    moved = ["faketime", "-f", "-1d"]
    server_key = ["-keyout", str(server.home / "server.key"), "-out", str(server.home / "server.crt")]
    subprocess.run(
        [*moved, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
         "-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1", *server_key],
        check=True, capture_output=True,
    )  # fmt: skip
    server.namespace.api.delete(server.namespace.path("configmaps", "leoflow-ca"))
    server.namespace.add("configmaps", "leoflow-ca", data={"ca.crt": (server.home / "server.crt").read_text()})
    server.start()
    server.push(quick("print('said')"))
    (image,) = server.images.values()
    # The agent's clock alone: where Python forks, the library has time.sleep fail now and then.
    python = server.home / "python"
    python.write_text(f"""#!/bin/sh
LD_PRELOAD=$(echo "$LD_PRELOAD" | sed 's/[^: ]*libfaketime[^: ]*//') exec {PYTHON} "$@"
""")
    python.chmod(0o755)
    image["entrypoint"] = [str(python) if word == str(PYTHON) else word for word in image["entrypoint"]]
    image["env"] |= {"LD_PRELOAD": str(LIBFAKETIME), "FAKETIME": f"{minutes:+d}m", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    server.node.have_images(server.images)
    before = datetime.datetime.now(datetime.UTC)
    run_id = server.trigger("quick")
    server.await_run("quick", run_id)
    task = server.task_instances("quick", run_id)["do"]
    times = [datetime.datetime.fromisoformat(task[key]) for key in ("queued_when", "start_date", "end_date")]
    assert [before, *times] == sorted([before, *times]), times
    assert times[-1] <= datetime.datetime.now(datetime.UTC)
    assert task["duration"] >= 0
    eventually(lambda: "said" in events(server, "quick", run_id, "do"), "the log is there")
