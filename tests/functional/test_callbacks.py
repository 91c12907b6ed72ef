"""DAG-level callbacks: success, failure, time-out, and a server that dies before they are done."""

from __future__ import annotations

import json

from support import eventually

DAG = """
import datetime, json, pathlib, time
from airflow.sdk import DAG, task

OUT = pathlib.Path({out!r})

def tell(kind):
    def callback(context):
        OUT.mkdir(exist_ok=True)
        said = {{
            "kind": kind, "reason": context["reason"], "run_id": context["run_id"], "task": context["ti"].task_id,
            "state": str(context["dag_run"].state), "conf": context["dag_run"].conf,
        }}
        name = f"{{context['dag'].dag_id}}.{{kind}}.{{time.time_ns()}}"
        (OUT / name).write_text(json.dumps(said))
    return callback

BOTH = dict(on_success_callback=tell("success"), on_failure_callback=[tell("failure"), tell("failure_too")])

with DAG("told", **BOTH):
    @task
    def first(): ...

    @task
    def second(params=None, dag_run=None):
        if dag_run.conf.get("fail"):
            raise ValueError("as asked")

    first() >> second()

with DAG("slow", dagrun_timeout=datetime.timedelta(seconds=1), **BOTH):
    @task
    def sleep():
        time.sleep(60)

    sleep()

with DAG("broken", on_success_callback=lambda context: 1 / 0):
    @task
    def fine(): ...

    fine()
"""


def said(tmp_path, dag_id: str) -> list[dict]:
    """Returns what the callbacks of a DAG wrote, in their order."""
    files = sorted((tmp_path / "out").glob(f"{dag_id}.*"), key=lambda file: file.name.rsplit(".", 1)[1])
    return [json.loads(file.read_text() or "null") for file in files]


def test_the_end_of_a_run_calls_back_with_its_context(make_lite, tmp_path):
    lite = make_lite({"told.py": DAG.format(out=str(tmp_path / "out"))})
    lite.await_dag("told", tasks=2)
    good = lite.trigger("told", {"n": 1})
    [success] = eventually(lambda: said(tmp_path, "told"), "the success is told")
    assert success == {
        "kind": "success", "reason": "success", "run_id": good, "task": "second", "state": "success", "conf": {"n": 1},
    }  # fmt: skip
    bad = lite.trigger("told", {"fail": True})
    eventually(lambda: len(said(tmp_path, "told")) == 3, "the failure is told twice")
    assert [(s["kind"], s["reason"], s["run_id"], s["task"]) for s in said(tmp_path, "told")[1:]] == [
        ("failure", "task_failure", bad, "second"),
        ("failure_too", "task_failure", bad, "second"),
    ]
    lite.trigger("slow")
    eventually(lambda: len(said(tmp_path, "slow")) == 2, "the time-out is told")
    assert {s["reason"] for s in said(tmp_path, "slow")} == {"timed_out"}
    # One that fails is the log's business: the run has ended as it ended.
    run_id = lite.trigger("broken")
    lite.await_run("broken", run_id)


def test_a_callback_is_not_lost_when_the_server_dies(make_lite, tmp_path):
    lite = make_lite({"told.py": DAG.format(out=str(tmp_path / "out"))})
    lite.await_dag("told", tasks=2)
    run_id = lite.trigger("told")
    lite.await_run("told", run_id)
    lite.kill()
    lite.start()
    eventually(lambda: said(tmp_path, "told"), "the success is told")


KILLED = """
import json, os, pathlib, signal
from airflow.sdk import DAG, task

OUT = pathlib.Path({out!r})

def tell(kind):
    def callback(context):
        OUT.mkdir(exist_ok=True)
        ti = context["ti"]
        said = [kind, ti.task_id, ti.try_number, context["run_id"], ti.max_tries]
        (OUT / f"killed.{{kind}}.{{ti.try_number}}").write_text(json.dumps(said))
    return callback

with DAG("killed"):
    @task(retries=1, retry_delay=0, email="ops@example.org", on_retry_callback=tell("retry"), on_failure_callback=tell("failure"))
    def dies():
        os.kill(os.getpid(), signal.SIGKILL)

    dies()
"""


MAILING = """
import json, pathlib, uuid

OUT = pathlib.Path({out!r})

def send(to, subject, html_content, **kwargs):
    OUT.mkdir(exist_ok=True)
    (OUT / f"mail.{{uuid.uuid4()}}.0").write_text(json.dumps([to, subject]))
"""


def test_a_task_whose_process_was_killed_calls_back_and_mails_as_if_it_had_failed_itself(
    make_lite, tmp_path, monkeypatch
):
    monkeypatch.setenv("AIRFLOW__EMAIL__EMAIL_BACKEND", "mailing.send")
    out = str(tmp_path / "out")
    lite = make_lite({"killed.py": KILLED.format(out=out), "mailing.py": MAILING.format(out=out)})
    lite.await_dag("killed")
    run_id = lite.trigger("killed")
    lite.await_run("killed", run_id, "failed")
    eventually(lambda: len(said(tmp_path, "killed")) == 2, "both are told")
    assert sorted(said(tmp_path, "killed")) == [["failure", "dies", 2, run_id, 1], ["retry", "dies", 1, run_id, 1]]
    mails = eventually(lambda: len(mails := said(tmp_path, "mail")) == 2 and mails, "both mails")
    assert {to if isinstance(to, str) else to[0] for to, subject in mails} == {"ops@example.org"}
    assert all("dies" in subject for to, subject in mails)
