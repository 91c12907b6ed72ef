"""What plugins add to the UI, in a real browser: a page in a frame, a React application, a link of Airflow 2."""

from __future__ import annotations

from playwright.sync_api import expect
from visitor import HELLO, Visitor

PLUGIN = '''
from airflow.plugins_manager import AirflowPlugin
from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse

app = FastAPI()
BUNDLE = """
globalThis["Mine React"] = () =>
    globalThis.React.createElement("div", {"data-testid": "mine"}, "hello from React");
"""


@app.get("/page", response_class=HTMLResponse)
def page(dag: str = "no DAG"):
    return f"<p>hello from a frame about {dag}</p>"


@app.get("/bundle.js")
def bundle():
    return Response(BUNDLE, media_type="text/javascript")


class Mine(AirflowPlugin):
    name = "mine"
    fastapi_apps = [{"app": app, "url_prefix": "/mine", "name": "Mine"}]
    external_views = [
        {"name": "Framed", "href": "/mine/page", "destination": "nav", "url_route": "framed"},
        {"name": "About", "href": "/mine/page?dag={DAG_ID}", "destination": "dag", "url_route": "about"},
    ]
    react_apps = [
        {"name": "Mine React", "bundle_url": "/mine/bundle.js", "destination": "nav", "url_route": "mine-react"}
    ]
'''


def test_plugins_show_frames_and_react_applications(make_lite, browser):
    lite = make_lite({"hello/dag.py": HELLO, "plugins/mine.py": PLUGIN})
    lite.await_dag("hello", 5)
    visitor = Visitor(browser, lite.url)
    page = visitor.page
    visitor.log_in()

    visitor.open("plugin/framed")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("hello from a frame about no DAG")).to_be_visible(timeout=20_000)
    visitor.shot("plugin_frame")

    visitor.open("dags/hello/plugin/about")
    expect(page.frame_locator("iframe").get_by_text("hello from a frame about hello")).to_be_visible(timeout=15_000)

    visitor.open("plugin/mine-react")
    expect(page.get_by_test_id("mine")).to_have_text("hello from React", timeout=15_000)
    visitor.shot("plugin_react")

    visitor.open("plugins")
    expect(page.get_by_text("mine", exact=True).first).to_be_visible(timeout=15_000)
    assert not visitor.wrong
