"""A visitor who stays: goes from page to page within the application, and does what can be done there."""

from __future__ import annotations

import re
import time

from application import OPERATIONS, SHORTCUTS
from playwright.sync_api import Browser, Locator, Request, expect
from support import Lite
from visitor import Visitor

PATIENCE = 60  # seconds until a page that does not settle has failed

# What the browser may complain about, and why. Airflow answers the same.
EXPECTED: tuple[tuple[str, str], ...] = (
    (r"403 GET .*/api/v2/config$", "expose_config is off unless it is set"),
    (r"404 GET .*/static/wasm/sqlparser_rs_wasm\.js$", "the wheel does not have the file"),
    (r"404 GET .*/state-store/\w+(\?map_index=-1)?$", "the table asks once more for what was deleted"),
    (r"404 GET .*/(dags|runs)/brief\b", "the page of a DAG that was just deleted asks once more"),
    (r"page: e\?\.toLowerCase is not a function", "the application's list of versions has numbers for its search"),
    (r"page: Canceled$", "the editor of the application gives up what it still works at when its page is left"),
    (r"page: TextModel got disposed before DiffEditorWidget", "the editor of the application tidies up in disorder"),
    (r"console: Failed to load resource", "the answer itself is remembered with its status and address"),
)


class Guest(Visitor):
    """Notes what it did, and where something went wrong."""

    def __init__(self, browser: Browser, lite: Lite, theme: str) -> None:
        super().__init__(browser, lite.url)
        self.lite = lite
        self.theme = theme
        self.place = "login"
        self.found: list[str] = []
        self.done: set[str] = set()
        self._waiting: set[Request] = set()
        self.page.on("request", self._on_request)
        for end in ("requestfinished", "requestfailed"):
            self.page.on(end, lambda request: self._waiting.discard(request))
        self.page.add_init_script(f"localStorage.setItem('theme', '{theme}')")
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page.set_default_timeout(30_000)
        expect.set_options(timeout=30_000)

    def _on_request(self, request: Request) -> None:
        if request.is_navigation_request() and request.frame == self.page.main_frame:
            self._waiting.clear()  # the page before is gone, and says nothing of its requests any more
        # A worker's code that the page made itself comes from no server, and Chromium does not always say that it is there.
        if not request.url.startswith("blob:"):
            self._waiting.add(request)
        if re.search(r'"dry_run":\s*true', request.post_data or ""):
            return
        path = request.url.removeprefix(self.url).partition("?")[0]
        self.done |= {
            name for name, (method, form) in OPERATIONS.items() if method == request.method and form.fullmatch(path)
        }

    def forget(self) -> None:
        """Begins anew: what was done and found before is another test's."""
        self.wrong.clear()
        self.found.clear()
        self.done.clear()

    def go(self, path: str) -> None:
        """Follows a link without loading the application again, and waits for the page."""
        self.note()
        self.place = path
        self.page.evaluate(
            "path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate', {state: {}})); }",
            f"/{path}",
        )
        self.settle()

    def press(self, shortcut: str) -> None:
        """Presses the key that the application has for this."""
        self.page.keyboard.press(SHORTCUTS[shortcut])
        self.done.add(shortcut)

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """Returns the first button with this name."""
        return self.page.get_by_role("button", name=name, exact=isinstance(name, str)).first

    def choose(self, *names: str) -> None:
        """Opens a menu by its button, and goes through it to an item.

        Without the mouse: a tooltip of what has the focus, or is under the mouse, may lie over the button or an item.
        """
        self.button(names[0]).press("Enter")
        for name in names[1:]:
            item = self.page.get_by_role("menuitem", name=name)
            item.wait_for()
            item.dispatch_event("click")

    def dialog(self, title: str) -> Locator:
        """Returns the dialog with this in it."""
        return self.page.get_by_role("dialog").filter(has_text=title)

    def confirm(self, title: str, button: str = "Confirm") -> None:
        """Waits for a dialog, keeps a picture of it, presses its button and sees it go."""
        dialog = self.dialog(title)
        confirm = dialog.get_by_role("button", name=button, exact=True)
        expect(confirm).to_be_enabled()
        self.picture(re.sub(r"\W+", "_", title).strip("_").lower())
        confirm.click()
        expect(dialog).to_have_count(0)

    def close(self, title: str) -> None:
        """Closes a dialog without doing what it offers."""
        dialog = self.dialog(title)
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_have_count(0)

    def row(self, text: str) -> Locator:
        """Returns the row of a table with this in it."""
        return self.page.get_by_role("row").filter(has_text=text)

    def write(self, text: str) -> None:
        """Replaces what is in the dialog's editor: pastes, for an editor adds to what is typed."""
        self.page.get_by_role("dialog").locator(".monaco-editor .view-lines").click()
        self.page.keyboard.press("Control+A")
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        self.page.keyboard.press("Control+V")

    def write_note(self, dialog: Locator, text: str) -> None:
        """Opens the part of a dialog with the note, writes one, and leaves it.

        The note shrinks when it is left, and the dialog with it: a click on what moves meanwhile would be lost.
        """
        note, place = dialog.get_by_role("button", name="Note"), dialog.get_by_text("Add a note...")
        note.or_(place).first.wait_for()
        if not place.is_visible():
            note.click()
        place.click()
        written = dialog.get_by_role("textbox", name="editable input")
        written.fill(text)
        dialog.get_by_role("heading").first.click()
        expect(written).to_be_hidden()

    def select_all(self) -> None:
        """Ticks all rows of the page's table."""
        self.page.get_by_role("row").nth(1).get_by_role("checkbox").wait_for(state="attached")
        self.page.get_by_role("row").first.locator("label").first.click()

    def settle(self) -> None:
        """Waits until nothing of the page is a placeholder, and neither Chromium nor the server is busy with it."""
        expect(self.page.get_by_test_id("skeleton")).to_have_count(0)
        quiet, end = 0, time.monotonic() + PATIENCE
        while quiet < 3:
            # A page with many editors in it may be busy for very long.
            self.page.evaluate("() => new Promise(resolve => requestIdleCallback(resolve, {timeout: 5000}))")
            quiet = 0 if self._waiting else quiet + 1
            assert time.monotonic() < end, f"{self.place} still waits for {[request.url for request in self._waiting]}"

    def picture(self, name: str) -> None:
        """Keeps a picture, named after the theme as well."""
        self.shot(f"{self.theme}_{name}")

    def note(self) -> None:
        """Remembers what went wrong since the last time, with the place."""
        unexpected = [
            wrong for wrong in self.wrong if not any(re.search(pattern, wrong) for pattern, _reason in EXPECTED)
        ]
        self.found += [f"{self.place}: {wrong}" for wrong in unexpected]
        self.wrong.clear()
