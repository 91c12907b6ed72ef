"""What plugins add to the UI, in a real browser: a page in a frame, a React application, a link of Airflow 2."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest
from playwright.sync_api import expect
from support import eventually
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

ELSEWHERE = '''
from airflow.plugins_manager import AirflowPlugin


class Elsewhere(AirflowPlugin):
    name = "elsewhere"
    external_views = [{{"name": "Far", "href": "{url}/page", "destination": "nav", "url_route": "far"}}]
    react_apps = [
        {{"name": "Far React", "bundle_url": "{url}/bundle.js", "destination": "nav", "url_route": "far-react"}}
    ]
'''


class OtherHost(http.server.BaseHTTPRequestHandler):
    """A page for a frame, and an application with a style and an answer of its own."""

    FILES: ClassVar[dict[str, tuple[str, str]]] = {
        "/page": ("text/html", "<p>hello from another host</p>"),
        "/style.css": ("text/css", "[data-testid=far] { color: rgb(1, 2, 3); }"),
        "/answer": ("text/plain", "and its answer"),
        "/bundle.js": (
            "text/javascript",
            """
            const here = new URL(".", import.meta.url).href;
            const style = Object.assign(document.createElement("link"), {rel: "stylesheet", href: here + "style.css"});
            document.head.append(style);
            const answer = await (await fetch(here + "answer")).text();
            globalThis["Far React"] = () =>
                globalThis.React.createElement("div", {"data-testid": "far"}, `hello from another host ${answer}`);
            """,
        ),
    }

    def do_GET(self) -> None:
        """Answers pages of every site."""
        kind, text = self.FILES.get(self.path, ("text/plain", ""))
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def other_host() -> Iterator[str]:
    """Gives the address of a host that is not Leoflow's."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OtherHost) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_plugins_show_frames_and_react_applications(make_lite, browser):
    lite = make_lite({"hello/dag.py": HELLO, "plugins/mine.py": PLUGIN})
    lite.await_dag("hello", 5)
    visitor = Visitor(browser, lite.url)
    page = visitor.page
    visitor.log_in()

    visitor.open("plugin/framed")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("hello from a frame about no DAG")).to_be_visible(timeout=40_000)
    visitor.shot("plugin_frame")

    visitor.open("dags/hello/plugin/about")
    expect(page.frame_locator("iframe").get_by_text("hello from a frame about hello")).to_be_visible(timeout=40_000)

    visitor.open("plugin/mine-react")
    expect(page.get_by_test_id("mine")).to_have_text("hello from React", timeout=40_000)
    visitor.shot("plugin_react")

    visitor.open("plugins")
    expect(page.get_by_text("mine", exact=True).first).to_be_visible(timeout=40_000)
    assert not visitor.wrong


def test_plugins_show_what_another_host_has(make_lite, browser, other_host):
    lite = make_lite({"plugins/elsewhere.py": ELSEWHERE.format(url=other_host)})
    visitor = Visitor(browser, lite.url)
    page = visitor.page
    lite.get("/api/v2/plugins")  # they are known from now on
    visitor.log_in()

    visitor.open("plugin/far")
    expect(page.frame_locator("iframe").get_by_text("hello from another host")).to_be_visible(timeout=40_000)

    visitor.open("plugin/far-react")
    application = page.get_by_test_id("far")
    expect(application).to_have_text("hello from another host and its answer", timeout=40_000)
    expect(application).to_have_css("color", "rgb(1, 2, 3)")
    assert not visitor.wrong


def test_what_no_plugin_names_stays_out(make_lite, browser, other_host):
    lite = make_lite()
    visitor = Visitor(browser, lite.url)
    visitor.log_in()
    refused = visitor.page.evaluate(
        """async host => {
            const frame = Object.assign(document.createElement("iframe"), {src: host + "/page"});
            const said = new Promise(resolve => document.addEventListener("securitypolicyviolation",
                event => event.effectiveDirective === "frame-src" && resolve(event.effectiveDirective)));
            document.body.append(frame);
            const loads = what => what.then(() => "loaded", () => "refused");
            return [await said, await loads(import(host + "/bundle.js")), await loads(fetch(host + "/answer"))];
        }""",
        other_host,
    )
    assert refused == ["frame-src", "refused", "refused"]


def test_a_plugin_that_came_later_is_shown_once_the_page_is_loaded_again(make_lite, browser, other_host):
    lite = make_lite()
    visitor = Visitor(browser, lite.url)
    visitor.log_in()
    lite.write_dag("plugins/elsewhere.py", ELSEWHERE.format(url=other_host))
    eventually(lambda: lite.get("/api/v2/plugins")["total_entries"], "the plugin is there")
    visitor.open("plugin/far")
    frame = visitor.page.frame_locator("iframe")
    expect(frame.get_by_text("hello from another host")).to_be_visible(timeout=40_000)
    assert not visitor.wrong
