"""A visitor of the UI in a real browser, and what there is to see at first."""

from __future__ import annotations

import pathlib

from playwright.sync_api import Browser, Page, expect
from support import PASSWORD, ROOT, USER

SHOTS = ROOT / "build/screenshots"
HELLO = (ROOT / "dags/hello/dag.py").read_text()
# The badge comes with the theme's style sheet: it is generated content, not text of the page.
BADGES = """() => [...document.querySelectorAll("*")]
    .flatMap(e => ["::before", "::after"].map(p => getComputedStyle(e, p)))
    .filter(style => style.content !== "none")
    .flatMap(style => [style.content, style.backgroundImage])
    .join(" ")"""


class Visitor:
    """A page that remembers everything that went wrong on it."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.url = url
        self.page: Page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
        self.wrong: list[str] = []
        self.page.on("response", self._on_response)
        self.page.on("console", lambda m: m.type == "error" and self.wrong.append(f"console: {m.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(f"page: {error}"))

    def _on_response(self, response) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.status} {response.request.method} {response.url}")

    def open(self, path: str) -> None:
        """Opens a page of the UI."""
        self.page.goto(f"{self.url}/{path}")

    def log_in(self) -> None:
        """Goes to the start page and through the login form."""
        self.open("")
        self.page.fill("input[name=username]", USER)
        self.page.fill("input[name=password]", PASSWORD)
        self.shot("login")
        self.page.click("button[type=submit]")
        expect(self.page.get_by_text("Leoflow Lite").first).to_be_visible(timeout=40_000)

    def shot(self, name: str) -> pathlib.Path:
        """Keeps a picture of the page."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        path = SHOTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path
