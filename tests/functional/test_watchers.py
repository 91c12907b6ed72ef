"""Assets whose changes a trigger watches for, with the stock trigger runner."""

from __future__ import annotations

import json
import os
import signal

from support import eventually

WATCH = """
import asyncio, json, pathlib
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

class FileArrives(BaseEventTrigger):
    def __init__(self, folder, forever=True):
        super().__init__()
        self.folder, self.forever = folder, forever

    def serialize(self):
        return ("watch.FileArrives", {"folder": self.folder, "forever": self.forever})

    async def run(self):
        while True:
            for path in sorted(pathlib.Path(self.folder).glob("*.json")):
                event = json.loads(path.read_text())
                path.unlink()
                yield TriggerEvent(event)
                if not self.forever:
                    return
            await asyncio.sleep(0.1)
"""

DAGS = """
from airflow.sdk import DAG, Asset, AssetWatcher, task
from watch import FileArrives

inbox = Asset("inbox", watchers=[AssetWatcher(name="files", trigger=FileArrives({folder!r}, {forever}))])

with DAG("on_file_{forever}", schedule=[inbox]):
    @task
    def seen(triggering_asset_events=None):
        return [event.extra["payload"]["n"] for event in triggering_asset_events[inbox]]
    seen()
"""


def drop(folder, n):
    """Puts a file where the watcher sees it, whole."""
    (folder / f"{n}.part").write_text(json.dumps({"n": n}))
    (folder / f"{n}.part").rename(folder / f"{n}.json")


def seen(lite, dag_id):
    """Returns what all runs of a DAG saw, once they have ended."""
    out = []
    for run in lite.get(f"/api/v2/dags/{dag_id}/dagRuns?order_by=run_after")["dag_runs"]:
        if run["state"] != "success":
            return []
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run['dag_run_id']}/taskInstances/seen/xcomEntries/return_value"
        out += lite.get(path)["value"]
    return sorted(out)


def test_every_event_of_a_watcher_is_a_change_of_its_asset(make_lite, tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    lite = make_lite({"watch.py": WATCH, "on_file.py": DAGS.format(folder=str(folder), forever=True)})
    lite.await_dag("on_file_True")
    drop(folder, 0)
    lite.request("PATCH", "/api/v2/dags/on_file_True", {"is_paused": False})
    eventually(lambda: seen(lite, "on_file_True") == [0], "the run for the file that lay there")
    drop(folder, 1)
    drop(folder, 2)
    eventually(lambda: seen(lite, "on_file_True") == [0, 1, 2], "the runs for the next files")
    # Neither a dead trigger host nor a dead server ends the watch.
    for pid in lite.trigger_host_pids():
        os.kill(pid, signal.SIGKILL)
    drop(folder, 3)
    eventually(lambda: seen(lite, "on_file_True") == [0, 1, 2, 3], "the run after the host died")
    lite.kill()
    drop(folder, 4)
    lite.start()
    eventually(lambda: seen(lite, "on_file_True") == [0, 1, 2, 3, 4], "the run after the server died")
    (asset,) = lite.get("/api/v2/assets?name_pattern=inbox")["assets"]
    assert [watcher["name"] for watcher in asset["watchers"]] == ["files"]
    lite.request("PATCH", "/api/v2/dags/on_file_True", {"is_paused": True})
    eventually(lambda: not list(folder.iterdir()), "all files are taken")


def test_a_watcher_that_ends_after_an_event_is_started_again(make_lite, tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    lite = make_lite({"watch.py": WATCH, "on_file.py": DAGS.format(folder=str(folder), forever=False)})
    lite.await_dag("on_file_False")
    lite.request("PATCH", "/api/v2/dags/on_file_False", {"is_paused": False})
    for n in range(3):
        drop(folder, n)
    eventually(lambda: seen(lite, "on_file_False") == [0, 1, 2], "the runs for all files")
