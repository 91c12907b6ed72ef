"""A real OpenID provider, and a browser that logs in there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import APIRequestContext, Browser, BrowserContext, Page
from support import ROOT, Lite, eventually, free_port

SECRET = "what the provider and the server know"
GROUPS = {"ann": ["readers"], "otto": ["readers", "operators"], "zoe": ["strangers"]}
CALLBACK = "/api/v2/auth/oidc/callback"


def node() -> str:
    """Returns the Node that runs the provider."""
    own = ROOT / "build/node/bin/node"
    return str(own) if own.exists() else (shutil.which("node") or "node")


def answers(url: str) -> bool:
    """Tells whether a provider is there."""
    try:
        with urllib.request.urlopen(f"{url}/.well-known/openid-configuration", timeout=5) as response:
            return bool(response.status == 200)
    except urllib.error.URLError:
        return False


@contextmanager
def provider(port: int, server: Lite, **options: Any) -> Iterator[None]:
    """Runs a provider that sends browsers back to a server.

    Args:
        options: What provider.mjs takes besides.
    """
    told = {
        "port": port,
        "redirect_uri": server.url + CALLBACK,
        "modules": str(ROOT / "build/oidc"),
        "secret": SECRET,
        "groups": GROUPS,
        "algorithm": "RS256",
        "ask_for_claims": True,
    } | options
    with open(server.home / "provider.log", "ab") as log:
        process = subprocess.Popen(
            [node(), str(ROOT / "tests/oidc/provider.mjs"), json.dumps(told)], stdout=log, stderr=log
        )
    try:
        eventually(lambda: answers(f"http://127.0.0.1:{port}"), "the provider answers", 30)
        yield
    finally:
        process.kill()
        process.wait()


def settings(port: int, server: Lite) -> dict[str, str]:
    """Returns what a server must be told to have people log in there."""
    return {
        "LEOFLOW_AUTH_OIDC_ISSUER": f"http://127.0.0.1:{port}",
        "LEOFLOW_AUTH_OIDC_CLIENT_ID": "leoflow",
        "LEOFLOW_AUTH_OIDC_CLIENT_SECRET": SECRET,
        "LEOFLOW_AUTH_OIDC_SCOPES": "openid email groups",
        "LEOFLOW_AUTH_OIDC_ROLE_MAPPINGS": json.dumps({"readers": "viewer", "operators": "op"}),
        "AIRFLOW__API__BASE_URL": server.url,
    }


@contextmanager
def server_with_provider(folder: Any, **options: Any) -> Iterator[Lite]:
    """Gives a server whose people log in at a real provider, which is there."""
    port, lite = free_port(), Lite(home=folder / "home", dags=folder / "dags")
    lite.home.mkdir(parents=True)
    lite.dags.mkdir()
    before = dict(os.environ)
    with provider(port, lite, **options):
        lite.set_up()
        os.environ.update(settings(port, lite))
        try:
            lite.start()
            yield lite
        finally:
            lite.stop()
            os.environ.clear()
            os.environ.update(before)


def new_browser(browser: Browser) -> BrowserContext:
    """Returns a browser that knows nobody."""
    return browser.new_context(viewport={"width": 1400, "height": 900})


def log_in_there(page: Page, name: str) -> None:
    """Fills the provider's form, which a page shows."""
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", "any")
    page.click("button[type=submit]")


def begin_login(browser: APIRequestContext, server: Lite, name: str) -> str:
    """Logs in at the provider, and returns where that sends the browser, which does not go there."""
    url = f"{server.url}/auth/login"
    while not url.startswith(server.url + CALLBACK):
        answer = browser.get(url, max_redirects=0)
        if form := re.search(r'action="([^"]+)"', answer.text()):
            there = urllib.parse.urljoin(url, form[1])
            filled = {"prompt": "login", "login": name, "password": "any"}
            answer = browser.post(there, form=filled, max_redirects=0)
        url = urllib.parse.urljoin(url, answer.headers["location"])
    return url
