"""Traces: spans of requests, runs and tries, and of the tasks themselves, at a collector."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support import eventually

DAG = """
from airflow.sdk import dag, task


@dag(schedule=None)
def traced():
    @task
    def works():
        return 1

    @task(retries=1, retry_delay=0)
    def fails():
        raise ValueError

    works()
    fails()


traced()
"""

TRACE = "0af7651916cd43dd8448eb211c80319c"


class Collector:
    """Takes exports: those of the server as spans, those of tasks as they come."""

    def __init__(self) -> None:
        self.spans: list[dict] = []
        self.of_tasks: list[bytes] = []
        self.headers: list[dict] = []
        self.resources: list[dict] = []
        self.status = 200
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["Content-Type"] == "application/json":
                    collector.take(json.loads(body), dict(self.headers))
                else:
                    collector.of_tasks.append(body)
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, export: dict, headers: dict) -> None:
        self.headers.append(headers)
        for resource in export["resourceSpans"]:
            self.resources.append(attributes_of(resource["resource"]))
            for scope in resource["scopeSpans"]:
                self.spans += scope["spans"]

    def named(self, name: str) -> list[dict]:
        return [span for span in self.spans if span["name"] == name]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


def attributes_of(thing: dict) -> dict:
    return {pair["key"]: next(iter(pair["value"].values())) for pair in thing["attributes"]}


@pytest.fixture
def collector(monkeypatch) -> Iterator[Collector]:
    made = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20secret")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_run_is_a_trace_and_its_tries_are_spans_of_it(make_lite, collector):
    lite = make_lite({"dag.py": DAG})
    lite.await_dag("traced", 2)
    run_id = lite.trigger("traced")
    lite.await_run("traced", run_id, "failed")
    run = eventually(lambda: collector.named("dag_run.traced"), "the run's span comes")[0]
    assert "parentSpanId" not in run
    assert run["status"] == {"code": 2}
    told = attributes_of(run)
    assert (told["airflow.dag_id"], told["airflow.dag_run.run_id"]) == ("traced", run_id)
    assert (told["airflow.dag_run.run_type"], told["airflow.dag_run.state"]) == ("manual", "failed")

    eventually(lambda: len(collector.named("task_run.fails")) == 2, "both tries come")
    tries = collector.named("task_run.fails")
    assert [attributes_of(span)["airflow.task_instance.state"] for span in tries] == ["up_for_retry", "failed"]
    assert [attributes_of(span)["airflow.task_instance.try_number"] for span in tries] == ["1", "2"]
    (works,) = collector.named("task_run.works")
    assert works["status"] == {"code": 1}
    assert attributes_of(works)["airflow.task_instance.map_index"] == "-1"
    spans = [*tries, works]
    assert {span["traceId"] for span in spans} == {run["traceId"]}
    assert {span["parentSpanId"] for span in spans} == {run["spanId"]}
    assert len({span["spanId"] for span in spans}) == 3
    for span in spans:
        assert int(run["startTimeUnixNano"]) <= int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        assert int(span["endTimeUnixNano"]) <= int(run["endTimeUnixNano"])
    assert collector.resources[0] == {"deployment.environment": "test", "service.name": "leoflow"}
    assert collector.headers[0]["x-key"] == "a secret"


def test_a_run_that_starts_over_is_another_trace(make_lite, collector):
    lite = make_lite({"dag.py": DAG})
    lite.await_dag("traced", 2)
    run_id = lite.trigger("traced")
    lite.await_run("traced", run_id, "failed")
    body = {"dry_run": False}
    assert lite.request("POST", f"/api/v2/dags/traced/dagRuns/{run_id}/clear", body).status == 200
    runs = eventually(lambda: len(collector.named("dag_run.traced")) == 2 and collector.named("dag_run.traced"), "both")
    assert runs[0]["traceId"] != runs[1]["traceId"]


def test_tasks_join_with_spans_of_their_own(make_lite, collector, monkeypatch):
    monkeypatch.setenv("AIRFLOW__TRACES__OTEL_ON", "True")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp_proto_http")
    lite = make_lite({"dag.py": DAG})
    lite.await_dag("traced", 2)
    lite.await_run("traced", lite.trigger("traced"), "failed")
    (works,) = eventually(lambda: collector.named("task_run.works"), "the try's span comes")
    inside = eventually(
        lambda: [body for body in collector.of_tasks if b"worker.works" in body], "the task's own span comes"
    )[0]
    assert bytes.fromhex(works["traceId"]) in inside
    assert bytes.fromhex(works["spanId"]) in inside, "it is the parent"


def test_a_request_continues_the_trace_of_its_client(make_lite, collector):
    lite = make_lite({"dag.py": DAG})
    header = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01", "tracestate": "a=b"}
    assert lite.request("GET", "/api/v2/dags/none?limit=1", headers=header).status == 404
    of_client = eventually(lambda: [s for s in collector.spans if s["traceId"] == TRACE], "the request's span comes")[0]
    assert of_client["name"] == "GET /api/v2/dags/{dag_id}"
    assert (of_client["kind"], of_client["parentSpanId"], of_client["traceState"]) == (2, "b7ad6b7169203331", "a=b")
    assert attributes_of(of_client) == {
        "http.request.method": "GET",
        "http.route": "/api/v2/dags/{dag_id}",
        "http.response.status_code": "404",
        "url.path": "/api/v2/dags/none",
        "client.address": "127.0.0.1",
    }
    not_kept = {"traceparent": f"00-{TRACE[::-1]}-b7ad6b7169203331-00"}
    lite.request("GET", "/api/v2/version", headers=not_kept)
    lite.request("GET", "/api/v2/version")
    (own,) = eventually(lambda: collector.named("GET /api/v2/version"), "one without a client's trace has its own")
    assert "parentSpanId" not in own
    assert own["traceId"] != TRACE[::-1]


def test_a_collector_that_refuses_holds_nothing_up(make_lite, collector):
    collector.status = 503
    lite = make_lite({"dag.py": DAG})
    lite.await_dag("traced", 2)
    lite.await_run("traced", lite.trigger("traced"), "failed")
    import urllib.request

    def refused() -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{lite.port + 1010}/metrics") as response:
            lines = response.read().decode().splitlines()
        return any(
            line.startswith('leoflow_trace_spans_dropped_total{reason="refused"}') and float(line.split()[-1]) > 0
            for line in lines
        )

    eventually(refused, "they are counted")
    assert "the collector of traces takes no spans: status 503" in (lite.home / "server.log").read_text()


def test_what_cannot_be_done_is_said(make_lite, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example")
    lite = make_lite({"dag.py": ""})
    assert "spans cannot be sent to 'https://collector.example" in (lite.home / "server.log").read_text()
