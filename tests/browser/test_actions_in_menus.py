"""The menus at the side, what a user chooses for themselves, and the way out."""

from __future__ import annotations

import pytest
from guest import Guest
from playwright.sync_api import expect
from support import eventually

MENUS = {
    "Browse": {
        "Audit Log": "events", "Deadlines": "deadlines", "Jobs": "jobs", "XComs": "xcoms",
        "Required Actions": "required_actions",
    },
    "Admin": {
        "Variables": "variables", "Pools": "pools", "Providers": "providers", "Plugins": "plugins",
        "Connections": "connections", "Config": "configs",
    },
}  # fmt: skip


@pytest.mark.parametrize("menu", MENUS)
def test_a_menu_leads_to_its_pages(guest, menu):
    guest.go("")
    for item, path in MENUS[menu].items():
        guest.choose(menu, item)
        guest.page.wait_for_url(f"**/{path}")
        guest.settle()


def test_links_lead_out_of_the_menu_of_documents_and_into_pages(guest):
    guest.go("")
    guest.button("Docs").click()
    guest.picture("docs_menu")
    for name in ("Documentation", "GitHub Repo"):
        expect(guest.page.get_by_role("menuitem", name=name)).to_be_visible()
    guest.page.keyboard.press("Escape")
    for name in ("Dags", "Assets", "Home"):
        guest.page.get_by_test_id(f"nav-{name.lower()}-link").click()
        guest.settle()


def test_language_and_right_to_left_are_chosen(guest):
    page = guest.page
    guest.go("dags")
    for language, word in (("Deutsch", "Start"), ("العربية", "الصفحة الرئيسية"), ("English", "Home")):
        page.get_by_test_id("nav-sidebar").get_by_role("button").last.click()
        page.get_by_role("menuitem").nth(0).click()
        page.get_by_role("dialog").get_by_role("combobox").fill(language)
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("nav-sidebar").get_by_text(word)).to_be_visible()
        guest.settle()
        guest.picture(f"language_{language}")


def test_a_time_zone_is_chosen(guest):
    page = guest.page
    guest.go("")
    for before, zone, after in (("+00:00", "Asia/Tokyo", "+09:00"), ("+09:00", "UTC", "+00:00")):
        guest.button(before).click()
        page.get_by_role("dialog").get_by_role("combobox").fill(zone)
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        expect(guest.button(after)).to_be_visible()


def test_dark_and_light_are_chosen(guest):
    page = guest.page
    guest.go("")
    choices = page.get_by_role("menuitemradio")
    for choice, name in (("Dark Mode", "dark"), ("Follow System Setting", "light"), ("Light Mode", "light")):
        guest.choose("User", "Appearance")
        choices.first.wait_for()
        page.keyboard.press("Home")
        for _ in range(choices.all_inner_texts().index(choice)):
            page.keyboard.press("ArrowDown")
        guest.picture(f"appearance_{name}")
        page.keyboard.press("Enter")
        expect(page.locator("html")).to_have_class(name)


def test_graph_or_grid_is_chosen_for_all_dags(guest):
    guest.go("")
    guest.choose("User", "Default to graph view")
    guest.go("dags/chores")
    expect(guest.page.locator(".react-flow__node").first).to_be_visible()
    guest.choose("User", "Default to grid view")
    guest.go("")


@pytest.mark.does("generateToken")
def test_a_token_is_made_that_the_server_takes(guest):
    page = guest.page
    guest.go("")
    guest.choose("User", "Generate Token")
    dialog = guest.dialog("Generate Token")
    dialog.get_by_role("button", name="CLI Token").click()
    dialog.get_by_role("button", name="Generate", exact=True).click()
    expect(dialog.get_by_text("This token will only be shown once")).to_be_visible()
    guest.picture("token")
    dialog.get_by_role("button", name="Copy").first.click()
    token = page.evaluate("() => navigator.clipboard.readText()")
    answer = guest.lite.request("GET", "/api/v2/dags", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 200
    guest.close("Generate Token")


@pytest.mark.does("global.showHelp", "search.focusFilterSearch")
def test_help_lists_the_shortcuts_of_the_page(guest):
    guest.go("dags/pipeline/runs/full/tasks/start")
    guest.press("global.showHelp")
    dialog = guest.dialog("Keyboard Shortcuts")
    for text in ("Toggle fullscreen", "Clear Task Instance", "Toggle graph / grid view", "Search logs"):
        expect(dialog.get_by_text(text).first).to_be_visible()
    guest.picture("shortcuts")
    guest.close("Keyboard Shortcuts")
    guest.go("variables")
    guest.press("search.focusFilterSearch")
    expect(guest.page.get_by_placeholder("Search Keys")).to_be_focused()


def test_who_logs_out_is_asked_to_log_in(browser, world):
    guest = Guest(browser, world[0], "light")
    guest.log_in()
    guest.choose("User", "Logout")
    guest.confirm("You are about to logout")
    expect(guest.page.locator("input[name=username]")).to_be_visible()
    eventually(lambda: not [c for c in guest.page.context.cookies() if c["name"] == "_token"], "the token is gone")
    guest.note()
    assert not guest.found
