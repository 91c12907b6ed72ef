"""The page of the metrics port, against its table in the documentation."""

from __future__ import annotations

import re
import socket
import urllib.request

from support import ROOT, eventually

DAG = """
from airflow.sdk import dag, task


@dag(schedule=None)
def measured():
    @task
    def works():
        return 1

    @task(retries=1, retry_delay=0)
    def fails():
        raise ValueError

    @task.short_circuit
    def leaves_out():
        return False

    leaves_out() >> works.override(task_id="left_out")()
    works()
    fails()


measured()
"""

SAMPLE = re.compile(r"^([a-z_:]+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? (\S+)$")


def page(lite):
    with urllib.request.urlopen(f"http://127.0.0.1:{lite.port + 1010}/metrics") as response:
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return response.read().decode()


def values(lite):
    """Returns the samples by name and labels, as they are written."""
    lines = (line.rsplit(" ", 1) for line in page(lite).splitlines() if line[0] != "#")
    return {name: float(value) for name, value in lines}


def families(text):
    """Returns type, labels and help of each family of the page."""
    helps = dict(re.findall(r"^# HELP (\S+) (.*)$", text, re.MULTILINE))
    types = dict(re.findall(r"^# TYPE (\S+) (.*)$", text, re.MULTILINE))
    assert helps.keys() == types.keys()
    labels = {name: set() for name in helps}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, label_text, value = SAMPLE.match(line).groups()
        float(value)
        labels[name if name in labels else line.split("{")[0].split(" ")[0]] |= {
            label for label in re.findall(r'([a-z_]+)="', label_text or "") if label != "le"
        }
    return {name: (types[name], labels[name], helps[name]) for name in helps}


def table():
    """Returns the same of the documentation."""
    text = (ROOT / "docs/metrics.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) ?\| (.*) \|$", text, re.MULTILINE)
    return {name: (type_, set(re.findall(r"`(\w+)`", labels)), help_) for name, type_, labels, help_ in rows}


def test_the_page_is_what_the_table_says(make_lite, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{nobody.getsockname()[1]}")
    lite = make_lite({"dag.py": DAG})
    lite.await_dag("measured", 4)
    lite.await_run("measured", lite.trigger("measured"), "failed")
    lite.request("POST", "/auth/token", {"username": "nobody", "password": "wrong"})
    told = families(page(lite))
    assert told == table()
    measured = values(lite)
    positive = [line.split("{")[0] for line, value in measured.items() if value > 0]
    used = {name for name in told if any(line.startswith(name) for line in positive)}
    # All but what must not happen here.
    assert told.keys() - used <= {
        "leoflow_store_commit_failures_total", "leoflow_scheduler_queue_depth", "leoflow_active_dag_runs",
        "leoflow_queued_tasks", "leoflow_active_tasks", "leoflow_deferred_tasks", "leoflow_pool_occupied_slots",
        "leoflow_trace_spans_exported_total", "leoflow_trace_spans_dropped_total",
        "leoflow_pool_waiting_tasks", "leoflow_agents_lost_total", "leoflow_triggers", "leoflow_python_queue_depth",
    }  # fmt: skip


def test_it_counts_what_happened(make_lite):
    lite = make_lite({"dag.py": DAG})
    lite.await_dag("measured", 4)
    lite.await_run("measured", lite.trigger("measured"), "failed")
    told = values(lite)
    assert told['leoflow_task_state_transitions_total{state="success"}'] == 2
    assert told['leoflow_task_state_transitions_total{state="failed"}'] == 1
    assert told['leoflow_task_state_transitions_total{state="skipped"}'] == 1
    assert told["leoflow_task_retries_total"] == 1
    assert told['leoflow_task_duration_seconds_count{state="success"}'] == 2
    assert told['leoflow_task_duration_seconds_count{state="up_for_retry"}'] == 1
    assert told['leoflow_dag_run_duration_seconds_count{state="failed"}'] == 1
    assert told['leoflow_scheduler_decisions_total{decision_type="start_task"}'] == 4
    assert told["leoflow_dispatch_latency_seconds_count"] == told["leoflow_task_start_latency_seconds_count"] == 4
    assert told['leoflow_task_requests_total{request="SucceedTask"}'] == 2
    assert told['leoflow_parse_duration_seconds_count{outcome="parsed"}'] >= 1
    assert told['leoflow_http_requests_total{operation="trigger_dag_run",status="2xx"}'] == 1
    assert told['leoflow_http_request_duration_seconds_count{operation="trigger_dag_run"}'] == 1
    assert told["leoflow_agents"] == 1
    assert told["leoflow_agent_slots"] > 0
    # The process of the last attempt may still be ending.
    eventually(lambda: values(lite)["leoflow_free_slots"] == told["leoflow_agent_slots"], "all slots are free")
    assert told['leoflow_pool_slots{pool="default_pool"}'] == 128
    assert told["leoflow_store_commit_duration_seconds_count"] > 0
    assert 1e6 < told["process_resident_memory_bytes"] < 1e9


def test_refusals_are_counted_by_their_reason(make_lite):
    lite = make_lite({"dag.py": ""})
    for _ in range(11):
        lite.request("POST", "/auth/token", {"username": "nobody", "password": "wrong"})
    right, lite.token = lite.token, "no.token.atall"
    assert lite.request("GET", "/api/v2/dags").status == 403
    lite.token = right
    told = values(lite)
    assert told['leoflow_auth_failures_total{reason="password"}'] == 10
    assert told['leoflow_auth_failures_total{reason="too_many_tries"}'] == 1
    assert told['leoflow_auth_failures_total{reason="token"}'] == 1


def test_what_is_going_on_shows(make_lite):
    lite = make_lite({"dag.py": DAG.replace("return 1", "import time; time.sleep(600)")})
    lite.await_dag("measured", 4)
    run_id = lite.trigger("measured")
    eventually(lambda: values(lite)["leoflow_active_tasks"] == 1, "the one that sleeps is with an agent")
    told = values(lite)
    assert told['leoflow_active_dag_runs{state="running"}'] == 1
    assert told['leoflow_pool_occupied_slots{pool="default_pool"}'] == 1
    assert lite.request("PATCH", f"/api/v2/dags/measured/dagRuns/{run_id}", {"state": "failed"}).status == 200
    eventually(lambda: values(lite)['leoflow_active_dag_runs{state="running"}'] == 0, "the run has ended")


def test_parallelism_says_how_many_tasks_run_at_once_unless_slots_are_given(make_lite, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "3")
    lite = make_lite({})
    eventually(lambda: values(lite)["leoflow_agent_slots"] == 3, "the agent has three slots")
    lite.stop()
    lite.arguments += ["--slots", "5"]
    lite.start()
    eventually(lambda: values(lite)["leoflow_agent_slots"] == 5, "the agent has five slots")
    lite.stop()
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "many")
    refused = lite.command("lite", str(lite.dags), "--port", str(lite.port), check=False)
    assert refused.returncode != 0 and "AIRFLOW__CORE__PARALLELISM" in refused.stderr and "many" in refused.stderr
