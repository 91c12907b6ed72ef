"""What DAG files may use and no other test does: arguments of operators and DAGs, base classes, helpers of the SDK.

`tests/examples/features.toml` names the test of each feature.
"""

from __future__ import annotations

import datetime
import json
import pathlib
import socketserver
import threading
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest
from support import PYTHON, Lite, eventually
from test_bundles import git

CLASSES = """
import asyncio, datetime, os, pathlib
from airflow.sdk import (
    DAG, BaseAsyncOperator, BaseBranchOperator, BaseHook, BaseNotifier, BaseOperator, BaseOperatorLink,
    BaseSensorOperator, BranchMixIn, PokeReturnValue, ResumableJobMixin, SkipMixin, TaskGroup, TriggerRule, task,
)

OUT = pathlib.Path(os.environ["OUT"])

class Sleeps(BaseAsyncOperator):
    def __init__(self, seconds, **kwargs):
        super().__init__(**kwargs)
        self.seconds = seconds

    async def aexecute(self, context):
        await asyncio.sleep(self.seconds)
        return "slept"

class Chooses(BaseBranchOperator):
    def choose_branch(self, context):
        return ["chosen", "group"]

class AlsoChooses(BaseOperator, BranchMixIn):
    inherits_from_skipmixin = True

    def execute(self, context):
        return self.do_branch(context, "followed")

class Skips(BaseOperator, SkipMixin):
    inherits_from_skipmixin = True

    def execute(self, context):
        self.skip(context["ti"], [self.dag.get_task("skipped")])

class Looks(BaseSensorOperator):
    looks = 0

    def poke(self, context):
        self.looks += 1
        return PokeReturnValue(is_done=self.looks == 3, xcom_value=self.looks)

class Never(BaseSensorOperator):
    def poke(self, context):
        return False

class Job(ResumableJobMixin, BaseOperator):
    def execute(self, context):
        return self.execute_resumable(context)

    def submit_job(self, context):
        with (OUT / "submitted").open("a") as file:
            file.write("job\\n")
        return "job-7"

    def get_job_status(self, external_id, context):
        return "RUNNING"

    def is_job_active(self, status):
        return status == "RUNNING"

    def is_job_succeeded(self, status):
        return status == "SUCCEEDED"

    def poll_until_complete(self, external_id, context):
        if context["ti"].try_number == 1:
            raise ConnectionError("the line is dead")
        return [external_id, context["ti"].try_number]

    def get_job_result(self, external_id, context):
        return None

class Hook(BaseHook):
    def get_conn(self):
        return self.get_connection("db")

class Tells(BaseNotifier):
    template_fields = ("message",)

    def __init__(self, message):
        super().__init__()
        self.message = message

    def notify(self, context):
        (OUT / "notified").write_text(self.message)

class Manual(BaseOperatorLink):
    name = "Manual"

    def get_link(self, operator, *, ti_key):
        return f"https://manual.example/{ti_key.task_id}"

class Linked(BaseOperator):
    operator_extra_links = (Manual(),)

    def execute(self, context):
        pass

with DAG("classes"):
    Sleeps(task_id="sleeps", seconds=0)
    Sleeps(task_id="oversleeps", seconds=60, execution_timeout=datetime.timedelta(milliseconds=200))
    Looks(task_id="looks", poke_interval=0.01)
    Never(task_id="soft", poke_interval=0.01, timeout=0.1, soft_fail=True)
    Job(task_id="job", retries=1, retry_delay=0)
    Linked(task_id="linked")
    names = ("chosen", "not_chosen", "followed", "not_followed", "skipped", "not_skipped")
    empty = {name: task(lambda: None).override(task_id=name)() for name in names}
    with TaskGroup("group") as group:
        task(lambda: None).override(task_id="inner")()
    Chooses(task_id="chooses") >> [empty["chosen"], empty["not_chosen"], group]
    AlsoChooses(task_id="also_chooses") >> [empty["followed"], empty["not_followed"]]
    Skips(task_id="skips") >> [empty["skipped"], empty["not_skipped"]]

    @task(trigger_rule=TriggerRule.ALL_SKIPPED, on_success_callback=Tells("{{ ti.task_id }} is done"))
    def hook():
        return Hook().get_conn().host

    empty["skipped"] >> hook()
"""

HELPERS = """
import datetime, os
from airflow.sdk import (
    DAG, NEVER_EXPIRE, Connection, Context, DagRunState, ObjectStoragePath, Param, ParamsDict, TaskInstance,
    TaskInstanceState, Variable, XComArg, __version__, conf, get_current_context, get_parsing_context, lineage, literal,
    macros, task,
)

PARSED = get_parsing_context()

with DAG("helpers", params=ParamsDict({"size": Param(3, type="integer", maximum=9), "plain": "x"})):
    @task
    def values(ti: TaskInstance = None, **context):
        now: Context = get_current_context()
        assert now["ti"].task_id == ti.task_id == context["task"].task_id
        Variable.set("shape", {"sides": 4}, serialize_json=True)
        found = Variable.get("shape", deserialize_json=True)
        Variable.delete("shape")
        return {
            "connection": Connection.get("db").get_uri(),
            "variables": [found, Variable.get("shape", default="gone")],
            "conf": [conf.getboolean("core", "load_examples"), conf.get("features", "colour")],
            "macros": [macros.ds_add("2026-01-30", 3), macros.ds_format("2026-01-30", "%Y-%m-%d", "%d.%m.%y")],
            "run": ti.get_dagrun_state(ti.dag_id, ti.run_id) == DagRunState.RUNNING,
            "state": ti.state == TaskInstanceState.RUNNING,
            "version": __version__,
            "params": dict(context["params"]),
        }

    @task
    def parsed():
        return [PARSED.dag_id, PARSED.task_id]

    @task
    def collects(ti=None):
        collector = lineage.get_hook_lineage_collector()
        collector.add_output_asset(ti, uri="x://made")
        return [output.asset.uri for output in collector.collected_assets.outputs]

    @task
    def writes():
        path = ObjectStoragePath("file://" + os.environ["OUT"]) / "object"
        path.write_text("kept")
        return path

    @task
    def reads(path):
        return [type(path).__name__, path.read_text()]

    @task
    def remembers(task_state_store=None):
        task_state_store.set("always", 1, retention=NEVER_EXPIRE)
        task_state_store.set("no_more", 1, retention=datetime.timedelta(seconds=-1))
        return [task_state_store.get("always"), task_state_store.get("no_more", default="gone")]

    @task
    def large():
        return "large: " + 100 * "x"

    @task(multiple_outputs=True)
    def two():
        return {"a": 1, "b": 2}

    @task
    def three():
        return [1, 2, 3]

    @task
    def takes(a, b, c, d):
        return [a, [list(pair) for pair in b], c, d]

    @task(templates_dict={"raw": literal("{{ ds }}"), "size": "{{ params.size }}"})
    def templates(templates_dict=None):
        return templates_dict

    values()
    parsed()
    collects()
    reads(writes())
    remembers()
    pair = two()
    numbers = three()
    takes(pair["a"], numbers.map(lambda n: n * 10).zip(numbers), XComArg(pair.operator), large())
    templates()
"""

BACKEND = """
import os, pathlib
from airflow.sdk import BaseXCom

FILE = pathlib.Path(os.environ["OUT"]) / "large"

class Backend(BaseXCom):
    @staticmethod
    def serialize_value(value, **at):
        if isinstance(value, str) and value.startswith("large: "):
            FILE.write_text(value)
            value = "elsewhere"
        return BaseXCom.serialize_value(value)

    @staticmethod
    def deserialize_value(result):
        value = BaseXCom.deserialize_value(result)
        return FILE.read_text() if value == "elsewhere" else value
"""

CALLBACKS = """
import os, pathlib
from airflow.sdk import DAG, task
from airflow.sdk.exceptions import AirflowSkipException

OUT = pathlib.Path(os.environ["OUT"])

def tells(kind):
    def callback(context, result=None):
        ti = context["ti"]
        with (OUT / f"told.{ti.task_id}").open("a") as file:
            file.write(f"{kind} {ti.try_number} {context.get('exception')} {result}\\n")
    return callback

KINDS = ("execute", "success", "failure", "retry", "skipped")
ARGS = {f"on_{kind}_callback": tells(kind) for kind in KINDS}
ARGS["on_failure_callback"] = [tells("failure"), tells("failure, too")]

def refuses(context, result=None):
    raise ValueError("not today")

with DAG("callbacks", default_args=ARGS):
    @task(pre_execute=tells("pre"), post_execute=tells("post"))
    def succeeds():
        return 7

    @task(retries=1, retry_delay=0, email=["ann@example.com", "bob@example.com"])
    def fails():
        raise ValueError("as asked")

    @task(retries=1, retry_delay=0, email="cid@example.com", email_on_failure=False, email_on_retry=False)
    def is_silent():
        raise ValueError("as asked")

    @task
    def skips():
        raise AirflowSkipException("not needed")

    @task(pre_execute=refuses)
    def does_not_begin(): ...

    @task(post_execute=refuses)
    def does_not_succeed(): ...

    succeeds(), fails(), is_silent(), skips(), does_not_begin(), does_not_succeed()
"""

ARGUMENTS = """
import datetime, os, time
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, BaseOperator, TaskGroup, WeightRule, task

class Renders(BaseOperator):
    template_fields = ("value",)

    def __init__(self, value, **kwargs):
        super().__init__(**kwargs)
        self.value = value

    def execute(self, context):
        self.log.info("SAYING so")
        return [self.value, type(self.value).__name__]

with DAG("arguments", default_args={"owner": "ann", "queue": "fast"}, params={"n": 1, "m": 2}) as dag:
    @task(multiple_outputs=True)
    def outputs():
        return {"a": 1, "b": 2}

    @task(do_xcom_push=False)
    def keeps():
        return 1

    @task(params={"n": 5})
    def params(params=None):
        return [params["n"], params["m"]]

    @task
    def nests():
        return BashOperator(task_id="nested", bash_command="true", allow_nested_operators=False).execute({})

    @task
    def may_nest():
        return BashOperator(task_id="nested", bash_command="echo in", allow_nested_operators=True).execute({})

    @task(execution_timeout=datetime.timedelta(milliseconds=300))
    def takes_long():
        time.sleep(60)

    Renders(task_id="text", value="{{ [1, 2] }}")
    Renders(task_id="native", value="{{ [1, 2] }}", render_template_as_native_obj=True)
    Renders(task_id="named", value="", logger_name="of.my.own")
    outputs(), keeps(), params(), nests(), may_nest(), takes_long()

group = TaskGroup("group", dag=dag)
BashOperator(
    task_id="shown", bash_command="true", dag=dag, task_group=group, owner="bob", queue="slow",
    executor="LocalExecutor", executor_config={"LocalExecutor": {"x": 1}}, resources={"cpus": 2}, retries=4,
    sla=datetime.timedelta(hours=1), doc_md="**md**", task_display_name="Shown so", priority_weight=7,
    weight_rule=WeightRule.ABSOLUTE, pool_slots=2, execution_timeout=datetime.timedelta(minutes=5), retry_delay=7.5,
    retry_exponential_backoff=3, max_retry_delay=60.0, depends_on_past=True, ignore_first_depends_on_past=True,
    wait_for_downstream=True, pool="small",
    start_date=datetime.datetime(2020, 1, 1), end_date=datetime.datetime(2040, 1, 1),
)
for kind in ("doc", "doc_json", "doc_yaml", "doc_rst"):
    BashOperator(task_id=kind, bash_command="true", dag=dag, **{kind: "[text]"})

with DAG("another_user"):
    @task(run_as_user="somebody")
    def other():
        print("SAYING so")
        return os.environ.get("RUNS_AS")

    other()
"""

NO_EXECUTOR = """
from airflow.sdk import DAG, task
with DAG("no_executor"):
    task(lambda: 1).override(task_id="a", executor="CeleryExecutor")()
"""

RETRIES = """
import datetime
from airflow.sdk import DAG, ExceptionRetryPolicy, RetryAction, RetryDecision, RetryPolicy, RetryRule, task

class Mine(RetryPolicy):
    def evaluate(self, exception, try_number, max_tries, context=None):
        if try_number == 2:
            return RetryDecision.fail("enough")
        return RetryDecision.retry(delay=datetime.timedelta(seconds=0), reason="once more")

    def serialize(self):
        return {}

rules = ExceptionRetryPolicy(rules=[
    RetryRule(exception=ConnectionError, action=RetryAction.RETRY, retry_delay=datetime.timedelta(milliseconds=10)),
    RetryRule(exception="builtins.ValueError", action=RetryAction.FAIL, reason="bad data"),
])

with DAG("retries", default_args={"retries": 3, "retry_delay": datetime.timedelta(hours=1)}):
    @task(retry_policy=rules)
    def reset(ti=None):
        if ti.try_number < 3:
            raise ConnectionResetError("again")

    @task(retry_policy=rules)
    def bad():
        raise ValueError("bad")

    @task(retry_policy=Mine())
    def mine():
        raise RuntimeError("mine")

    @task(retry_policy=rules, retry_delay=0, retries=1)
    def other():
        raise OSError("no rule for it")

    @task(retry_delay=0.1, retry_exponential_backoff=2, max_retry_delay=0.3)
    def backs_off():
        raise RuntimeError("off")

    reset(), bad(), mine(), other(), backs_off()
"""


DAG_ARGUMENTS = """
import datetime, os
import jinja2
from airflow.sdk import DAG, BaseOperator, TaskGroup, task

class Renders(BaseOperator):
    template_fields = ("value",)
    template_ext = (".txt",)

    def __init__(self, value, **kwargs):
        super().__init__(**kwargs)
        self.value = value

    def execute(self, context):
        return self.value

TEMPLATES = dict(template_searchpath=[os.environ["OUT"] + "/templates"], user_defined_macros={"shout": str.upper})

with DAG(
    "lenient", template_undefined=jinja2.Undefined, render_template_as_native_obj=True,
    user_defined_filters={"twice": lambda text: 2 * text}, **TEMPLATES,
):
    Renders(task_id="file", value="hello.txt")
    Renders(task_id="native", value="{{ [1, 2] }}")
    Renders(task_id="text", value="{{ [1, 2] }}", render_template_as_native_obj=False)
    Renders(task_id="undefined", value="{{ nobody }}nothing")

with DAG("strict", jinja_environment_kwargs={"keep_trailing_newline": True}, **TEMPLATES):
    Renders(task_id="file", value="bye.txt")
    Renders(task_id="undefined", value="{{ nobody }}nothing")

with DAG(
    "described", description="What it is for", doc_md="# About", tags=["b", "a"], dag_display_name="Described so",
    default_args={"owner": "ann"}, owner_links={"ann": "https://ann.example"}, is_paused_upon_creation=False,
    access_control={"Viewer": {"DAGs": {"can_read"}}}, disable_bundle_versioning=True, rerun_with_latest_version=True,
    sla_miss_callback=print, max_active_runs=3, max_active_tasks=2, max_consecutive_failed_dag_runs=5, catchup=True,
    start_date=datetime.datetime(2026, 1, 1), end_date=datetime.datetime(2026, 1, 3, 12), schedule="@daily",
    dagrun_timeout=datetime.timedelta(hours=1), params={"n": 1}, fail_fast=True,
):
    @task
    def n(params=None):
        return params["n"]

    n()

with DAG("scheduled_only", allowed_run_types=["scheduled"], schedule="@daily"):
    task(lambda: None).override(task_id="a")()

def make():
    with DAG("registered"):
        task(lambda: None).override(task_id="a")()
    with DAG("not_registered", auto_register=False):
        task(lambda: None).override(task_id="a")()

make()
"""

STRUCTURE = """
from airflow.sdk import (
    DAG, EdgeModifier, Label, TaskGroup, chain, chain_linear, cross_downstream, dag, result, task, task_group,
)

def make(*names):
    return [task(lambda: None).override(task_id=name)() for name in names]

with DAG("structure"):
    a, b, c, d, e, f = make(*"abcdef")
    chain(a, [b, c], [d, e], f)
    g, h, i, j, k = make(*"ghijk")
    chain_linear(g, [h, i], [j, k])
    p, q, r, s = make(*"pqrs")
    cross_downstream([p, q], [r, s])
    x, y, z = make(*"xyz")
    x >> Label("then") >> y
    z << EdgeModifier("at last") << y
    with TaskGroup("outer", tooltip="of all") as outer:
        with TaskGroup("inner", prefix_group_id=False):
            make("deep")

        @task_group(default_args={"retries": 3})
        def decorated():
            make("last")

        decorated()
    z >> outer

@dag(schedule=None, dag_id="decorated")
def of_function(size: int = 3):
    @result
    @task
    def tells(size):
        return size

    tells(size)

of_function()
"""

DATES = """
import datetime
from airflow.sdk import DAG, task

with DAG("dates"):
    task(lambda: None).override(task_id="until_march", end_date=datetime.datetime(2026, 3, 1))()
    task(lambda: None).override(task_id="from_march", start_date=datetime.datetime(2026, 3, 1))()
"""

SCHEDULES = """
import datetime
from airflow.sdk import DAG, Asset, AssetOrTimeSchedule, CronTriggerTimetable, DeltaTriggerTimetable, task
from dateutil.relativedelta import MO, relativedelta

daily = CronTriggerTimetable("0 0 * * *", timezone="UTC")
for name, schedule in {
    "once": "@once", "continuous": "@continuous", "delta": datetime.timedelta(days=1), "cron": daily,
    "mondays": DeltaTriggerTimetable(relativedelta(days=1, weekday=MO)),
    "either": AssetOrTimeSchedule(timetable=daily, assets=Asset("x://news")),
}.items():
    start = datetime.datetime(2026, 1, 1)
    with DAG(name, schedule=schedule, start_date=start, max_active_runs=1, is_paused_upon_creation=False):
        task(lambda: None).override(task_id="a")()
"""

DECORATORS = """
import os, sqlite3, sys
from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.providers.common.sql.operators.sql import BaseSQLOperator
from airflow.sdk import DAG, task

# It has no Airflow, so it starts quickly.
PLAIN = dict(python=os.path.realpath(sys.executable), expect_airflow=False)

class Hook(DbApiHook):
    conn_name_attr = "conn"
    default_conn_name = "db"

    def get_conn(self):
        return sqlite3.connect(":memory:")

# The providers with databases are not part of Airflow's own packages.
BaseSQLOperator.get_hook = classmethod(lambda *args, **kwargs: Hook())

with DAG("decorators"):
    @task.run_if(lambda context: context["dag_run"].conf.get("run"))
    @task
    def runs():
        return "ran"

    @task.run_if(lambda context: (False, "not today"))
    @task.bash
    def does_not_run():
        return "true"

    @task.skip_if(lambda context: True)
    @task
    def is_skipped(): ...

    @task.external_python(**PLAIN)
    def elsewhere(n):
        import sys
        return [n, sys.executable]

    @task.branch_external_python(**PLAIN)
    def decides():
        return "taken"

    @task
    def taken(): ...

    @task
    def not_taken(): ...

    @task.sql(conn_id="db", handler=lambda cursor: [n for n, in cursor])
    def sql():
        return "SELECT 7"

    runs(), does_not_run(), is_skipped(), elsewhere(1), sql()
    decides() >> [taken(), not_taken()]
"""

STUBS = """
from airflow.sdk import DAG, task

with DAG("stubs"):
    @task.stub(queue="java")
    def other_language(): ...

    other_language()
"""

OWN_DEADLINE = """
import datetime
from airflow.sdk import DAG, BaseDeadlineReference, DeadlineAlert, SyncCallback, deadline_reference, task

@deadline_reference
class Mine(BaseDeadlineReference):
    def _evaluate_with(self, *, session, **kwargs):
        return datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)

    def serialize_reference(self):
        return {"reference_type": self.reference_name}

alert = DeadlineAlert(reference=Mine(), interval=datetime.timedelta(1), callback=SyncCallback("builtins.print"))
with DAG("own_deadline", deadline=alert):
    task(lambda: 1).override(task_id="a")()
"""

RERUNS = """
from airflow.sdk import DAG, task

with DAG("reruns", rerun_with_latest_version=True):
    for name in {names}:
        task(lambda: None).override(task_id=name)()
"""

VERSIONS = """
from airflow.sdk import DAG, task

for name in ("with_version", "without_version"):
    with DAG(name, disable_bundle_versioning=name == "without_version"):
        task(lambda: None).override(task_id="a")()
"""

LINEAGE = """
from airflow.plugins_manager import AirflowPlugin
from airflow.sdk.lineage import HookLineageReader

class Lineage(AirflowPlugin):
    name = "lineage"
    hook_lineage_readers = [HookLineageReader]
"""

class Mails(socketserver.ThreadingTCPServer):
    """As much of an SMTP server as it takes to get mails; keeps their recipients and texts."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Mail)
        self.daemon_threads = True
        self.mails: list[tuple[list[str], str]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Mail(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        to: list[str] = []
        self._say("220 hello")
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "RCPT":
                to.append(line.split("<")[1].split(">")[0])
            if verb == "DATA":
                self._say("354 go on")
                lines = iter(lambda: self.rfile.readline().decode().rstrip("\r\n"), ".")
                self.server.mails.append((to, "\n".join(lines)))
            self._say("221 bye" if verb == "QUIT" else "250 fine")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lite]:
    """Gives a server with a DAG file for each test."""
    folder = tmp_path_factory.mktemp("features")
    lite = Lite(home=folder / "home", dags=folder / "dags")
    repository = folder / "repository"
    for made in (lite.home, lite.dags, repository, folder / "plugins", folder / "templates", folder / "bin"):
        made.mkdir()
    (folder / "plugins/my_backend.py").write_text(BACKEND)
    (folder / "plugins/my_lineage.py").write_text(LINEAGE)
    (folder / "templates/hello.txt").write_text("{{ shout('hello') | twice }}")
    (folder / "templates/bye.txt").write_text("{{ shout('bye') }}\n")
    (repository / "versions.py").write_text(VERSIONS)
    for arguments in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "DAGs")):
        git(repository, *arguments)
    kwargs = {"repo_url": str(repository), "tracking_ref": "main"}
    bundle = {"name": "repo", "classpath": "airflow.providers.git.bundles.git.GitDagBundle", "kwargs": kwargs}
    # Whoever it is told to become, it only says so.
    sudo = folder / "bin/sudo"
    sudo.write_text('#!/bin/sh\nexport RUNS_AS="$4"\nshift 4\nexec "$@"\n')
    sudo.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OUT", str(folder))
        patch.setenv("PATH", str(folder / "bin"), prepend=":")
        patch.setenv("AIRFLOW__CORE__PLUGINS_FOLDER", str(folder / "plugins"))
        patch.setenv("AIRFLOW__CORE__XCOM_BACKEND", "my_backend.Backend")
        patch.setenv("AIRFLOW__FEATURES__COLOUR", "blue")
        patch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))
        lite.set_up()
        for name, source in {
            "classes.py": CLASSES,
            "helpers.py": HELPERS,
            "callbacks.py": CALLBACKS,
            "arguments.py": ARGUMENTS,
            "no_executor.py": NO_EXECUTOR,
            "retries.py": RETRIES,
            "dag_arguments.py": DAG_ARGUMENTS,
            "structure.py": STRUCTURE,
            "dates.py": DATES,
            "schedules.py": SCHEDULES,
            "decorators.py": DECORATORS,
            "stubs.py": STUBS,
            "own_deadline.py": OWN_DEADLINE,
        }.items():
            lite.write_dag(name, source)
        lite.start()
        body = {"connection_id": "db", "conn_type": "generic", "host": "db.example"}
        assert lite.request("POST", "/api/v2/connections", body).status == 201
        yield lite
        lite.stop()


@pytest.fixture
def out(lite: Lite) -> pathlib.Path:
    """Gives the folder that the DAGs write to."""
    return lite.home.parent


def run(lite: Lite, dag_id: str, state: str = "success", conf: dict[str, Any] | None = None) -> str:
    """Runs a DAG to its end and returns the run's id."""
    lite.await_dag(dag_id)
    run_id = lite.trigger(dag_id, conf)
    lite.await_run(dag_id, run_id, state)
    return run_id


def states(lite: Lite, dag_id: str, run_id: str) -> dict[str, str]:
    """Returns the state of each task of a run."""
    return {task_id: ti["state"] for task_id, ti in lite.task_instances(dag_id, run_id).items()}


def returned(lite: Lite, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
    """Returns what a task returned, or left under another key; None if nothing."""
    place = f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id)}/taskInstances/{task_id}/xcomEntries/{key}"
    answer = lite.request("GET", place)
    return answer.body["value"] if answer.status == 200 else None


def test_operators_of_the_users_own_on_every_base_class(lite, out):
    run_id = run(lite, "classes", "failed")
    assert states(lite, "classes", run_id) == {
        "sleeps": "success",
        "oversleeps": "failed",
        "looks": "success",
        "soft": "skipped",
        "job": "success",
        "linked": "success",
        "chooses": "success",
        "chosen": "success",
        "not_chosen": "skipped",
        "group.inner": "success",
        "also_chooses": "success",
        "followed": "success",
        "not_followed": "skipped",
        "skips": "success",
        "skipped": "skipped",
        "not_skipped": "success",
        "hook": "success",
    }
    assert returned(lite, "classes", run_id, "sleeps") == "slept"
    assert returned(lite, "classes", run_id, "looks") == 3
    assert returned(lite, "classes", run_id, "hook") == "db.example"
    assert returned(lite, "classes", run_id, "job") == ["job-7", 2], "the second try finds the job of the first"
    assert (out / "submitted").read_text() == "job\n"
    eventually(lambda: (out / "notified").exists(), "the notifier is called")
    assert (out / "notified").read_text() == "hook is done"
    assert returned(lite, "classes", run_id, "linked", "_link_Manual") == "https://manual.example/linked"


def test_a_link_of_an_operator_is_shown(lite):
    run_id = run(lite, "classes", "failed")
    place = f"/api/v2/dags/classes/dagRuns/{urllib.parse.quote(run_id)}/taskInstances/linked/links"
    assert lite.get(place)["extra_links"] == {"Manual": "https://manual.example/linked"}


def test_what_the_sdk_gives_to_tasks(lite, out):
    run_id = run(lite, "helpers", conf={"size": 4})
    values = returned(lite, "helpers", run_id, "values")
    assert values.pop("version").startswith("1.3.")
    assert values == {
        "connection": "generic://db.example",
        "variables": [{"sides": 4}, "gone"],
        "conf": [False, "blue"],
        "macros": ["2026-02-02", "30.01.26"],
        "run": True,
        "state": True,
        "params": {"size": 4, "plain": "x"},
    }
    assert returned(lite, "helpers", run_id, "collects") == ["x://made/"]
    assert returned(lite, "helpers", run_id, "reads") == ["ObjectStoragePath", "kept"]
    assert returned(lite, "helpers", run_id, "remembers") == [1, "gone"]
    assert returned(lite, "helpers", run_id, "templates") == {"raw": "{{ ds }}", "size": "4"}
    large = "large: " + 100 * "x"
    assert returned(lite, "helpers", run_id, "large") == "elsewhere", "the backend keeps it"
    taken = [1, [[10, 1], [20, 2], [30, 3]], {"a": 1, "b": 2}, large]
    assert returned(lite, "helpers", run_id, "takes") == taken
    refused = lite.request("POST", "/api/v2/dags/helpers/dagRuns", {"logical_date": None, "conf": {"size": 10}})
    assert refused.status == 400 and "size" in str(refused.body), refused


@pytest.mark.xfail(strict=True, reason="the file is imported before it is known for which task")
def test_a_file_is_told_for_which_task_it_is_parsed(lite):
    run_id = run(lite, "helpers")
    assert returned(lite, "helpers", run_id, "parsed") == ["helpers", "parsed"]


def told(out: pathlib.Path, task_id: str) -> list[str]:
    """Returns what the callbacks of a task wrote so far."""
    file = out / f"told.{task_id}"
    return file.read_text().splitlines() if file.exists() else []


def test_callbacks_and_mails_of_tasks(lite, out):
    server = Mails()
    host, port = server.server_address
    extra = json.dumps({"disable_ssl": True, "disable_tls": True})
    body = {"connection_id": "smtp_default", "conn_type": "smtp", "host": host, "port": port, "extra": extra}
    assert lite.request("POST", "/api/v2/connections", body).status == 201
    run_id = run(lite, "callbacks", "failed")
    failures = ["failure 1 not today None", "failure, too 1 not today None"]
    expected = {
        "succeeds": ["pre 1 None None", "execute 1 None None", "post 1 None 7", "success 1 None None"],
        "fails": [
            "execute 1 None None",
            "retry 1 as asked None",
            "execute 2 None None",
            "failure 2 as asked None",
            "failure, too 2 as asked None",
        ],
        "skips": ["execute 1 None None", "skipped 1 None None"],
        "does_not_begin": failures,
        "does_not_succeed": ["execute 1 None None", *failures],
    }
    # The last ones are called when the run has ended already.
    lines = {task_id: len(calls) for task_id, calls in expected.items()} | {"is_silent": 5}
    eventually(lambda: {task_id: len(told(out, task_id)) for task_id in lines} == lines, "all callbacks are called")
    eventually(lambda: len(server.mails) == 2, "both mails are sent")
    both = ["ann@example.com", "bob@example.com"]
    assert [to for to, _ in server.mails] == [both, both], "one of the retry, one of the failure"
    assert all("Subject: Airflow alert" in text and "task_id='fails'" in text for _, text in server.mails)
    assert {task_id: told(out, task_id) for task_id in states(lite, "callbacks", run_id) if task_id != "is_silent"} == expected


def test_arguments_of_operators(lite):
    pool = {"name": "small", "slots": 2, "description": "", "include_deferred": False}
    assert lite.request("POST", "/api/v2/pools", pool).status == 201
    run_id = run(lite, "arguments", "failed")
    ended = states(lite, "arguments", run_id)
    assert {task_id for task_id, state in ended.items() if state != "success"} == {"nests", "takes_long"}
    values = {task_id: returned(lite, "arguments", run_id, task_id) for task_id in ended}
    assert {task_id: value for task_id, value in values.items() if value not in (None, "")} == {
        "outputs": {"a": 1, "b": 2},
        "params": [5, 2],
        "may_nest": "in",
        "text": ["[1, 2]", "str"],
        "native": [[1, 2], "list"],
        "named": ["", "str"],
    }
    assert returned(lite, "arguments", run_id, "outputs", "b") == 2
    loggers = {record.get("logger") for record in lite.log("arguments", run_id, "named")}
    assert "airflow.task.operators.of.my.own" in loggers
    shown = lite.get("/api/v2/dags/arguments/tasks/group.shown")
    expected = {
        "task_display_name": "Shown so", "owner": "bob", "queue": "slow", "pool": "small", "pool_slots": 2,
        "priority_weight": 7, "weight_rule": "absolute", "retries": 4, "retry_exponential_backoff": 3,
        "depends_on_past": True, "wait_for_downstream": True, "doc_md": "**md**",
        "start_date": "2020-01-01T00:00:00Z", "end_date": "2040-01-01T00:00:00Z",
    }  # fmt: skip
    assert {name: shown[name] for name in expected} == expected
    assert shown["execution_timeout"]["seconds"] == 300 and shown["retry_delay"]["microseconds"] == 500000
    assert lite.get("/api/v2/dags/arguments/tasks/text")["owner"] == "ann", "as the DAG's default_args say"
    instance = lite.task_instances("arguments", run_id)["group.shown"]
    expected = {"queue": "slow", "pool": "small", "pool_slots": 2, "executor": "LocalExecutor", "priority_weight": 7}
    assert {name: instance[name] for name in expected} == expected


def test_the_configuration_for_an_executor_is_shown(lite):
    run_id = run(lite, "arguments", "failed")
    shown = lite.task_instances("arguments", run_id)["group.shown"]["executor_config"]
    assert shown == "{'LocalExecutor': {'x': 1}}"


def test_a_task_runs_as_another_user(lite):
    run_id = run(lite, "another_user")
    assert returned(lite, "another_user", run_id, "other") == "somebody"
    assert "SAYING so" in str(lite.log("another_user", run_id, "other"))


def test_retry_policies_and_delays(lite):
    run_id = run(lite, "retries", "failed")
    ended = {name: (ti["state"], ti["try_number"]) for name, ti in lite.task_instances("retries", run_id).items()}
    assert ended == {
        "reset": ("success", 3),
        "bad": ("failed", 1),
        "mine": ("failed", 2),
        "other": ("failed", 2),
        "backs_off": ("failed", 4),
    }


def test_arguments_of_dags(lite):
    lenient = run(lite, "lenient")
    values = {task_id: returned(lite, "lenient", lenient, task_id) for task_id in states(lite, "lenient", lenient)}
    assert values == {"file": "HELLOHELLO", "native": [1, 2], "text": "[1, 2]", "undefined": "nothing"}
    strict = run(lite, "strict", "failed")
    assert states(lite, "strict", strict) == {"file": "success", "undefined": "failed"}
    assert returned(lite, "strict", strict, "file") == "BYE\n"
    details = lite.get("/api/v2/dags/described/details")
    expected = {
        "description": "What it is for", "doc_md": "# About", "dag_display_name": "Described so", "owners": ["ann"],
        "default_args": {"owner": "ann"}, "owner_links": {"ann": "https://ann.example"}, "is_paused": False,
        "rerun_with_latest_version": True, "max_active_runs": 3, "max_active_tasks": 2, "catchup": True,
        "max_consecutive_failed_dag_runs": 5, "dag_run_timeout": "PT1H", "start_date": "2026-01-01T00:00:00Z",
        "end_date": "2026-01-03T12:00:00Z", "is_paused_upon_creation": False, "timetable_description": "At 00:00",
    }  # fmt: skip
    assert {name: details[name] for name in expected} == expected
    assert [tag["name"] for tag in details["tags"]] == ["a", "b"]
    dates = [f"2026-01-0{day}T00:00:00Z" for day in (1, 2, 3)]

    def runs() -> list[tuple[str, str]]:
        return [(r["logical_date"], r["state"]) for r in lite.get("/api/v2/dags/described/dagRuns")["dag_runs"]]

    eventually(lambda: sorted(runs()) == [(date, "success") for date in dates], "the runs of three days")
    answer = lite.request("POST", "/api/v2/dags/scheduled_only/dagRuns", {"logical_date": None})
    assert answer.status == 400 and "does not allow manual runs" in answer.body["detail"], answer
    found = {dag["dag_id"] for dag in lite.get("/api/v2/dags?dag_id_pattern=registered")["dags"]}
    assert found == {"registered"}


def test_a_cleared_run_goes_on_with_the_newest_version_of_its_dag(lite):
    lite.write_dag("reruns.py", RERUNS.format(names=["old"]))
    run_id = run(lite, "reruns")
    lite.write_dag("reruns.py", RERUNS.format(names=["old", "new"]))
    lite.await_dag("reruns", tasks=2)
    place = f"/api/v2/dags/reruns/dagRuns/{urllib.parse.quote(run_id)}"
    cleared = lite.request("POST", f"{place}/clear", {"dry_run": False})
    assert cleared.status == 200, cleared
    lite.await_run("reruns", run_id)
    assert states(lite, "reruns", run_id) == {"old": "success", "new": "success"}
    assert {ti["dag_version"]["version_number"] for ti in lite.task_instances("reruns", run_id).values()} == {2}


def test_a_dag_may_do_without_the_versions_of_its_bundle(lite, out):
    found = {}
    for dag_id in ("with_version", "without_version"):
        run_id = run(lite, dag_id)
        found[dag_id] = lite.get(f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id)}")["bundle_version"]
    assert found == {"with_version": git(out / "repository", "rev-parse", "HEAD"), "without_version": None}


def test_helpers_that_connect_tasks(lite):
    run(lite, "structure")
    tasks = {task["task_id"]: task for task in lite.get("/api/v2/dags/structure/tasks")["tasks"]}
    assert {name: "".join(task["downstream_task_ids"]) for name, task in tasks.items() if len(name) == 1} == {
        **{"a": "bc", "b": "d", "c": "e", "d": "f", "e": "f", "f": ""},
        **{"g": "hi", "h": "jk", "i": "jk", "j": "", "k": ""},
        **{"p": "rs", "q": "rs", "r": "", "s": ""},
        **{"x": "y", "y": "z", "z": "deepouter.decorated.last"},
    }
    assert tasks["outer.decorated.last"]["retries"] == 3
    edges = lite.get("/ui/structure/structure_data?dag_id=structure")["edges"]
    labels = {(edge["source_id"], edge["target_id"]): edge["label"] for edge in edges if edge["label"]}
    assert labels == {("x", "y"): "then", ("y", "z"): "at last"}
    run_id = run(lite, "decorated", conf={"size": 9})
    assert returned(lite, "decorated", run_id, "tells") == 9


def test_a_run_has_only_the_tasks_whose_dates_it_is_within(lite):
    lite.await_dag("dates")
    assert lite.request("PATCH", "/api/v2/dags/dates", {"is_paused": False}).status == 200
    for date, task_id in (("2026-02-01T00:00:00Z", "until_march"), ("2026-04-01T00:00:00Z", "from_march")):
        made = lite.request("POST", "/api/v2/dags/dates/dagRuns", {"logical_date": date, "conf": {}})
        lite.await_run("dates", made.body["dag_run_id"])
        assert states(lite, "dates", made.body["dag_run_id"]) == {task_id: "success"}
    without_date = states(lite, "dates", run(lite, "dates"))
    assert without_date == {"until_march": "success", "from_march": "success"}


def test_schedules_make_runs(lite):
    def runs(dag_id: str) -> list[str]:
        listed = lite.get(f"/api/v2/dags/{dag_id}/dagRuns?limit=100")["dag_runs"]
        return sorted(run["run_type"] for run in listed if run["state"] == "success")

    lite.await_dag("either")
    eventually(lambda: len(runs("continuous")) > 2, "one run after the other")
    names = ("once", "delta", "mondays", "cron", "either")
    eventually(lambda: [runs(name) for name in names] == len(names) * [["scheduled"]], "one run each")
    next_run = lite.get("/api/v2/dags/mondays")["next_dagrun_run_after"]
    assert datetime.datetime.fromisoformat(next_run).weekday() == 0
    [asset] = lite.get("/api/v2/assets?uri_pattern=x://news")["assets"]
    assert lite.request("POST", "/api/v2/assets/events", {"asset_id": asset["id"]}).status == 200
    eventually(lambda: runs("either") == ["asset_triggered", "scheduled"], "a run for the asset, too")
    assert runs("once") == ["scheduled"]


def test_decorators_of_tasks(lite):
    run_id = run(lite, "decorators", conf={"run": True})
    assert states(lite, "decorators", run_id) == {
        "runs": "success",
        "does_not_run": "skipped",
        "is_skipped": "skipped",
        "elsewhere": "success",
        "decides": "success",
        "taken": "success",
        "not_taken": "skipped",
        "sql": "success",
    }
    values = {name: returned(lite, "decorators", run_id, name) for name in ("runs", "elsewhere", "sql")}
    assert values == {"runs": "ran", "elsewhere": [1, str(PYTHON.resolve())], "sql": [7]}


def test_the_result_of_a_dag_is_told(lite):
    run_id = run(lite, "decorated")
    waited = lite.request("GET", f"/api/v2/dags/decorated/dagRuns/{urllib.parse.quote(run_id)}/wait?interval=1")
    assert waited.status == 200 and waited.body == {"state": "success", "results": {"tells": 3}}


def test_a_task_for_another_language_says_that_nobody_runs_it(lite):
    run_id = run(lite, "stubs", "failed")
    assert "we expected this to go to a remote worker" in str(lite.log("stubs", run_id, "other_language"))


def test_what_does_not_load_is_told(lite):
    def errors() -> dict[str, str]:
        listed = lite.get("/api/v2/importErrors")["import_errors"]
        return {error["filename"]: error["stack_trace"] for error in listed}

    eventually(lambda: len(errors()) == 2, "two files do not load")
    assert "specifies executor 'CeleryExecutor', which is not available" in errors()["no_executor.py"]
    assert "one of your own; those are not supported yet" in errors()["own_deadline.py"]
