"""What can be done with variables, pools and connections."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect
from support import eventually


@pytest.mark.does("postVariable", "patchVariable", "deleteVariable")
def test_a_variable_is_added_edited_and_deleted(guest):
    lite = guest.lite
    guest.go("variables")
    guest.button("Add Variable").click()
    dialog = guest.page.get_by_role("dialog")
    for label, text in (("Key", "by_hand"), ("Value", "1"), ("Description", "first")):
        dialog.get_by_role("textbox", name=label).fill(text)
    guest.confirm("Add Variable", "Save")
    guest.row("by_hand").get_by_role("button", name="Edit Variable").click()
    dialog.get_by_role("textbox", name="Value").fill("2")
    guest.confirm("Edit Variable", "Save")
    eventually(lambda: lite.get("/api/v2/variables/by_hand")["value"] == "2", "the variable is edited")
    assert lite.get("/api/v2/variables/by_hand")["description"] == "first"
    guest.row("by_hand").get_by_role("button", name="Delete Variable").click()
    guest.confirm("Delete 1 Variable", "Yes, Delete")
    eventually(lambda: lite.request("GET", "/api/v2/variables/by_hand").status == 404, "the variable is gone")


@pytest.mark.does("bulkVariables")
@pytest.mark.parametrize(("choice", "value"), [("Overwrite", "new"), ("Skip", "old"), ("Fail", "old")])
def test_variables_are_imported_and_deleted_together(guest, choice, value):
    lite, page = guest.lite, guest.page
    lite.request("POST", "/api/v2/variables", {"key": "many_1", "value": "old"})
    guest.go("")  # from another page, or the list keeps its search
    guest.go("variables?name_pattern=many_")
    guest.button("Import Variables").click()
    dialog = guest.dialog("Import Variables")
    content = json.dumps({"many_1": "new", "many_2": {"deep": 1}})
    file = {"name": "variables.json", "mimeType": "application/json", "buffer": content.encode()}
    dialog.locator("input[type=file]").set_input_files(file)
    dialog.get_by_role("radiogroup").get_by_text(choice, exact=True).click()
    guest.picture("import_variables")
    dialog.get_by_role("button", name="Import", exact=True).click()
    if choice == "Fail":
        expect(dialog.get_by_text("many_1")).to_be_visible()
        guest.picture("import_variables_failed")
        guest.close("Import Variables")
        assert lite.request("GET", "/api/v2/variables/many_2").status == 404
    else:
        eventually(lambda: lite.request("GET", "/api/v2/variables/many_2").status == 200, "they are there")
        assert json.loads(lite.get("/api/v2/variables/many_2")["value"]) == {"deep": 1}
        expect(guest.row("many_2")).to_be_visible()
    assert lite.get("/api/v2/variables/many_1")["value"] == value
    expect(guest.row("many_1")).to_be_visible()
    expect(guest.row("settings")).to_have_count(0)  # what else is shown would be deleted, too
    guest.select_all()
    page.get_by_role("button", name="Delete", exact=True).click()
    guest.confirm("You are about to delete", "Yes, Delete")
    eventually(lambda: lite.request("GET", "/api/v2/variables/many_1").status == 404, "the variables are gone")


def test_variables_are_searched_unfolded_and_folded(guest):
    page = guest.page
    guest.go("variables")
    for name in ("Expand", "Collapse"):
        page.get_by_role("button", name=name).first.click()
    page.get_by_placeholder("Search Keys").fill("greet")
    expect(guest.row("settings")).to_have_count(0)
    expect(guest.row("greeting")).to_be_visible()
    guest.button("Clear search").click()
    expect(guest.row("settings")).to_be_visible()


@pytest.mark.does("postPool", "patchPool", "deletePool")
def test_a_pool_is_added_edited_and_deleted(guest):
    lite, page = guest.lite, guest.page
    dialog = page.get_by_role("dialog")
    guest.go("pools")
    guest.button("Add Pool").click()
    dialog.get_by_role("textbox", name="Name").fill("by_hand")
    dialog.get_by_role("spinbutton").fill("3")
    dialog.get_by_text("Check to include deferred").click()
    guest.confirm("Add Pool", "Save")
    pool = eventually(lambda: lite.get("/api/v2/pools/by_hand"), "the pool is there")
    assert (pool["slots"], pool["include_deferred"]) == (3, True)
    page.get_by_placeholder("Search Pools").fill("by_h")
    expect(page.get_by_text("narrow")).to_have_count(0)
    expect(page.get_by_text("by_hand")).to_be_visible()
    guest.settle()
    guest.button("Edit Pool").click()
    dialog.get_by_role("spinbutton").fill("4")
    guest.confirm("Edit Pool", "Save")
    eventually(lambda: lite.get("/api/v2/pools/by_hand")["slots"] == 4, "the pool is edited")
    guest.button("Delete Pool").click()
    guest.confirm("Delete Pool", "Delete")
    eventually(lambda: lite.request("GET", "/api/v2/pools/by_hand").status == 404, "the pool is gone")
    guest.go("pools")
    page.get_by_role("combobox").filter(has_text="Name (A-Z)").click()
    page.get_by_role("option", name="Name (Z-A)").click()
    guest.settle()
    guest.picture("pools_sorted")


@pytest.mark.does("postConnection", "patchConnection", "deleteConnection", "bulkConnections")
def test_a_connection_is_added_edited_and_deleted_alone_and_with_others(guest):
    lite, page = guest.lite, guest.page
    dialog = page.get_by_role("dialog")
    for name in ("many_1", "many_2"):
        lite.request("POST", "/api/v2/connections", {"connection_id": name, "conn_type": "generic"})
    guest.go("connections")
    guest.button("Add Connection").click()
    dialog.get_by_role("textbox", name="Connection ID").fill("by_hand")
    dialog.get_by_role("combobox").first.fill("smtp")
    page.get_by_role("option", name="smtp").click()
    page.locator("input[name=host]").fill("one.example.com")
    dialog.get_by_role("button", name="Extra Fields", exact=True).click()
    page.locator("input[name=element_from_email]").fill("me@example.com")
    guest.picture("connection_form")
    guest.confirm("Add Connection", "Save")
    made = eventually(lambda: lite.get("/api/v2/connections/by_hand"), "the connection is there")
    assert (made["conn_type"], json.loads(made["extra"])["from_email"]) == ("smtp", "me@example.com")
    guest.row("by_hand").get_by_role("button", name="Edit Connection").click()
    page.locator("input[name=host]").fill("two.example.com")
    guest.confirm("Edit Connection", "Save")
    expect(guest.row("two.example.com")).to_be_visible()
    guest.row("by_hand").get_by_role("button", name="Delete Connection").click()
    guest.confirm("Delete 1 connection", "Yes, Delete")
    eventually(lambda: lite.request("GET", "/api/v2/connections/by_hand").status == 404, "the connection is gone")
    for name in ("many_1", "many_2"):
        guest.row(name).locator("label").first.click()
    page.get_by_role("button", name="Delete", exact=True).click()
    guest.confirm("Delete 2 connections", "Yes, Delete")
    eventually(lambda: lite.request("GET", "/api/v2/connections/many_2").status == 404, "the others are gone")


@pytest.mark.does("testConnection")
def test_a_connection_is_tested(guest):
    for name, path, told in (("there", "/", "Test Connection Successful"), ("lost", "/lost", "Test Connection Failed")):
        body = {"connection_id": name, "conn_type": "fs", "extra": f'{{"path": "{path}"}}'}
        assert guest.lite.request("POST", "/api/v2/connections", body).status == 201
        guest.open("connections")
        guest.row(name).get_by_role("button", name="Test Connection").click()
        expect(guest.page.get_by_text(told)).to_be_visible()
        guest.picture(f"tested_{name}")
        assert guest.lite.request("DELETE", f"/api/v2/connections/{name}").status == 204
