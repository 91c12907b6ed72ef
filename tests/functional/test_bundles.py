"""DAGs in git: a run's tasks execute the run's commit. And local folders besides the workspace."""

from __future__ import annotations

import base64
import functools
import http.server
import json
import pathlib
import subprocess
import threading
import urllib.parse

from support import eventually

DAG = """
import pathlib, time
from airflow.sdk import DAG, task
from words import WORD

with DAG("said"):
    @task
    def wait(params=None):
        while not pathlib.Path({go!r}).exists():
            time.sleep(0.05)

    @task
    def say():
        return WORD

    wait() >> say()
"""


def git(folder, *arguments):
    """Runs git in a repository; returns what it says."""
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    done = subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder, word, go):
    """Commits a version of the DAG; returns the commit."""
    (folder / "dags" / "words.py").write_text(f"WORD = {word!r}\n")
    (folder / "dags" / "said.py").write_text(DAG.format(go=str(go)))
    git(folder, "add", ".")
    git(folder, "commit", "-qm", word)
    return git(folder, "rev-parse", "HEAD")


def said(lite, run_id):
    """Returns what the second task of a run returned."""
    path = f"/api/v2/dags/said/dagRuns/{run_id}/taskInstances/say/xcomEntries/return_value"
    return lite.get(path)["value"]


def await_version(lite, version):
    """Waits until the DAG is there from a commit."""
    look = lambda: (dag := lite.request("GET", "/api/v2/dags/said")).status == 200 and dag.body["bundle_version"] == version  # noqa: E731
    eventually(look, f"the DAG of {version}")


def test_a_runs_tasks_execute_the_runs_commit(make_lite, tmp_path, monkeypatch):
    repository, go = tmp_path / "repository", tmp_path / "go"
    (repository / "dags").mkdir(parents=True)
    git(repository, "init", "-q", "-b", "main")
    first = commit(repository, "one", go)
    bundle = {
        "name": "repo",
        "classpath": "airflow.providers.git.bundles.git.GitDagBundle",
        "kwargs": {"repo_url": str(repository), "tracking_ref": "main", "subdir": "dags", "refresh_interval": 1},
    }
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))
    lite = make_lite()
    await_version(lite, first)
    waiting = lite.trigger("said")
    eventually(lambda: lite.task_instances("said", waiting)["wait"]["state"] == "running", "the first task runs")
    second = commit(repository, "two", go)
    await_version(lite, second)
    lite.kill()
    lite.start()
    go.touch()
    lite.await_run("said", waiting)
    assert said(lite, waiting) == "one", "its first task began with that commit"
    assert lite.get(f"/api/v2/dags/said/dagRuns/{waiting}")["bundle_version"] == first
    fresh = lite.trigger("said")
    lite.await_run("said", fresh)
    assert said(lite, fresh) == "two"

    # Cleared it stays with its commit, unless somebody asks for the latest.
    clear = {"dry_run": False, "only_failed": False}
    for latest, word in ((None, "one"), (True, "two")):
        asked = clear | ({"run_on_latest_version": latest} if latest is not None else {})
        assert lite.request("POST", f"/api/v2/dags/said/dagRuns/{waiting}/clear", asked).status == 200
        lite.await_run("said", waiting)
        assert said(lite, waiting) == word
    assert lite.get(f"/api/v2/dags/said/dagRuns/{waiting}")["bundle_version"] == second


def test_a_local_bundle_is_watched_like_the_workspace(make_lite, tmp_path, monkeypatch):
    more = tmp_path / "more"
    more.mkdir()
    bundle = {"name": "more", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": {"path": str(more)}}
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))
    lite = make_lite()
    (more / "extra.py").write_text("from airflow.sdk import DAG, task\nwith DAG('extra'):\n    @task\n    def t(): ...\n    t()\n")
    lite.await_dag("extra")
    assert lite.get("/api/v2/dags/extra")["bundle_name"] == "more"
    lite.await_run("extra", lite.trigger("extra"))


def test_what_no_run_began_with_goes_when_another_commit_comes(make_lite, tmp_path, monkeypatch):
    repository = tmp_path / "repository"
    (repository / "dags").mkdir(parents=True)
    git(repository, "init", "-q", "-b", "main")
    bundle = {
        "name": "repo",
        "classpath": "airflow.providers.git.bundles.git.GitDagBundle",
        "kwargs": {"repo_url": str(repository), "tracking_ref": "main", "subdir": "dags", "refresh_interval": 1},
    }
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))
    first = commit(repository, "one", tmp_path)
    lite = make_lite()
    await_version(lite, first)
    lite.await_run("said", lite.trigger("said"))
    commits = [first]
    for word in ("two", "three", "four"):
        commits.append(commit(repository, word, tmp_path))
        await_version(lite, commits[-1])
    folder = next(lite.home.rglob("repository.git")).parent
    there = lambda: {path.name for path in folder.iterdir() if len(path.name) == 40}  # noqa: E731
    eventually(lambda: commits[1] not in there(), "what nothing needs goes")
    assert {first, commits[3]} <= there(), "that of a run and the newest stay"


class Guarded(http.server.SimpleHTTPRequestHandler):
    """Serves files to who knows the password, and remembers whether any process showed it meanwhile."""

    password = "s3 cret@home"
    shown: list[bytes] = []

    def do_GET(self):
        known = base64.b64encode(f"me:{self.password}".encode()).decode()
        for arguments in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                said = arguments.read_bytes()
            except OSError:
                continue
            if any(word.encode() in said for word in (self.password, urllib.parse.quote(self.password, safe=""), known)):
                self.shown.append(said)
        if self.headers["Authorization"] == f"Basic {known}":
            return super().do_GET()
        self.send_response(401)
        self.send_header("WWW-Authenticate", "Basic realm=r")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_the_password_of_a_repository_is_in_no_list_of_processes(make_lite, tmp_path, monkeypatch):
    repository = tmp_path / "repository"
    (repository / "dags").mkdir(parents=True)
    git(repository, "init", "-q", "-b", "main")
    first = commit(repository, "one", tmp_path)
    git(repository, "update-server-info")
    serve = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Guarded, directory=str(repository)))
    threading.Thread(target=serve.serve_forever, daemon=True).start()
    url = f"http://me:{urllib.parse.quote(Guarded.password, safe='')}@127.0.0.1:{serve.server_port}/.git"
    bundle = {
        "name": "repo",
        "classpath": "airflow.providers.git.bundles.git.GitDagBundle",
        "kwargs": {"repo_url": url, "tracking_ref": "main", "subdir": "dags"},
    }
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))
    lite = make_lite()
    await_version(lite, first)
    serve.shutdown()
    assert Guarded.shown == []
    [stored] = lite.home.rglob("credentials")
    assert stored.stat().st_mode & 0o077 == 0
