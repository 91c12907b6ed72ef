"""What can be done with task instances, groups of tasks, their XComs, what they stored, and questions to people."""

from __future__ import annotations

import pytest
from content import await_states, do_chores, start
from playwright.sync_api import expect
from stores import add_edit_delete_and_clear
from support import eventually


def state_of(guest, run_id: str, task_id: str) -> tuple[object, object]:
    """Returns a task's state, and the number of its last try."""
    instance = guest.lite.task_instances("chores", run_id)[task_id]
    return instance["state"], instance["try_number"]


@pytest.mark.does("postClearTaskInstances", "runActions.clearTaskInstance")
def test_a_task_is_cleared_with_earlier_and_later_runs_and_tasks(guest):
    for day, run_id in enumerate(("before", "between", "after"), 1):
        do_chores(guest.lite, run_id, f"2026-03-0{day}T00:00:00Z")
    guest.go("dags/chores/runs/between/tasks/rooms.bath")
    guest.press("runActions.clearTaskInstance")
    dialog = guest.dialog("Clear Task Instance")
    expect(dialog.get_by_role("button", name="Affected Tasks: 2")).to_be_visible()
    for option, there, run_id in (
        ("Upstream", True, "between"), ("Past", True, "before"), ("Future", True, "after"),
        ("Clear only failed tasks", False, "after"),
    ):  # fmt: skip
        dialog.get_by_role("button", name=option, exact=True).click()
        expect(dialog.get_by_role("row", name=f"wash Success -1 {run_id}")).to_have_count(int(there))
    dialog.get_by_role("button", name="Downstream", exact=True).click()
    expect(dialog.get_by_role("row", name="rest ")).to_have_count(0)
    dialog.get_by_text("Prevent rerun if task is running").click()
    guest.write_note(dialog, "cleared widely")
    guest.confirm("Clear Task Instance")
    for run_id in ("before", "between", "after"):
        eventually(lambda run_id=run_id: state_of(guest, run_id, "rooms.bath") == ("failed", 2), "it runs again")
        assert state_of(guest, run_id, "wash") == ("success", 1)
    assert guest.lite.task_instances("chores", "before")["rooms.bath"]["note"] == "cleared widely"


@pytest.mark.does("postClearTaskInstances")
def test_all_instances_of_a_mapped_task_are_cleared(guest):
    do_chores(guest.lite, "mapped")
    guest.go("dags/chores/runs/mapped/tasks/dry/mapped")
    guest.button("Press shift+c to clear all mapped task instances").click()
    expect(guest.dialog("Clear All Mapped").get_by_role("button", name="Affected Tasks: 2")).to_be_visible()
    guest.confirm("Clear All Mapped Task Instances")
    eventually(lambda: state_of(guest, "mapped", "dry") == ("success", 2), "they run again")


@pytest.mark.does("patchTaskInstance", "patchTaskInstanceDryRun", "runActions.markTaskSuccess")
def test_a_task_is_marked_successful_with_those_after_it(guest):
    do_chores(guest.lite, "marked")
    guest.go("dags/chores/runs/marked/tasks/rooms.bath")
    guest.press("runActions.markTaskSuccess")
    dialog = guest.dialog("Mark Task Instance as success")
    dialog.get_by_role("button", name="Downstream").click()
    expect(dialog.get_by_role("button", name="Affected Tasks: 2")).to_be_visible()
    guest.write_note(dialog, "by hand")
    guest.confirm("Mark Task Instance as success")
    await_states(guest.lite, "chores", "marked", {"rooms.bath": "success", "rest": "success"})
    assert guest.lite.task_instances("chores", "marked")["rooms.bath"]["note"] == "by hand"


@pytest.mark.does("patchTaskInstance", "patchTaskInstanceDryRun", "runActions.markTaskFailed")
def test_a_task_is_marked_failed(guest):
    do_chores(guest.lite, "spoilt")
    guest.go("dags/chores/runs/spoilt/tasks/rooms.kitchen")
    guest.press("runActions.markTaskFailed")
    guest.close("Mark Task Instance as failed")
    guest.choose("Mark Task Instance as...", "Failed")
    guest.confirm("Mark Task Instance as failed")
    await_states(guest.lite, "chores", "spoilt", {"rooms.kitchen": "failed"})


@pytest.mark.does(
    "patchTaskGroupInstances", "patchTaskGroupInstancesDryRun", "postClearTaskInstances",
    "runActions.markTaskGroupSuccess", "runActions.markTaskGroupFailed",
)  # fmt: skip
def test_a_group_is_marked_and_cleared(guest):
    do_chores(guest.lite, "group")
    guest.go("dags/chores/runs/group/tasks/group/rooms")
    for shortcut, state in (
        ("runActions.markTaskGroupSuccess", "success"), ("runActions.markTaskGroupFailed", "failed"),
    ):  # fmt: skip
        guest.press(shortcut)
        guest.confirm(f"Mark Task Group as {state}")
        await_states(guest.lite, "chores", "group", {"rooms.bath": state, "rooms.kitchen": state})
    guest.settle()
    guest.button("Press shift+c to clear").click()
    expect(guest.dialog("Clear Task Instances").get_by_role("button", name="Affected Tasks: 3")).to_be_visible()
    guest.confirm("Clear Task Instances")
    eventually(lambda: state_of(guest, "group", "rooms.kitchen") == ("success", 2), "the group runs again")


@pytest.mark.does("postClearTaskInstances", "bulkTaskInstances")
def test_task_instances_are_cleared_marked_and_deleted_together(guest):
    do_chores(guest.lite, "bulk")
    guest.go("task_instances?dag_id_pattern=chores&run_id_pattern=bulk&name_pattern=dry")
    guest.select_all()
    guest.picture("selected_task_instances")
    guest.button("Clear Task Instances").click()
    expect(guest.dialog("Clear Task Instances").get_by_role("button", name="Affected Tasks: 2")).to_be_visible()
    guest.confirm("Clear Task Instances")
    eventually(lambda: state_of(guest, "bulk", "dry") == ("success", 2), "they run again")
    guest.select_all()
    guest.page.get_by_role("button", name="Mark Task Instances as...").last.click()
    guest.page.get_by_role("menuitem", name="Failed").click()
    guest.confirm("Mark Task Instances as failed")
    await_states(guest.lite, "chores", "bulk", {"dry": "failed"})
    guest.select_all()
    guest.button("Delete Task Instances").click()
    guest.confirm("Delete Task Instances")
    eventually(lambda: "dry" not in guest.lite.task_instances("chores", "bulk"), "they are gone")


@pytest.mark.does("deleteTaskInstance")
def test_a_task_instance_is_deleted(guest):
    do_chores(guest.lite, "shorter")
    guest.go("task_instances?dag_id_pattern=chores&run_id_pattern=shorter&name_pattern=rest")
    guest.row("rest").get_by_role("button", name="Delete Task Instance").click()
    guest.confirm("Delete Task Instance", "Delete")
    eventually(lambda: "rest" not in guest.lite.task_instances("chores", "shorter"), "it is gone")


@pytest.mark.does("patchTaskInstance")
def test_a_note_of_a_task_instance_is_written(guest):
    do_chores(guest.lite, "noted")
    guest.go("dags/chores/runs/noted/tasks/wash")
    guest.button("Edit note").click()
    guest.dialog("Task Instance Note").get_by_role("textbox").fill("**important**")
    guest.confirm("Task Instance Note")
    eventually(lambda: guest.lite.task_instances("chores", "noted")["wash"]["note"] == "**important**", "it is kept")
    expect(guest.page.get_by_role("strong").get_by_text("important")).to_be_visible()


@pytest.mark.does("createXcomEntry", "updateXcomEntry", "deleteXcomEntry")
def test_an_xcom_is_added_edited_and_deleted(guest):
    entry = f"{do_chores(guest.lite, 'xcoms')}/taskInstances/wash/xcomEntries/by_hand"
    guest.go("dags/chores/runs/xcoms/tasks/wash/xcom")
    guest.button("Add XCom").click()
    guest.page.get_by_role("dialog").get_by_role("textbox").first.fill("by_hand")
    guest.write('{"a": 1}')
    guest.confirm("Add XCom", "Save")
    eventually(lambda: guest.lite.request("GET", entry).status == 200, "it is there")
    assert guest.lite.get(entry)["value"] == {"a": 1}
    guest.row("by_hand").get_by_role("button", name="Edit XCom").click()
    guest.write("42")
    guest.confirm("Edit XCom", "Save")
    eventually(lambda: guest.lite.get(entry)["value"] == 42, "it is edited")
    guest.row("by_hand").get_by_role("button", name="Delete XCom").click()
    guest.confirm("Delete XCom", "Delete")
    eventually(lambda: guest.lite.request("GET", entry).status == 404, "it is gone")


@pytest.mark.does("setTaskStateStore", "deleteTaskStateStore", "clearTaskStateStore")
def test_what_a_task_stores_is_added_edited_deleted_and_cleared(guest):
    store = f"{do_chores(guest.lite, 'stored')}/taskInstances/wash/state-store"
    guest.lite.request("PUT", f"{store}/other", {"value": 1})
    guest.go("dags/chores/runs/stored/tasks/wash/task-state-store")
    add_edit_delete_and_clear(guest, "Task State Store", store, "Never")


@pytest.mark.does("updateHitlDetail")
def test_questions_are_answered_on_the_page_and_in_the_drawer(guest):
    lite, page = guest.lite, guest.page
    start(lite, "asks", "answered")
    await_states(lite, "asks", "answered", {"ask": "awaiting_input", "approve": "awaiting_input"})
    guest.go("dags/asks/runs/answered/tasks/ask/required_actions")
    page.locator("input[name=element_reason]").fill("it is better")
    guest.picture("question")
    page.get_by_test_id("hitl-option-that").click()
    await_states(lite, "asks", "answered", {"ask": "success"})
    details = "/api/v2/dags/asks/dagRuns/answered/taskInstances/ask/-1/hitlDetails"
    answer = eventually(lambda: lite.get(details), "the answer is kept")
    assert (answer["chosen_options"], answer["params_input"]) == (["that"], {"reason": "it is better"})
    guest.go("dags/asks/runs/answered/required_actions")
    guest.picture("drawer")
    guest.button("Reject").click()
    await_states(lite, "asks", "answered", {"approve": "success"})
