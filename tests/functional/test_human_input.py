"""Human in the loop with the real operators: questions, answers, defaults, time-outs, restarts."""

from __future__ import annotations

import urllib.parse

import pytest
from support import Lite, eventually
from test_tokens import add_service, bearer

ASKS = """
import datetime
from airflow.providers.standard.operators.hitl import (
    ApprovalOperator, HITLBranchOperator, HITLEntryOperator, HITLOperator,
)
from airflow.sdk import DAG, Param, task

SOON = datetime.timedelta(milliseconds=300)

with DAG("asks"):
    HITLOperator(
        task_id="question", subject="Which, {{ dag.dag_id }}?", body="**Choose**",
        options=["red", "green", "blue"], multiple=True,
        params={"size": Param(3, type="integer"), "plain": "x"},
    )
    HITLOperator(task_id="only_ann", subject="Ann?", options=["yes"], assigned_users={"id": "ann", "name": "Ann"})

with DAG("decides"):
    approve = ApprovalOperator(task_id="approve", subject="Go on?")
    choose = HITLBranchOperator(task_id="choose", subject="Where?", options=["left", "right"])

    @task
    def left(): ...

    @task
    def right(): ...

    approve >> choose >> [left(), right()]

with DAG("gives_up"):
    HITLOperator(task_id="default", subject="?", options=["a", "b"], defaults="b",
                 params={"n": 7}, response_timeout=SOON)
    HITLOperator(task_id="late", subject="?", options=["a"], response_timeout=SOON)
"""


@pytest.fixture(scope="module")
def lite(make_shared_lite):
    """Gives a server with DAGs that ask people."""
    lite = make_shared_lite({"asks.py": ASKS})
    lite.await_dag("gives_up", tasks=2)
    return lite


def place(dag_id: str, run_id: str, task_id: str) -> str:
    """Returns the address of a task instance's question."""
    return f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id)}/taskInstances/{task_id}/-1/hitlDetails"


def await_question(lite: Lite, dag_id: str, run_id: str, task_id: str) -> None:
    """Waits until a task instance waits for people."""
    eventually(
        lambda: lite.task_instances(dag_id, run_id)[task_id]["state"] == "awaiting_input", f"{task_id} asks people"
    )


def answer(lite: Lite, dag_id: str, run_id: str, task_id: str, options: list[str], **inputs: object):
    """Answers a question, once it is asked."""
    await_question(lite, dag_id, run_id, task_id)
    body = {"chosen_options": options, "params_input": inputs}
    return lite.request("PATCH", place(dag_id, run_id, task_id), body)


def test_a_question_is_listed_checked_and_answered_once(lite):
    run_id = lite.trigger("asks")
    await_question(lite, "asks", run_id, "question")
    detail = lite.get(place("asks", run_id, "question"))
    assert detail["subject"] == "Which, asks?" and detail["options"] == ["red", "green", "blue"]
    assert detail["params"]["size"]["value"] == 3 and detail["params"]["plain"]["value"] == "x"
    assert detail["task_instance"]["task_id"] == "question" and not detail["response_received"]
    assert lite.get("/api/v2/dags/asks/dagRuns/~/hitlDetails?response_received=false")["total_entries"] >= 1
    [dag] = lite.get("/ui/dags?has_pending_actions=true&dag_id_pattern=asks")["dags"]
    assert {d["subject"] for d in dag["pending_actions"]} >= {"Which, asks?"}
    explained = lite.get(place("asks", run_id, "question").replace("-1/hitlDetails", "dependencies"))
    assert [d["name"] for d in explained["dependencies"]] == ["Human Input"]

    refused = answer(lite, "asks", run_id, "question", ["pink"])
    assert refused.status == 400 and "pink" in refused.body["detail"]
    accepted = answer(lite, "asks", run_id, "question", ["red", "blue"], size=4, plain="y")
    assert accepted.status == 200 and accepted.body["responded_by"]["id"]
    eventually(lambda: lite.task_instances("asks", run_id)["question"]["state"] == "success", "the answer is taken")
    value = lite.get(
        f"/api/v2/dags/asks/dagRuns/{urllib.parse.quote(run_id)}/taskInstances/question/xcomEntries/return_value"
    )["value"]
    assert "red" in str(value) and "size" in str(value)
    again = lite.request("PATCH", place("asks", run_id, "question"), {"chosen_options": ["red"], "params_input": {}})
    assert again.status == 409

    await_question(lite, "asks", run_id, "only_ann")
    # Unless somebody else is there, a question to somebody else would never be answered.
    lite.command("users", "create", "ann")
    assert answer(lite, "asks", run_id, "only_ann", ["yes"]).status == 403
    lite.command("users", "delete", "ann", "--yes")
    program = bearer(add_service(lite, "ci", "admin"))
    payload = {"chosen_options": ["yes"], "params_input": {}}
    assert lite.request("PATCH", place("asks", run_id, "only_ann"), payload, program).status == 403
    assert answer(lite, "asks", run_id, "only_ann", ["yes"]).status == 200


def test_an_answer_decides_what_runs_even_after_a_restart(lite):
    run_id = lite.trigger("decides")
    await_question(lite, "decides", run_id, "approve")
    lite.kill()
    lite.start()
    assert answer(lite, "decides", run_id, "approve", ["Approve"]).status == 200
    assert answer(lite, "decides", run_id, "choose", ["right"]).status == 200
    lite.await_run("decides", run_id)
    states = {name: ti["state"] for name, ti in lite.task_instances("decides", run_id).items()}
    assert states == {"approve": "success", "choose": "success", "left": "skipped", "right": "success"}


def test_a_rejection_skips_what_follows(lite):
    run_id = lite.trigger("decides")
    assert answer(lite, "decides", run_id, "approve", ["Reject"]).status == 200
    lite.await_run("decides", run_id)
    assert lite.task_instances("decides", run_id)["choose"]["state"] == "skipped"


def test_without_an_answer_the_default_counts_and_without_a_default_it_fails(lite):
    run_id = lite.trigger("gives_up")
    lite.await_run("gives_up", run_id, "failed")
    states = {name: ti["state"] for name, ti in lite.task_instances("gives_up", run_id).items()}
    assert states == {"default": "success", "late": "failed"}
    detail = lite.get(place("gives_up", run_id, "default"))
    assert detail["chosen_options"] == ["b"] and detail["params_input"] == {"n": 7}
    assert detail["responded_by_user"] is None and detail["response_received"]
    log = " ".join(str(record.get("error_detail", record)) for record in lite.log("gives_up", run_id, "late"))
    assert "HITLTimeoutError" in log


def test_a_cleared_task_asks_again_and_the_first_answer_stays_with_its_try(lite):
    run_id = lite.trigger("asks")
    assert answer(lite, "asks", run_id, "question", ["red"]).status == 200
    eventually(lambda: lite.task_instances("asks", run_id)["question"]["state"] == "success", "it is answered")
    body = {"dry_run": False, "dag_run_id": run_id, "task_ids": ["question"], "only_failed": False}
    assert lite.request("POST", "/api/v2/dags/asks/clearTaskInstances", body).status == 200
    await_question(lite, "asks", run_id, "question")
    assert not lite.get(place("asks", run_id, "question"))["response_received"]
    assert lite.get(place("asks", run_id, "question") + "/tries/1")["chosen_options"] == ["red"]
