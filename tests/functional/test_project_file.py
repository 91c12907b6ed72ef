"""What a project's leoflow.yaml says holds in Lite, as it will where the project is deployed."""

from __future__ import annotations

import re
import subprocess

import pytest
from support import BIN, PYTHON, Lite, eventually

DAG = """
from airflow.sdk import dag, get_current_context, task

@dag(schedule=None, tags=["of the file"])
def sales():
    @task
    def load():
        if get_current_context()["ti"].try_number == 1:
            raise RuntimeError("not at once")
    load()
sales()
"""

OTHER = """
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
with DAG("{}"):
    EmptyOperator(task_id="nothing")
"""

PROJECT_FILE = """
description: What was sold
owner: shop
tags: [money]
tasks:
  load: {retries: 1, retry_delay_seconds: 0, resources: {memory: 64Mi}}
"""


def tags(lite, dag_id: str = "sales") -> list[str]:
    """Returns the tags of a DAG."""
    return [tag["name"] for tag in lite.get(f"/api/v2/dags/{dag_id}")["tags"]]


def test_it_holds_while_dags_are_written_and_an_edit_of_it_is_seen(make_lite):
    lite = make_lite({"sales/dag.py": DAG, "sales/leoflow.yaml": PROJECT_FILE})
    lite.await_dag("sales")
    dag = lite.get("/api/v2/dags/sales")
    assert (dag["description"], dag["owners"], tags(lite)) == ("What was sold", ["shop"], ["money"])
    run = lite.trigger("sales")
    lite.await_run("sales", run)
    assert lite.task_instances("sales", run)["load"]["try_number"] == 2
    assert "sales/leoflow.yaml: `resources` and `execution` are for pods" in (lite.home / "server.log").read_text()

    lite.write_dag("sales/leoflow.yaml", "tags: [money, daily]\n")
    eventually(lambda: sorted(tags(lite)) == ["daily", "money"], "the edit is seen")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("tags: [a]\nownr: me\n", "leoflow.yaml, line 2: unknown key 'ownr'; did you mean 'owner'?"),
        ("dag_id: sale\n", "leoflow.yaml, line 1: 'dag_id' is 'sale', but dag.py defines sales"),
        ("tasks:\n  laod: {}\n", "leoflow.yaml, line 2: the DAG has no task 'laod'; did you mean 'load'?"),
        ("tags: [\n", "leoflow.yaml, line 2: "),
        ("dag_source: sale.py\n", "leoflow.yaml, line 1: there is no DAG file sale.py"),
        ("exclude_paths: [dag.py]\n", "leoflow.yaml: 'exclude_paths' leaves out the DAG file dag.py"),
    ],
)
def test_what_is_wrong_in_it_is_an_import_error_and_the_last_good_version_stays(make_lite, wrong, told):
    lite = make_lite({"sales/dag.py": DAG, "sales/leoflow.yaml": PROJECT_FILE})
    lite.await_dag("sales")
    errors = lambda: [error["stack_trace"] for error in lite.get("/api/v2/importErrors")["import_errors"]]  # noqa: E731
    eventually(lambda: not errors(), "nothing is wrong")
    lite.write_dag("sales/leoflow.yaml", wrong)
    assert told in eventually(errors, "the problem is told")[0]
    assert tags(lite) == ["money"]
    assert not lite.get("/api/v2/dags/sales")["is_stale"]
    lite.write_dag("sales/leoflow.yaml", "tags: [right]\n")
    eventually(lambda: not errors() and tags(lite) == ["right"], "it is right again")


def test_what_it_excludes_is_not_parsed_and_its_dag_file_alone_defines_dags(make_lite):
    lite = make_lite(
        {
            "sales/leoflow.yaml": "exclude_paths: [drafts/]\n",
            "sales/dag.py": OTHER.format("kept"),
            "sales/second.py": OTHER.format("second"),
            "sales/drafts/draft.py": OTHER.format("draft"),
            "shop/leoflow.yaml": "dag_source: main.py\n",
            "shop/main.py": OTHER.format("shop"),
            "shop/helper.py": OTHER.format("helper"),
        }
    )
    for dag_id in ("kept", "second", "shop"):
        lite.await_dag(dag_id)
    assert {dag["dag_id"] for dag in lite.get("/api/v2/dags")["dags"]} == {"kept", "second", "shop"}

    lite.write_dag("sales/leoflow.yaml", "exclude_paths: [second.py]\n")
    lite.await_dag("draft")
    eventually(lambda: lite.get("/api/v2/dags/second")["is_stale"], "what is excluded now goes")
    lite.write_dag("shop/.airflowignore", "main.py  # for a while\n")
    eventually(lambda: lite.get("/api/v2/importErrors")["total_entries"] == 1, "its DAG file is not there any more")


def test_a_dag_file_that_goes_while_its_project_file_is_wrong_takes_its_dags_with_it(make_lite):
    lite = make_lite({"sales/dag.py": OTHER.format("sales"), "sales/more.py": OTHER.format("more")})
    for dag_id in ("sales", "more"):
        lite.await_dag(dag_id)
    lite.write_dag("sales/leoflow.yaml", "ownr: me\n")
    eventually(lambda: lite.get("/api/v2/importErrors")["total_entries"] == 1, "the problem is told")
    (lite.dags / "sales/more.py").unlink()
    eventually(lambda: lite.get("/api/v2/dags/more")["is_stale"], "what is not there goes")
    assert not lite.get("/api/v2/dags/sales")["is_stale"]
    (lite.dags / "sales/leoflow.yaml").unlink()
    eventually(lambda: lite.get("/api/v2/importErrors")["total_entries"] == 0, "nothing is wrong any more")


def test_a_project_whose_dag_file_is_missing_is_not_left_out_in_silence(make_lite):
    lite = make_lite({"other/dag.py": OTHER.format("other"), "sales/leoflow.yaml": "dag_source: pipline.py\n"})
    lite.write_dag("sales/pipeline.py", OTHER.format("sales"))
    refused = lite.command("validate", str(lite.dags), check=False)
    assert refused.returncode == 2
    assert f"{lite.dags}/sales/leoflow.yaml, line 1: there is no DAG file pipline.py" in refused.stderr
    lite.write_dag("sales/leoflow.yaml", "dag_source: pipeline.py\nowner: shop\n")
    assert lite.command("validate", str(lite.dags / "sales/pipeline.py")).returncode == 0
    lite.write_dag("sales/leoflow.yaml", "dag_source: pipeline.py\nownr: shop\n")
    refused = lite.command("validate", str(lite.dags / "sales/pipeline.py"), check=False)
    assert refused.returncode == 2 and "unknown key 'ownr'" in refused.stderr


READS = """
from airflow.sdk import Variable, dag, task

@dag(schedule=None)
def {0}():
    @task
    def read(): return Variable.get("{1}")
    read()
{0}()
"""


def test_what_a_project_declares_holds_for_every_dag_of_it(make_lite):
    lite = make_lite(
        {
            "sales/leoflow.yaml": "variables: [region]\n",
            "sales/dag.py": READS.format("first", "region"),
            "sales/more.py": READS.format("second", "region"),
            "sales/curious.py": READS.format("curious", "other"),
        }
    )
    for key in ("region", "other"):
        assert lite.request("POST", "/api/v2/variables", {"key": key, "value": "north"}).status == 201
    for dag_id, state in {"first": "success", "second": "success", "curious": "failed"}.items():
        lite.await_dag(dag_id)
        lite.await_run(dag_id, lite.trigger(dag_id), state)


def test_where_lite_is_told_so_tasks_have_what_is_declared_and_no_more(make_lite):
    lite = make_lite({"sales/dag.py": READS.format("sales", "region")}, "--secrets", "declared")
    assert lite.request("POST", "/api/v2/variables", {"key": "region", "value": "north"}).status == 201
    lite.await_dag("sales")
    lite.await_run("sales", lite.trigger("sales"), "failed")
    lite.write_dag("sales/leoflow.yaml", "variables: [region]\n")
    eventually(lambda: lite.get("/api/v2/dags/sales/dagVersions")["total_entries"] == 2, "the edit is seen")
    lite.await_run("sales", lite.trigger("sales"))


PLUGIN = """
from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.interval import CronDataIntervalTimetable

class Early(CronDataIntervalTimetable): ...

class Times(AirflowPlugin):
    name = "times"
    timetables = [Early]
"""


def test_plugins_of_a_project_are_found_where_it_is_compiled(make_lite):
    lite = make_lite()
    project = lite.dags.parent / "sales"
    for name, text in {
        "plugins/times.py": PLUGIN,
        ".airflowignore": "plugins/\n",
        "dag.py": OTHER.format("sales").replace(
            'with DAG("sales")', 'from times import Early\nwith DAG("sales", schedule=Early("@daily", timezone="UTC"))'
        ),
    }.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    lite.command("validate", str(project))
    lite.command("dags", "test", str(project / "dag.py"))


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("LEOFLOW_EXECUTOR_WARM_PODS", "it is for `leoflow server`: unset it"),
        ("LEOFLOW_SERVER_HTTP_ADDR", "it is for `leoflow server`: unset it"),
        ("LEOFLOW_SECRET_KEY", "it is for `leoflow server`: unset it"),
        ("LEOFLOW_REDIS_URL", "it is for `leoflow server`: unset it"),
        ("LEOFLOW_DATABASE_URL", "Lite takes its database from --database-url alone: unset it"),
    ],
)
def test_settings_of_servers_are_refused_before_anything_is_made(tmp_path, setting, why):
    environment = {"LEOFLOW_HOME": str(tmp_path / "home"), setting: "true", "PATH": "/usr/bin:/bin"}
    command = [BIN / "leoflow", "lite", tmp_path, "--executor=subprocess"]
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    assert f"{setting} is set, but {why}" in refused.stderr
    assert not (tmp_path / "home").exists()


def test_settings_of_pods_are_refused_where_none_run(tmp_path, monkeypatch):
    setting = "LEOFLOW_EXECUTOR_POD_TEMPLATES"
    lite = Lite(home=tmp_path / "home", dags=tmp_path)
    lite.set_up()
    monkeypatch.setenv(setting, str(tmp_path))
    refused = lite.command("lite", str(tmp_path), "--port", str(lite.port), "--executor=subprocess", check=False)
    assert refused.returncode == 2
    assert f"{setting} is set, but no task runs in a pod here: unset it, or give --executor=k3d" in refused.stderr


def test_a_wrong_variable_of_another_command_is_not_read():
    environment = {"LEOFLOW_EXECUTOR_START_RETRIES": "many", "PATH": "/usr/bin:/bin"}
    run = lambda *command: subprocess.run(  # noqa: E731
        [BIN / "leoflow", *command], env=environment, capture_output=True, text=True, timeout=60
    )
    assert run("version").returncode == 0
    refused = run("server")
    assert refused.returncode == 2
    assert "LEOFLOW_EXECUTOR_START_RETRIES" in refused.stderr or "--start-retries" in refused.stderr


IGNORED = {
    ".airflowignore": "*_old.py  # renamed\n/top.py\n**/drafts/a.py\nx/**/deep.py\ngone/\n",
    "etl/.airflowignore": "!b_old.py\nonly.py\n",
}
TREE = ["top.py", "a_old.py", "etl/b_old.py", "etl/top.py", "etl/only.py", "only.py", "drafts/a.py", "y/drafts/a.py",
        "drafts/b.py", "x/deep.py", "x/y/z/deep.py", "deep.py", "gone/a.py", "etl/gone/b.py", "etl/deeper/only.py"]  # fmt: skip
FIND = """
import sys
from airflow._shared.module_loading.file_discovery import find_path_from_directory
for path in find_path_from_directory(sys.argv[1], ".airflowignore", "glob"):
    if path.endswith(".py"):
        print("file:", path.removeprefix(sys.argv[1] + "/"))
"""


def test_what_airflowignore_leaves_out_is_what_it_does_in_airflow(make_lite):
    dag_id = lambda path: path.removesuffix(".py").replace("/", "_in_")  # noqa: E731
    lite = make_lite({path: OTHER.format(dag_id(path)) for path in TREE} | IGNORED)
    told = subprocess.run([PYTHON, "-c", FIND, lite.dags], check=True, capture_output=True, text=True).stdout
    expected = {dag_id(path) for path in re.findall("^file: (.*)$", told, re.MULTILINE)}
    assert len(expected) > 4
    found = lambda: {dag["dag_id"] for dag in lite.get("/api/v2/dags")["dags"]}  # noqa: E731
    eventually(lambda: len(found()) >= len(expected), "all files are parsed")
    assert found() == expected
