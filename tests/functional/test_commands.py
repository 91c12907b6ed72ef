"""The commands that talk to a running server, and those that need none."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from support import BIN, PYTHON, ROOT, Lite, free_port

DAG = """
from airflow.sdk import dag, task

@dag(dag_id="{dag_id}", schedule=None)
def pipeline():
    @task
    def greet(params=None):
        print("a line of the log")
        if (params or {{}}).get("fail"):
            raise ValueError("as asked")

    greet()

pipeline()
"""


@pytest.fixture(scope="module")
def running(make_shared_lite):
    """Gives a server with one DAG."""
    lite = make_shared_lite({"greeting.py": DAG.format(dag_id="greeting")})
    lite.await_dag("greeting", tasks=1)
    return lite


def remote(lite: Lite, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs a command that talks to this server."""
    return lite.command(*arguments, "--server-url", lite.url, check=check)


def make_home(tmp_path: pathlib.Path) -> Lite:
    """Returns an install that is set up, without a server."""
    lite = Lite(home=tmp_path / "home", dags=tmp_path / "dags")
    lite.home.mkdir()
    lite.dags.mkdir()
    lite.set_up()
    return lite


def test_settings_of_airflow_reach_the_ui_and_a_bad_one_is_refused_by_name(make_lite, monkeypatch):
    monkeypatch.setenv("AIRFLOW__API__HIDE_PAUSED_DAGS_BY_DEFAULT", "True")
    monkeypatch.setenv("AIRFLOW__CORE__RERUN_WITH_LATEST_VERSION", "False")
    lite = make_lite()
    config = lite.get("/ui/config")
    assert (config["hide_paused_dags_by_default"], config["rerun_with_latest_version"]) == (True, False)
    assert config["default_wrap"] is False
    monkeypatch.setenv("AIRFLOW__API__DEFAULT_WRAP", "maybe")
    refused = lite.command("lite", str(lite.dags), "--port", str(free_port()), check=False)
    assert refused.returncode == 2
    assert "AIRFLOW__API__DEFAULT_WRAP=maybe is neither True nor False" in refused.stderr


def test_a_run_from_trigger_to_log(running):
    paused = remote(running, "dags", "pause", "greeting")
    assert "paused" in paused.stdout
    waiting = remote(running, "dags", "trigger", "greeting", "--run-id", "held")
    assert "dags unpause greeting" in waiting.stderr
    remote(running, "dags", "unpause", "greeting")
    done = json.loads(remote(running, "dags", "trigger", "greeting", "--run-id", "one", "--wait", "-o", "json").stdout)
    assert done == {"dag_id": "greeting", "run_id": "one", "state": "success"}
    assert "one" in remote(running, "runs", "list", "greeting").stdout
    status = remote(running, "runs", "status", "greeting", "one").stdout
    assert re.search(r"greet .*success", status), status
    log = remote(running, "runs", "logs", "greeting", "one", "greet", "-f").stdout
    assert "a line of the log" in log
    assert "::group::" not in log and "::endgroup::" not in log


def test_a_run_that_fails_ends_waiting_with_1(running):
    remote(running, "dags", "unpause", "greeting")
    failed = remote(
        running, "dags", "trigger", "greeting", "--run-id", "bad", "--conf", '{"fail": true}', "--wait", check=False
    )
    assert failed.returncode == 1
    log = remote(running, "runs", "logs", "greeting", "bad", "greet").stdout
    assert "ValueError: as asked" in log


def test_lists_speak_json_and_yaml(running):
    dags = json.loads(remote(running, "dags", "list", "-o", "json").stdout)
    assert [dag["dag_id"] for dag in dags] == ["greeting"]
    assert "- dag_id: greeting" in remote(running, "dags", "list", "-o", "yaml").stdout
    assert remote(running, "dags", "list").stdout.startswith("dag_id")


def test_what_the_server_says_is_told_in_words(running):
    missing = remote(running, "dags", "trigger", "nothing", check=False)
    assert missing.returncode == 3 and "nothing" in missing.stderr and "{" not in missing.stderr
    conf = remote(running, "dags", "trigger", "greeting", "--conf", "[1]", check=False)
    assert conf.returncode == 2 and "JSON object" in conf.stderr


def test_delete_asks_first(running):
    running.write_dag("shortlived.py", DAG.format(dag_id="shortlived"))
    running.await_dag("shortlived", tasks=1)
    refused = remote(running, "dags", "delete", "shortlived", check=False)
    assert refused.returncode == 1 and "nothing was changed" in refused.stderr
    (running.dags / "shortlived.py").unlink()
    remote(running, "dags", "delete", "shortlived", "--yes")


def test_no_server_is_said_with_the_way_out(tmp_path):
    lite = make_home(tmp_path)
    port = free_port()
    result = lite.command("dags", "list", "--server-url", f"http://127.0.0.1:{port}", check=False)
    assert result.returncode == 6
    assert f"no Leoflow at http://127.0.0.1:{port}: start it with `leoflow lite`" in result.stderr


def test_a_new_project_is_valid_and_compiles(tmp_path):
    lite = make_home(tmp_path)
    project = tmp_path / "sales"
    lite.command("init", str(project))
    assert lite.command("init", str(project), check=False).returncode == 4
    assert "sales" in lite.command("validate", str(project)).stdout
    lite.command("compile", str(project), "-o", str(tmp_path / "dag.json"))
    written = json.loads((tmp_path / "dag.json").read_text())
    assert [dag["dag_id"] for dag in written["content"]["dags"]] == ["sales"]


def test_the_same_files_give_the_same_artifact_anywhere(tmp_path, monkeypatch):
    lite = make_home(tmp_path)
    lite.command("init", str(tmp_path / "sales"))
    (tmp_path / "sales/dag.py").write_text((ROOT / "dags/hello/dag.py").read_text())
    written = []
    for place, seed in (("here", "1"), ("somewhere/else", "2"), ("third", "3")):
        shutil.copytree(tmp_path / "sales", tmp_path / place / "sales")
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        lite.command("compile", str(tmp_path / place / "sales"), "-o", str(tmp_path / "dag.json"))
        written.append((tmp_path / "dag.json").read_bytes())
    assert written[0] == written[1] == written[2]
    assert str(tmp_path).encode() not in written[0]
    (tmp_path / "here/sales/dag.py").write_text((tmp_path / "sales/dag.py").read_text() + "# changed\n")
    lite.command("compile", str(tmp_path / "here/sales"), "-o", str(tmp_path / "dag.json"), "--dag-version", "v2", "--image", "i:1")
    changed = json.loads((tmp_path / "dag.json").read_text())
    assert changed["content_hash"] != json.loads(written[0])["content_hash"]
    assert (changed["dag_version"], changed["content"]["image"]) == ("v2", "i:1")


def test_an_artifact_is_as_its_schema_says(tmp_path):
    lite = make_home(tmp_path)
    lite.command("init", str(tmp_path / "sales"))
    lite.command("compile", str(tmp_path / "sales"), "-o", str(tmp_path / "dag.json"))
    check = "import json, jsonschema, sys; jsonschema.validate(*(json.load(open(name)) for name in sys.argv[1:]))"
    schema = ROOT / "docs/artifact.schema.json"
    subprocess.run([PYTHON, "-c", check, str(tmp_path / "dag.json"), str(schema)], check=True)


def test_validate_tells_every_problem(tmp_path):
    lite = make_home(tmp_path)
    project = tmp_path / "sales"
    lite.command("init", str(project))
    (project / "leoflow.yaml").write_text("ownr: me\nalerts: {}\n")
    result = lite.command("validate", str(project), check=False)
    assert result.returncode == 2
    assert "line 1: unknown key 'ownr'; did you mean 'owner'?" in result.stderr
    assert "line 2: 'alerts' is not supported yet" in result.stderr
    (project / "leoflow.yaml").unlink()
    (project / "dag.py").write_text("import airflow.sdk\n\nraise RuntimeError('no dag today')\n")
    result = lite.command("validate", str(project), check=False)
    assert result.returncode == 2
    assert 'dag.py", line 3' in result.stderr and "no dag today" in result.stderr


def test_the_project_file_reaches_the_compiled_dag(tmp_path):
    lite = make_home(tmp_path)
    project = tmp_path / "sales"
    lite.command("init", str(project))
    (project / "leoflow.yaml").write_text("tags: [money]\ntasks:\n  load: {retries: 7}\n")
    lite.command("compile", str(project), "-o", str(tmp_path / "dag.json"))
    dag = json.loads((tmp_path / "dag.json").read_text())["content"]["dags"][0]["serialized"]["dag"]
    assert dag["tags"] == ["money"]
    assert {task["__var"]["task_id"]: task["__var"].get("retries", 0) for task in dag["tasks"]} == {
        "extract": 0,
        "load": 7,
    }


def test_a_dag_is_tried_without_a_server(tmp_path):
    lite = make_home(tmp_path)
    path = lite.write_dag("greeting.py", DAG.format(dag_id="greeting"))
    assert "a line of the log" in lite.command("dags", "test", str(path)).stdout
    failed = lite.command("dags", "test", str(path), "--conf", '{"fail": true}', check=False)
    assert failed.returncode == 1


def commands_below(*path: str) -> list[tuple[str, ...]]:
    """Returns a command and all below it, as --help lists them."""
    text = subprocess.run([BIN / "leoflow", *path, "--help"], capture_output=True, text=True, check=True).stdout
    listed = text.split("\nSubcommands:\n")[1].split("\n\n")[0] if "\nSubcommands:\n" in text else ""
    names = re.findall(r"^  ([a-z-]+)", listed, re.MULTILINE)
    return [path, *(found for name in names for found in commands_below(*path, name))]


def test_the_help_of_every_command_has_an_example():
    commands = commands_below()
    assert len(commands) > 15, commands
    for command in commands[1:]:
        text = subprocess.run([BIN / "leoflow", *command, "--help"], capture_output=True, text=True, check=True).stdout
        assert "Example" in text, command


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_its_shell(shell):
    script = subprocess.run([BIN / "leoflow", "completion", shell], capture_output=True, text=True, check=True).stdout
    assert "trigger" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_bash_completes_a_command(tmp_path):
    script = (
        'source <("$0" completion bash); COMP_WORDS=(leoflow dags tr); COMP_CWORD=2; _leoflow; echo "${COMPREPLY[@]}"'
    )
    result = subprocess.run(
        ["bash", "-c", script, str(BIN / "leoflow")], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert result.stdout.strip() == "trigger"


def test_explain_says_why_a_task_waits(running):
    pool = {"name": "closed", "slots": 0, "description": "", "include_deferred": False}
    assert running.request("POST", "/api/v2/pools", pool).status == 201
    running.write_dag(
        "waiting.py",
        """
from airflow.sdk import dag, task

@dag(dag_id="waiting", schedule=None)
def pipeline():
    @task(pool="closed")
    def wait(): ...

    wait()

pipeline()
""",
    )
    running.await_dag("waiting", tasks=1)
    running.trigger("waiting")
    answer = remote(running, "explain", "waiting", "latest", "wait", "-o", "json")
    assert json.loads(answer.stdout) == [
        {"name": "Pool Slots Available", "reason": "pool 'closed' has 0 slots, 0 of them free; the task needs 1"}
    ]
    table = remote(running, "explain", "waiting", "latest", "wait").stdout
    assert re.search(r"state +scheduled", table) and "pool 'closed'" in table

    unknown = remote(running, "explain", "waiting", "latest", "nobody", check=False)
    assert unknown.returncode == 3 and "nobody" in unknown.stderr
