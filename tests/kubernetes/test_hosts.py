"""Hosts: pods that serve what needs a project's Python outside of its tasks, for as long as something does."""

from __future__ import annotations

import json
import pathlib
import urllib.parse

from support import eventually
from test_pods import events
from test_replicas import Replicas

# Waits for a file, says what it does, and fires with what is in it.
GATES = """
import asyncio, pathlib
from airflow.sdk import Variable
from airflow.triggers.base import BaseTrigger, TriggerEvent

class Gate(BaseTrigger):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def serialize(self):
        return "gates.Gate", {"path": self.path}

    async def run(self):
        self.log.info("LOOKING in %s", VERSION)
        while not pathlib.Path(self.path).exists():
            await asyncio.sleep(0.02)
        self.log.info("FOUND it")
        yield TriggerEvent(pathlib.Path(self.path).read_text())

class Asks(BaseTrigger):
    def __init__(self, key):
        super().__init__()
        self.key = key

    def serialize(self):
        return "gates.Asks", {"key": self.key}

    async def run(self):
        yield TriggerEvent(len(await asyncio.to_thread(Variable.get, self.key)))
"""

WAITS = """
from airflow.sdk import BaseOperator, DAG
from gates import Asks, Gate

class Waits(BaseOperator):
    def __init__(self, trigger, **kwargs):
        super().__init__(**kwargs)
        self.trigger = trigger

    def execute(self, context):
        print("BEFORE it")
        self.defer(trigger=self.trigger, method_name="go_on")

    def go_on(self, context, event=None):
        print("AFTER it", event)
        with open({said!r}, "a") as file:
            file.write(f"{{event}}\\n")

with DAG("waits"):
    Waits(task_id="wait", trigger={trigger})
"""


def waits(tmp_path: pathlib.Path, trigger: str, version: str = "v1") -> dict[str, str]:
    """Returns a project whose DAG `waits` has one task, `wait`, that defers and says in `said` what it heard."""
    gates = f"VERSION = {version!r}\n{GATES}"
    return {"dag.py": WAITS.format(trigger=trigger, said=str(tmp_path / "said")), "gates.py": gates}


def gate(tmp_path: pathlib.Path) -> str:
    """Returns a trigger that waits for the file `gate`."""
    return f"Gate({str(tmp_path / 'gate')!r})"


def await_looking(server, run_id: str, version: str = "v1") -> None:
    """Waits until the trigger of the task runs."""
    what = f"LOOKING in {version}"
    eventually(lambda: what in events(server, "waits", run_id, "wait"), "the trigger looks", 90)


def await_host(server) -> str:
    """Waits until there is one host; returns the name of its pod."""
    (pod,) = eventually(server.hosts, "a host is there", 30)
    return str(pod["metadata"]["name"])


def test_a_trigger_of_the_projects_own_fires_and_its_host_goes(make_server, tmp_path: pathlib.Path):
    server = make_server(LEOFLOW_EXECUTOR_HOST_IDLE_LIMIT="1")
    assert server.push(waits(tmp_path, gate(tmp_path))).status == 201
    assert server.hosts() == [], "nothing needs one"
    run_id = server.trigger("waits")
    await_looking(server, run_id)
    assert await_host(server).startswith("leoflow-host-project-v1-")
    eventually(lambda: not server.pods(), "a task that waits has no pod")
    (tmp_path / "gate").write_text("open")
    server.await_run("waits", run_id)
    told = ["BEFORE it", "LOOKING in v1", "FOUND it", "AFTER it open"]

    def in_order() -> bool:
        return [event for event in events(server, "waits", run_id, "wait") if event in told] == told

    eventually(in_order, "the log of the try has all")
    assert (tmp_path / "said").read_text() == "open\n"
    eventually(lambda: not server.hosts(), "the host has ended", 60)


def test_a_host_that_is_killed_while_a_trigger_waits_is_followed_by_another(make_server, node, tmp_path: pathlib.Path):
    server = make_server()
    server.push(waits(tmp_path, gate(tmp_path)))
    run_id = server.trigger("waits")
    await_looking(server, run_id)
    node.kill(server.namespace.name, await_host(server), reason="OOMKilled")
    eventually(lambda: events(server, "waits", run_id, "wait").count("LOOKING in v1") == 2, "another one looks", 90)
    server.namespace.delete_pod(await_host(server), grace=0)
    (tmp_path / "gate").write_text("open")
    server.await_run("waits", run_id)
    assert (tmp_path / "said").read_text() == "open\n"
    assert "ran out of memory (OOMKilled)" in (server.home / "server.log").read_text()


def test_a_trigger_outlives_the_leader_and_fires_once(make_server, tmp_path: pathlib.Path):
    replicas = Replicas(make_server, ["all", "all"])
    first, second = replicas.all
    first.push(waits(tmp_path, gate(tmp_path)))
    run_id = first.trigger("waits")
    await_looking(first, run_id)
    host = await_host(first)
    first.kill()
    assert replicas.await_leader() is second
    (tmp_path / "gate").write_text("open")
    second.await_run("waits", run_id)
    assert (tmp_path / "said").read_text() == "open\n"
    assert await_host(second) == host, "it is the same one"
    assert events(second, "waits", run_id, "wait").count("LOOKING in v1") == 1, "it went on waiting"


def test_each_version_has_a_host_of_its_own(make_server, tmp_path: pathlib.Path):
    server, runs = make_server(), {}
    for version in ("v1", "v2"):
        server.push(waits(tmp_path, gate(tmp_path), version), label=version)
        runs[version] = server.trigger("waits")
        await_looking(server, runs[version], version)
    assert len(server.hosts()) == 2
    (tmp_path / "gate").write_text("open")
    for run_id in runs.values():
        server.await_run("waits", run_id)


def test_a_host_that_cannot_start_says_why_and_is_made_again(make_server, node, tmp_path: pathlib.Path):
    server = make_server()
    server.push(waits(tmp_path, gate(tmp_path)))
    node.plan("image-pull", "leoflow-host-*")
    try:
        run_id = server.trigger("waits")
        log = server.home / "server.log"
        eventually(lambda: "the host of version 'v1' of project 'project': container 'base' waits: ImagePullBackOff"
                   in log.read_text(), "the log says why", 90)  # fmt: skip
    finally:
        node.plan("", "leoflow-host-*")
    (tmp_path / "gate").write_text("open")
    server.await_run("waits", run_id)


def test_a_trigger_has_what_its_project_declares_and_its_log_says_what_is_missing(make_server, tmp_path: pathlib.Path):
    server = make_server()
    for key in ("team_a", "hidden"):
        assert server.request("POST", "/api/v2/variables", {"key": key, "value": "12345"}).status == 201
    declared = {"leoflow.yaml": 'variables: ["team_*"]\n'}
    server.push(waits(tmp_path, "Asks('team_a')") | declared, label="v1")
    server.await_run("waits", server.trigger("waits"))
    assert (tmp_path / "said").read_text() == "5\n"
    server.push(waits(tmp_path, "Asks('hidden')") | declared, label="v2")
    run_id = server.trigger("waits")
    server.await_run("waits", run_id, "failed")
    said = "variable 'hidden' is not declared: name it under 'variables' in the project's leoflow.yaml"
    eventually(lambda: any(said in event for event in events(server, "waits", run_id, "wait")), "the log says why")
    logs = server.get("/api/v2/eventLogs?event=get_variable&order_by=event_log_id")["event_logs"]
    assert [(entry["dag_id"], entry["task_id"], entry["extra"]) for entry in logs] == [
        ("waits", "wait", '{"variable":"team_a","granted":true}'),
        ("waits", "wait", '{"variable":"hidden","granted":false}'),
    ]


CALLS_BACK = """
import json, os, pathlib, signal
from airflow.sdk import DAG, Variable, task

def tell(kind):
    def callback(context):
        said = [kind, context["run_id"], context["ti"].task_id]
        try:
            said.append(Variable.get("ours"))
            Variable.get("hidden")
        except PermissionError:
            said.append("refused")
        pathlib.Path({out!r}, kind).write_text(json.dumps(said))
    return callback

with DAG("good", on_success_callback=tell("success")):
    @task
    def fine(): ...
    fine()

with DAG("bad"):
    @task(on_failure_callback=tell("failure"))
    def dies():
        os.kill(os.getpid(), signal.SIGKILL)
    dies()
"""


def test_callbacks_of_runs_and_of_tries_that_died_run_with_what_is_declared(make_server, tmp_path: pathlib.Path):
    server = make_server()
    for key in ("ours", "hidden"):
        assert server.request("POST", "/api/v2/variables", {"key": key, "value": key}).status == 201
    server.push({"dag.py": CALLS_BACK.format(out=str(tmp_path)), "leoflow.yaml": "variables: [ours]\n"})
    good, bad = server.trigger("good"), server.trigger("bad")

    def said(kind: str) -> list[str]:
        file = tmp_path / kind
        return eventually(lambda: file.exists() and json.loads(file.read_text() or "null"), f"{kind} is called back", 90)

    assert said("success") == ["success", good, "fine", "ours", "refused"]
    assert said("failure") == ["failure", bad, "dies", "ours", "refused"]


ARRIVES = """
import asyncio, pathlib
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

class Arrives(BaseEventTrigger):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def serialize(self):
        return "arrives.Arrives", {"path": self.path}

    async def run(self):
        while not pathlib.Path(self.path).exists():
            await asyncio.sleep(0.02)
        pathlib.Path(self.path).unlink()
        yield TriggerEvent("here")
"""

WATCHES = """
import datetime, pathlib
from airflow.sdk import DAG, Asset, AssetWatcher, DeadlineAlert, DeadlineReference, SyncCallback, task
from arrives import Arrives
from late import tell

inbox = Asset("inbox", watchers=[AssetWatcher(name="files", trigger=Arrives({file!r}))])
late = DeadlineAlert(name="soon", reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=datetime.timedelta(seconds=0),
                     callback=SyncCallback(tell, kwargs={{"to": {late!r}}}))

with DAG("watches", schedule=[inbox], deadline=late):
    @task
    def see(triggering_asset_events=None):
        print("it is", triggering_asset_events[inbox][0].extra["payload"])
    see()
"""

LATE = """
import pathlib

def tell(to, context):
    pathlib.Path(to).write_text(context["dag_run"]["dag_run_id"])
"""


def test_watchers_of_assets_and_deadlines_are_served(make_server, tmp_path: pathlib.Path):
    server = make_server()
    file, late = tmp_path / "file", tmp_path / "late"
    dag = WATCHES.format(file=str(file), late=str(late))
    pushed = server.push({"dag.py": dag, "arrives.py": ARRIVES, "late.py": LATE})
    assert pushed.status == 201, pushed
    assert server.hosts() == [], "a paused DAG watches nothing"
    assert server.request("PATCH", "/api/v2/dags/watches", {"is_paused": False}).status == 200
    file.touch()
    (run,) = eventually(lambda: server.get("/api/v2/dags/watches/dagRuns")["dag_runs"], "the asset has changed", 90)
    server.await_run("watches", run["dag_run_id"])
    eventually(lambda: "it is here" in events(server, "watches", run["dag_run_id"], "see"), "the task has the event")
    eventually(lambda: late.exists() and late.read_text() == run["dag_run_id"], "the deadline calls back", 90)


TIMETABLE = """
import datetime
from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.base import DagRunInfo, DataInterval, Timetable

class Decades(Timetable):
    def infer_manual_data_interval(self, *, run_after):
        start = run_after.replace(year=run_after.year // 10 * 10, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
        return DataInterval(start, start.replace(year=start.year + 10))

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        if last_automated_data_interval is not None:
            return None
        interval = self.infer_manual_data_interval(run_after=restriction.earliest)
        return DagRunInfo.interval(interval.start, interval.end)

class Plugin(AirflowPlugin):
    name = "decades"
    timetables = [Decades]
"""

SCHEDULED = """
import datetime
from airflow.sdk import DAG, task
from decades import Decades

with DAG("decades", schedule=Decades(), start_date=datetime.datetime(1995, 5, 5, tzinfo=datetime.timezone.utc), catchup=True):
    @task
    def do(): ...
    do()
"""


def test_a_timetable_of_the_projects_own_and_what_is_installed(make_server):
    server = make_server()
    assert server.get("/api/v2/providers")["providers"] == [], "nothing was pushed"
    assert server.get("/api/v2/plugins")["plugins"] == []
    pushed = server.push({"dag.py": SCHEDULED, "plugins/decades.py": TIMETABLE, ".airflowignore": "plugins/\n"})
    assert pushed.status == 201, pushed
    assert server.request("PATCH", "/api/v2/dags/decades", {"is_paused": False}).status == 200

    def runs() -> list[dict]:
        return server.get("/api/v2/dags/decades/dagRuns?run_type=scheduled")["dag_runs"]

    (scheduled,) = eventually(runs, "the timetable's run is there", 90)
    assert (scheduled["data_interval_start"][:10], scheduled["data_interval_end"][:10]) == ("1990-01-01", "2000-01-01")
    run_id = server.trigger("decades", logical_date="2024-02-03T04:05:06Z")
    manual = server.get(f"/api/v2/dags/decades/dagRuns/{urllib.parse.quote(run_id)}")
    assert (manual["data_interval_start"][:10], manual["data_interval_end"][:10]) == ("2020-01-01", "2030-01-01")
    names = [provider["package_name"] for provider in server.get("/api/v2/providers?limit=100")["providers"]]
    assert "apache-airflow-providers-standard" in names
    plugins = eventually(lambda: server.get("/api/v2/plugins")["plugins"], "the plugin is listed")
    assert "decades" in [plugin["name"] for plugin in plugins]
