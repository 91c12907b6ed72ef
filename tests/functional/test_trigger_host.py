"""The trigger host on its own, told by a script in place of the agent."""

from __future__ import annotations

import json
import pathlib
import textwrap
from typing import Any

import pytest
from support import run_script

HOST = """
import asyncio, json
from structlog.testing import capture_logs
from airflow.jobs import triggerer_job_runner as stock
from airflow.triggers.base import BaseTrigger, TriggerEvent
from leoflow_worker.trigger_host import _make_host_class

class Agent:
    def __init__(self):
        self.reports = asyncio.Queue()

    async def say(self, body):
        self.reports.put_nowait(body)

class Base(BaseTrigger):
    def __init__(self):
        super().__init__()
        self.is_killed = False
        self.is_clean = asyncio.Event()
        type(self).made = [*getattr(type(self), "made", []), self]

    def serialize(self):
        return type(self).__name__, {}

    async def on_kill(self):
        self.is_killed = True

    async def cleanup(self):
        self.is_clean.set()

class GoesOn(Base):
    event = "old"

    async def run(self):
        while True:
            yield TriggerEvent(self.event)
            await asyncio.sleep(0.01)

class Torn(Base):
    async def run(self):
        if len(self.made) == 1:
            inner = asyncio.create_task(asyncio.sleep(60))
            inner.cancel()
            await inner
        yield TriggerEvent("again")

def run(trigger_id, kind, is_watcher=False):
    ti = {"id": trigger_id, "task_id": "t", "dag_id": "d", "run_id": "r", "try_number": 1, "map_index": -1}
    host.trigger_cache[kind.__name__] = kind
    host.obey({"type": "RunTrigger", "trigger_id": trigger_id, "classpath": kind.__name__, "kwargs": {},
               "next_kwargs": {}, "ti": ti, "deadline": 0, "bundle_path": "", "is_watcher": is_watcher,
               "rendering": {}})

def cancel(trigger_id, user_action=True):
    host.obey({"type": "CancelTrigger", "trigger_id": trigger_id, "user_action": user_action})

async def is_true(look):
    while not look():
        await asyncio.sleep(0.001)

async def report():
    said = await host.comms_decoder.reports.get()
    return {"id": said["trigger_id"], "event": said.get("payload", said.get("next_kwargs", {}).get("event"))}

async def main():
    global host
    host = _make_host_class(stock)()
    host.comms_decoder = Agent()
    return await asyncio.wait_for(scenario(), 60)

{scenario}

print(json.dumps(asyncio.run(main())))
"""


def answer_of(scenario: str, home: pathlib.Path) -> Any:
    """Runs the coroutine `scenario` beside a trigger host and returns what it does."""
    return json.loads(run_script(HOST.replace("{scenario}", textwrap.dedent(scenario)), home))


@pytest.mark.parametrize("is_watcher", [False, True], ids=["trigger", "watcher"])
def test_a_trigger_that_is_cancelled_from_within_is_started_again_with_a_line_in_the_log(tmp_path, is_watcher):
    answer = answer_of(
        f"""
        async def scenario():
            with capture_logs() as lines:
                run("1", Torn, {is_watcher})
                said = await report()
            errors = [line["event"] for line in lines if line["log_level"] == "error" and line["trigger_id"] == "1"]
            return {{"said": said, "starts": len(Torn.made), "errors": errors}}
        """,
        tmp_path,
    )
    assert answer == {
        "said": {"id": "1", "event": "again"},
        "starts": 2,
        "errors": ["Trigger was cancelled from within"],
    }


@pytest.mark.parametrize("is_users", [True, False], ids=["by its user", "for another agent"])
def test_a_trigger_that_is_told_to_end_is_killed_if_its_user_wants_it_and_not_started_again(tmp_path, is_users):
    answer = answer_of(
        f"""
        class Waits(Base):
            async def run(self):
                self.runs = True
                await asyncio.sleep(60)
                yield

        async def scenario():
            run("1", Waits)
            await is_true(lambda: hasattr(Waits.made[0], "runs"))
            cancel("1", {is_users})
            await is_true(lambda: "1" not in host.triggers)
            # It takes the pause after which the other one would be back, too.
            run("2", Torn)
            return [await report(), len(Waits.made), Waits.made[0].is_killed]
        """,
        tmp_path,
    )
    assert answer == [{"id": "2", "event": "again"}, 1, is_users]


def test_a_trigger_given_back_while_the_old_one_cleans_up_can_still_be_cancelled(tmp_path):
    answer = answer_of(
        """
        class Slow(Base):
            async def run(self):
                self.runs = True
                await asyncio.sleep(60)
                yield

            async def cleanup(self):
                self.is_clean.set()
                self.may_end = asyncio.Event()
                await self.may_end.wait()

        async def scenario():
            run("1", Slow)
            await is_true(lambda: hasattr(Slow.made[0], "runs"))
            old = host.triggers["1"]["task"]
            cancel("1")
            await Slow.made[0].is_clean.wait()
            run("1", Slow)
            await is_true(lambda: hasattr(Slow.made[1], "runs"))
            Slow.made[0].may_end.set()
            await asyncio.wait([old])
            await asyncio.sleep(0)
            cancel("1")
            await Slow.made[1].is_clean.wait()
            return [trigger.is_killed for trigger in Slow.made]
        """,
        tmp_path,
    )
    assert answer == [True, True]


def test_a_trigger_that_goes_on_after_its_event_is_ended_but_not_killed(tmp_path):
    answer = answer_of(
        """
        async def scenario():
            run("1", GoesOn)
            said = await report()
            await GoesOn.made[0].is_clean.wait()
            await is_true(lambda: "1" not in host.triggers)
            return [said, host.comms_decoder.reports.qsize(), GoesOn.made[0].is_killed, len(GoesOn.made)]
        """,
        tmp_path,
    )
    assert answer == [{"id": "1", "event": "old"}, 0, False, 1]


def test_a_trigger_that_goes_on_after_an_event_that_cannot_be_told_is_ended(tmp_path):
    answer = answer_of(
        """
        class TellsWhatIsNoJson(GoesOn):
            event = float("nan")

        async def scenario():
            run("1", TellsWhatIsNoJson)
            said = await host.comms_decoder.reports.get()
            await TellsWhatIsNoJson.made[0].is_clean.wait()
            return [said["next_method"], host.comms_decoder.reports.qsize()]
        """,
        tmp_path,
    )
    assert answer == ["__fail__", 0]


def test_a_trigger_that_returns_after_its_event_is_not_disturbed(tmp_path):
    answer = answer_of(
        """
        class Returns(Base):
            async def run(self):
                yield TriggerEvent("done")
                await asyncio.sleep(0.1)
                self.has_returned = True

        async def scenario():
            run("1", Returns)
            await report()
            await Returns.made[0].is_clean.wait()
            return hasattr(Returns.made[0], "has_returned")
        """,
        tmp_path,
    )
    assert answer is True


def test_a_watcher_goes_on_after_its_events(tmp_path):
    answer = answer_of(
        """
        class Watches(Base):
            async def run(self):
                while True:
                    yield TriggerEvent("change")
                    await asyncio.sleep(0.01)

        async def scenario():
            run("watcher", Watches, True)
            await report()
            # Ended later than the watcher would be.
            run("1", GoesOn)
            await GoesOn.made[0].is_clean.wait()
            return [Watches.made[0].is_clean.is_set(), len(Watches.made)]
        """,
        tmp_path,
    )
    assert answer == [False, 1]


def test_a_task_that_waits_again_at_once_hears_only_its_new_trigger_and_the_old_one_is_ended(tmp_path):
    answer = answer_of(
        """
        class New(Base):
            async def run(self):
                self.may_fire = asyncio.Event()
                await self.may_fire.wait()
                yield TriggerEvent("new")

        async def scenario():
            run("1", GoesOn)
            said = [await report()]
            run("1", New)
            await GoesOn.made[0].is_clean.wait()
            New.made[0].may_fire.set()
            said.append(await report())
            return [said, GoesOn.made[0].is_killed]
        """,
        tmp_path,
    )
    assert answer == [[{"id": "1", "event": "old"}, {"id": "1", "event": "new"}], False]
