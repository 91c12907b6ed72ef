"""The jobs that Airflow's users look for: the parts of Leoflow that do their work."""

from __future__ import annotations

import os
import signal
import socket

from support import eventually


def jobs(lite, query=""):
    return {job["job_type"]: job for job in lite.get(f"/api/v2/jobs?{query}")["jobs"]}


def test_scheduler_file_processor_and_triggerer_live(make_lite):
    lite = make_lite({"dag.py": ""})
    eventually(lambda: len(jobs(lite, "is_alive=true")) == 3, "all are there")
    told = jobs(lite)
    assert set(told) == {"SchedulerJob", "DagProcessorJob", "TriggererJob"}
    assert {job["state"] for job in told.values()} == {"running"}
    assert {job["hostname"] for job in told.values()} == {socket.gethostname()}
    assert told["SchedulerJob"]["executor_class"] is None
    assert list(jobs(lite, "job_type=SchedulerJob&is_alive=true")) == ["SchedulerJob"]
    first = told["SchedulerJob"]["latest_heartbeat"]
    eventually(lambda: jobs(lite)["SchedulerJob"]["latest_heartbeat"] > first, "the heart beats")
    health = lite.get("/api/v2/monitor/health")
    assert [health[part]["status"] for part in ("scheduler", "triggerer", "dag_processor")] == ["healthy"] * 3


def test_those_of_an_agent_that_died_beat_no_more(make_lite):
    lite = make_lite({"dag.py": ""})
    before = eventually(lambda: jobs(lite).get("TriggererJob"), "the agent is there")
    os.kill(lite.agent_pid(), signal.SIGKILL)
    eventually(lambda: jobs(lite)["TriggererJob"]["start_date"] > before["start_date"], "another agent is there")
    assert len(jobs(lite)) == 3
