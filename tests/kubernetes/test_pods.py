"""Tasks in pods: one for each attempt, in the image of the version that was pushed."""

from __future__ import annotations

from support import ROOT, eventually

HELLO = {"dag.py": (ROOT / "dags/hello/dag.py").read_text()}


def test_the_sample_project_is_pushed_and_runs(make_server):
    server = make_server()
    pushed = server.push(HELLO, project="hello")
    assert pushed.status == 201, pushed
    server.await_dag("hello", 5)
    run_id = server.trigger("hello")
    server.await_run("hello", run_id)
    assert any(record["event"] == "Hello, world!" for record in server.log("hello", run_id, "greet"))
    assert server.task_instances("hello", run_id)["shout"]["state"] == "success"
    eventually(lambda: not server.pods(), "pods that ended well are deleted")
