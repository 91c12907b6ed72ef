"""Plugins: how they are listed, when they are read again, and their web applications."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from support import PYTHON, eventually, installs

PLUGIN = '''
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.plugins_manager import AirflowPlugin
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

app = FastAPI()


@app.get("/hello")
def hello():
    return Response("hello from a plugin", media_type="text/plain", headers={"X-Mine": "yes"})


@app.api_route("/sent", methods=["GET", "POST", "PUT"])
async def sent(request: Request):
    return {"headers": dict(request.headers), "body": (await request.body()).decode(), "query": request.url.query}


@app.get("/me")
def me(user: GetUserDep):
    return {"name": user.get_name(), "role": user.role}


@app.get("/die")
def die():
    import os
    os._exit(3)


@app.get("/parts")
def parts():
    return StreamingResponse((f"part {n}\\n" for n in range(3)), media_type="text/plain")


class Mine(AirflowPlugin):
    name = "mine"
    fastapi_apps = [
        {"app": app, "url_prefix": "/mine", "name": "Mine", "extra": 1},
        {"app": app, "url_prefix": "/api/v2/mine", "name": "Greedy"},
    ]
    external_views = [
        {"name": "Mine here", "href": "/mine/hello", "destination": "nav", "url_route": "mine-here"},
        {"name": "Elsewhere", "href": "https://example.org/{DAG_ID}", "destination": "dag", "colour": "red"},
    ]
    react_apps = [{"name": "Mine React", "bundle_url": "/mine/bundle.js", "destination": "dashboard"}]
    appbuilder_menu_items = [{"name": "Old link", "href": "https://example.org", "category": "Links"}]
'''

INVALID = """
from airflow.plugins_manager import AirflowPlugin


class Invalid(AirflowPlugin):
    name = "invalid"
    external_views = [{"name": "no address"}]
"""

OLD = """
from airflow.plugins_manager import AirflowPlugin


class Middleware:
    def __init__(self, app, suffix):
        self.app, self.suffix = app, suffix

    async def __call__(self, scope, receive, send):
        async def marked(message):
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-middleware", self.suffix))
            await send(message)
        await self.app(scope, receive, marked)


class Old(AirflowPlugin):
    name = "old"
    appbuilder_views = [{"name": "View", "category": "Old", "view": object()}]
    fastapi_root_middlewares = [{"middleware": Middleware, "kwargs": {"suffix": b"passed"}, "name": "Marks"}]
"""

EXAMPLES = """
from airflow.example_dags.plugins.business_day_window import BusinessDayWindowPlugin
from airflow.example_dags.plugins.custom_partition_mapper import PrefixStripMapperPlugin
from airflow.example_dags.plugins.decreasing_priority_weight_strategy import DecreasingPriorityWeightStrategyPlugin
from airflow.example_dags.plugins.listener_plugin import MetadataCollectionPlugin
from airflow.example_dags.plugins.workday import WorkdayTimetablePlugin
"""

THEIRS = """
import json, sys
from airflow import plugins_manager
from airflow.api_fastapi.app import RESERVED_URL_PREFIXES
from airflow.api_fastapi.core_api.routes.public.plugins import plugins_router, get_plugins, import_errors
from airflow.api_fastapi.core_api.datamodels.plugins import *
from fastapi import FastAPI
from fastapi.testclient import TestClient

app = FastAPI()

class Value:
    def __init__(self, value): self.value = value

@app.get("/plugins", response_model=PluginCollectionResponse)
def plugins(limit: int = 50, offset: int = 0): return get_plugins(Value(limit), Value(offset))

@app.get("/errors", response_model=PluginImportErrorCollectionResponse)
def errors(): return import_errors()

client = TestClient(app)
print(json.dumps({"plugins": client.get("/plugins").json(), "page": client.get("/plugins?limit=1&offset=1").json(),
                  "errors": client.get("/errors").json(), "reserved": RESERVED_URL_PREFIXES}))
"""


@pytest.fixture(scope="module")
def lite(make_shared_lite):
    return make_shared_lite(
        {
            "plugins/mine.py": PLUGIN,
            "plugins/invalid.py": INVALID,
            "plugins/old.py": OLD,
            "plugins/examples.py": EXAMPLES,
            "plugins/broken.py": "from airflow.plugins_manager import AirflowPlugin\nimport nothing_of_that_name\n",
        }
    )


@pytest.fixture(scope="module")
def theirs(lite, tmp_path_factory):
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(lite.dags / "plugins"),
    }
    told = subprocess.run([PYTHON, "-c", THEIRS], env=environment, check=True, capture_output=True, text=True)
    return json.loads(told.stdout.splitlines()[-1])


def test_they_are_listed_as_airflow_lists_them(lite, theirs):
    ours = lite.get("/api/v2/plugins")
    assert {"mine", "old", "workday_timetable_plugin"} <= {plugin["name"] for plugin in ours["plugins"]}
    assert ours == theirs["plugins"]
    assert lite.get("/api/v2/plugins?limit=1&offset=1") == theirs["page"]
    assert lite.get("/api/v2/plugins?limit=0")["total_entries"] == 7
    assert "plugin 'invalid' is not listed" in (lite.home / "server.log").read_text()


def test_errors_are_airflows_and_say_what_leoflow_does_not_serve(lite, theirs):
    ours = lite.get("/api/v2/plugins/importErrors")
    mine = [error for error in ours["import_errors"] if "Leoflow" in error["error"]]
    assert [error for error in ours["import_errors"] if error not in mine] == theirs["errors"]["import_errors"]
    assert "No module named 'nothing_of_that_name'" in theirs["errors"]["import_errors"][0]["error"]
    assert ["appbuilder_views" in mine[0]["error"], "root_middlewares" in mine[1]["error"]] == [True, True]
    assert ours["total_entries"] == len(ours["import_errors"]) == 3


def test_airflows_paths_are_reserved(lite, theirs):
    from pathlib import Path

    source = (Path(__file__).parents[2] / "python/leoflow_worker/plugins.py").read_text()
    assert all(f'"{prefix}"' in source for prefix in theirs["reserved"])
    assert "wants the reserved url_prefix '/api/v2/mine'" in (lite.home / "server.log").read_text()
    assert lite.request("GET", "/api/v2/mine/hello").status == 404


def test_an_application_answers_below_its_prefix(lite):
    lite.get("/api/v2/plugins")
    answer = lite.request("GET", "/mine/hello")
    assert (answer.status, answer.body, answer.headers["x-mine"]) == (200, "hello from a plugin", "yes")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN", "the UI shows it in a frame"
    assert answer.headers["x-middleware"] == "passed"
    assert lite.request("GET", "/mine/none").status == 404
    assert lite.request("GET", "/mine/parts").body == "part 0\npart 1\npart 2\n"
    assert lite.request("HEAD", "/mine/hello").status == 405, "as FastAPI answers"
    sent = lite.request("PUT", "/mine/sent?a=%20b", {"some": "thing"}).body
    assert (sent["body"], sent["query"]) == ('{"some": "thing"}', "a=%20b")


def test_it_learns_who_asks_but_gets_no_token(lite):
    by_header = lite.request("GET", "/mine/sent", headers={"X-Leoflow-User": "root", "X-Leoflow-Role": "admin"}).body
    assert "authorization" not in by_header["headers"]
    assert by_header["headers"]["x-leoflow-user"] == "admin@leoflow.local"
    assert lite.get("/mine/me") == {"name": "admin@leoflow.local", "role": "admin"}

    token, lite.token = lite.token, ""
    try:
        by_cookie = lite.request("GET", "/mine/sent", headers={"Cookie": f"a=b; _token={token}; c=d"}).body["headers"]
        assert (by_cookie["cookie"], by_cookie["x-leoflow-user"]) == ("a=b; c=d", "admin@leoflow.local")
        forged = {"X-Leoflow-User": "root", "Authorization": "Bearer of.the.plugin"}
        anonymous = lite.request("GET", "/mine/sent", headers=forged).body["headers"]
        assert "x-leoflow-user" not in anonymous
        assert anonymous["authorization"] == "Bearer of.the.plugin", "applications have logins of their own"
        assert lite.request("GET", "/mine/me", headers=forged).status == 401
        elsewhere = {"Cookie": f"_token={token}", "Origin": "https://elsewhere.example"}
        assert "x-leoflow-user" not in lite.request("POST", "/mine/sent", {}, elsewhere).body["headers"]
    finally:
        lite.token = token


def test_their_applications_answer_from_a_folder_with_a_long_path(tmp_path):
    # The address of a Unix socket holds 107 bytes.
    with installs(tmp_path / ("a-long-name-" * 9)) as make:
        lite = make({"dag.py": "", "plugins/mine.py": PLUGIN})
        eventually(lambda: lite.get("/api/v2/plugins")["total_entries"] == 1, "the plugin is listed")
        assert lite.request("GET", "/mine/hello").body == "hello from a plugin"


def test_another_process_answers_after_its_end_and_after_a_change(make_lite):
    lite = make_lite({"dag.py": ""})
    assert lite.get("/api/v2/plugins")["total_entries"] == 0
    lite.write_dag("plugins/mine.py", PLUGIN)
    eventually(lambda: lite.get("/api/v2/plugins")["total_entries"] == 1, "a new plugin is listed")
    assert lite.request("GET", "/mine/hello").body == "hello from a plugin"

    lite.write_dag("plugins/mine.py", PLUGIN.replace("hello from a plugin", "hello again"))
    eventually(lambda: lite.request("GET", "/mine/hello").body == "hello again", "the changed plugin answers")

    assert lite.request("GET", "/mine/die").status == 502
    eventually(lambda: lite.request("GET", "/mine/hello").status == 200, "another process answers")
    (lite.dags / "plugins/mine.py").unlink()
    eventually(lambda: lite.get("/api/v2/plugins")["total_entries"] == 0, "a deleted plugin is not listed")
    assert "<html" in lite.request("GET", "/mine/hello").body
