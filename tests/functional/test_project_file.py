"""What a project's leoflow.yaml says holds in Lite, as it will where the project is deployed."""

from __future__ import annotations

import subprocess

import pytest
from support import BIN, eventually

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


def test_settings_of_servers_are_refused_before_anything_is_made(tmp_path):
    environment = {"LEOFLOW_HOME": str(tmp_path / "home"), "LEOFLOW_EXECUTOR_WARM_PODS": "true", "PATH": "/usr/bin:/bin"}
    command = [BIN / "leoflow", "lite", tmp_path, "--executor=subprocess"]
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    assert "LEOFLOW_EXECUTOR_WARM_PODS is set, but it is for `leoflow server`: unset it" in refused.stderr
    assert not (tmp_path / "home").exists()


def test_a_wrong_variable_of_another_command_is_not_read():
    environment = {"LEOFLOW_EXECUTOR_START_RETRIES": "many", "PATH": "/usr/bin:/bin"}
    run = lambda *command: subprocess.run(  # noqa: E731
        [BIN / "leoflow", *command], env=environment, capture_output=True, text=True, timeout=60
    )
    assert run("version").returncode == 0
    refused = run("server")
    assert refused.returncode == 2
    assert "LEOFLOW_EXECUTOR_START_RETRIES" in refused.stderr or "--start-retries" in refused.stderr
