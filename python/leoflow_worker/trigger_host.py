"""Waits for the triggers of deferred task instances, all in one asyncio loop.

The stock TriggerRunner runs each trigger. It asks its supervisor once a second
what to do; this one is told, and says at once what happened.
"""

from __future__ import annotations

import asyncio
import contextvars
import datetime
import json
import os
import sys
import uuid
from socket import socket
from traceback import format_exception
from typing import Any

# Whose code runs: what it asks for is answered with the rights of its DAG.
_RUNNING: contextvars.ContextVar[str] = contextvars.ContextVar("running_trigger")


def main() -> None:
    """Serve until the agent says or is gone."""
    from setproctitle import setproctitle

    from airflow.jobs import triggerer_job_runner as stock

    setproctitle("leoflow-agent: trigger host")
    host_class = _make_host_class(stock)
    host_class().run()


def _decode(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Returns a trigger's arguments, as a task or a DAG serialized them."""
    from airflow.models.trigger import Trigger
    from airflow.serialization.decoders import smart_decode_trigger_kwargs

    decoded = Trigger._decrypt_kwargs(json.dumps(kwargs))
    return {name: smart_decode_trigger_kwargs(value) for name, value in decoded.items()}


def _check_json(value: Any) -> None:
    """Refuses numbers that JSON does not have, which the agent would not take.

    Raises:
        ValueError: it has one.
    """
    json.dumps(value, allow_nan=False)


class _OnBehalf:
    """A message of a trigger, which says whose it is."""

    def __init__(self, message: Any, trigger_id: str) -> None:
        self._message, self._trigger_id = message, trigger_id

    def model_dump(self) -> dict[str, Any]:
        return {**self._message.model_dump(), "on_behalf_of": self._trigger_id}


def _make_host_class(stock: Any) -> Any:
    from airflow.executors.workloads.task import TaskInstanceDTO

    class Comms(stock.TriggerCommsDecoder):  # type: ignore[misc, name-defined]
        """The stock decoder, for frames that nobody asked for too: those are orders."""

        def __init__(self, host: Any, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self._host = host

        async def _reader_loop(self) -> None:
            while True:
                frame = await self._aread_frame()
                if frame.id < 0:
                    self._host.obey(frame.body)
                elif (future := self._pending.pop(frame.id, None)) is not None and not future.done():
                    future.set_result(frame)

        async def asend(self, msg: Any) -> Any:
            # From another loop it comes by here twice.
            if not isinstance(msg, _OnBehalf) and (trigger_id := _RUNNING.get("")):
                msg = _OnBehalf(msg, trigger_id)
            return await super().asend(msg)

        async def say(self, body: dict[str, Any]) -> None:
            """Sends a message of our own and waits until the agent has it."""
            frame = stock._RequestFrame(id=next(self.id_counter), body=body)
            future: asyncio.Future = asyncio.get_running_loop().create_future()
            self._pending[frame.id] = future
            self._async_writer.write(frame.as_bytes())
            await future

    class Events:
        """Where the stock runner puts the events of triggers."""

        def __init__(self, host: Any) -> None:
            self._host = host

        def append(self, entry: Any) -> None:
            self._host.on_event(entry)

    class TriggerHost(stock.TriggerRunner):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.events = Events(self)
            self._waiting: dict[str, dict[str, Any]] = {}
            self._tasks: set[asyncio.Task] = set()

        async def arun(self) -> None:
            await self.init_comms()
            watchdog = asyncio.create_task(self.block_watchdog())
            reader = self.comms_decoder._reader_task
            stop_event = self._stop_event = asyncio.Event()
            stopped = asyncio.create_task(stop_event.wait())
            await asyncio.wait({reader, stopped}, return_when=asyncio.FIRST_COMPLETED)
            self.stop = True
            for task in (reader, watchdog, *self._tasks):
                task.cancel()
            await asyncio.gather(reader, watchdog, *self._tasks, return_exceptions=True)

        async def init_comms(self) -> None:
            from airflow.sdk.execution_time import task_runner

            reader, writer = await asyncio.open_connection(sock=socket(fileno=0))
            self.comms_decoder = Comms(self, async_writer=writer, async_reader=reader)
            task_runner.SUPERVISOR_COMMS = self.comms_decoder
            for _preamble_and_start in range(2):
                frame = await self.comms_decoder._aread_frame()
                os.environ.update((frame.body or {}).get("environment", {}))
            await self.comms_decoder.start_reader()

        def obey(self, order: dict[str, Any]) -> None:
            trigger_id = order["trigger_id"]
            if order["type"] == "CancelTrigger":
                self._waiting.pop(trigger_id, None)
                if details := self.triggers.get(trigger_id):
                    is_users = order.get("user_action", True)
                    self._cancel(details, stock._USER_ACTION_CANCEL_MSG if is_users else "not wanted here")
                return
            self._waiting[trigger_id] = order
            self._try_start(trigger_id, order)

        def _try_start(self, trigger_id: str, order: dict[str, Any]) -> None:
            try:
                self._start(trigger_id, order)
            except BaseException as error:  # noqa: BLE001 - a class of the user's may raise anything
                self.log.exception("Trigger failed to start", trigger_id=trigger_id, classpath=order["classpath"])
                if order["is_watcher"]:
                    self._start_again(trigger_id, True)
                else:
                    self._on_failure(trigger_id, error)

        def _start(self, trigger_id: str, order: dict[str, Any]) -> None:
            if order["bundle_path"] and order["bundle_path"] not in sys.path:
                sys.path.append(order["bundle_path"])
            kwargs = _decode(order["kwargs"])
            trigger = self.get_trigger_by_classpath(order["classpath"])(**kwargs)
            trigger.trigger_id = trigger_id
            if order["is_watcher"]:
                return self._launch(trigger_id, trigger, f"watcher (ID {trigger_id})", None)
            ti = TaskInstanceDTO.model_construct(**order["ti"])
            context = None
            if rendering := order["rendering"]:
                runtime_ti = self.create_runtime_ti(ti, rendering["dag"], rendering["dag_run"])
                context = runtime_ti.get_template_context()
                trigger.task_instance = runtime_ti
            else:
                trigger.task_instance = ti
            deadline = order["deadline"]
            timeout = datetime.datetime.fromtimestamp(deadline / 1e6, datetime.timezone.utc) if deadline else None
            trigger.timeout_after = timeout
            name = f"{ti.dag_id}/{ti.run_id}/{ti.task_id}/{ti.map_index}/{ti.try_number} (ID {trigger_id})"
            self._launch(trigger_id, trigger, name, timeout, context)

        def _launch(
            self,
            trigger_id: str,
            trigger: Any,
            name: str,
            timeout: datetime.datetime | None,
            context: Any = None,
        ) -> None:
            # The task's first step finds its entry.
            waiting = self.run_trigger(trigger_id, trigger, timeout, context)
            context_of_its_own = contextvars.copy_context()
            context_of_its_own.run(_RUNNING.set, trigger_id)
            create_task = asyncio.get_running_loop().create_task
            task = context_of_its_own.run(create_task, waiting, name=name)
            is_watcher = self._waiting[trigger_id]["is_watcher"]
            self.triggers[trigger_id] = {"task": task, "is_watcher": is_watcher, "name": name, "events": 0}
            self._tasks.add(task)
            task.add_done_callback(lambda done: self._on_done(trigger_id, done))

        def _on_done(self, trigger_id: str, task: asyncio.Task) -> None:
            self._tasks.discard(task)
            # It may have been told anew while this one cleaned up.
            if self.triggers.get(trigger_id, {}).get("task") is not task:
                return
            del self.triggers[trigger_id]
            if self.stop or trigger_id not in self._waiting:
                return
            if task.cancelled():
                # Not by us: something that it awaited was.
                self.log.error("Trigger was cancelled from within", trigger_id=trigger_id)
                return self._start_again(trigger_id, True)
            error = task.exception()
            is_watcher = self._waiting[trigger_id]["is_watcher"]
            if error is not None:
                self.log.error("Trigger exited with an error", trigger_id=trigger_id, exc_info=error)
            elif not is_watcher:
                self.log.error("Trigger exited without sending an event", trigger_id=trigger_id)
            if is_watcher:
                return self._start_again(trigger_id, error is not None)
            self._on_failure(trigger_id, error)

        def _start_again(self, trigger_id: str, failed: bool) -> None:
            """Starts a trigger that ended again, as Airflow's triggerer does in its next round."""
            order = self._waiting[trigger_id]
            delay = min(order.get("delay", 0.5) * 2, 60) if failed else 1
            order["delay"] = delay

            def start() -> None:
                # Cancelled meanwhile, or told anew.
                if self._waiting.get(trigger_id) is order:
                    self._try_start(trigger_id, order)

            asyncio.get_running_loop().call_later(delay, start)

        def _on_change(self, trigger_id: str, entry: Any) -> None:
            """Tells an event of a watcher, which goes on."""
            from airflow.sdk.serde import serialize

            try:
                payload = serialize(entry.event.payload)
                _check_json(payload)
            except Exception:
                return self.log.exception("The event of the trigger cannot be serialized", trigger_id=trigger_id)
            body = {"type": "TriggerReport", "trigger_id": trigger_id, "event_id": str(uuid.uuid4()), "payload": payload}

            async def say() -> None:
                await self.comms_decoder.say(body)
                if entry.persist_seq is not None:
                    self._shared_streams.confirm_persisted([entry.persist_seq])

            task = asyncio.get_running_loop().create_task(say())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        def on_event(self, entry: Any) -> None:
            """Tells the first event of a trigger: the task instance goes on with it. Or each of a watcher."""
            trigger_id, event = entry.trigger_id, entry.event
            details = self.triggers.get(trigger_id)
            # It goes on, while its task instance has deferred anew.
            if details is None or details["task"] is not asyncio.current_task():
                return
            if (watching := self._waiting.get(trigger_id)) and watching["is_watcher"]:
                return self._on_change(trigger_id, entry)
            from airflow.sdk.serde import deserialize, serialize
            from airflow.triggers.base import BaseTaskEndEvent

            order = self._waiting.pop(trigger_id, None)
            if order is None:
                return
            # If it goes on, as Airflow's triggerer does in its next round.
            asyncio.get_running_loop().call_later(1, self._cancel, details, "not wanted here")
            try:
                if isinstance(event, BaseTaskEndEvent):
                    report = {
                        "end_state": str(event.task_instance_state.value),
                        "xcoms": {key: serialize(value) for key, value in (event.xcoms or {}).items()},
                    }
                else:
                    next_kwargs = deserialize(order["next_kwargs"]) or {}
                    report = {"next_kwargs": serialize({**next_kwargs, "event": event.payload})}
                _check_json(report)
            except Exception as error:
                self.log.exception("The event of the trigger cannot be serialized", trigger_id=trigger_id)
                self._waiting[trigger_id] = order
                return self._on_failure(trigger_id, error)
            self._report(trigger_id, report)

        def _cancel(self, details: dict[str, Any], why: str) -> None:
            # Once: a second time would break off its cleaning up.
            if not details.get("is_ending"):
                details["is_ending"] = True
                details["task"].cancel(why)

        def _on_failure(self, trigger_id: str, error: BaseException | None) -> None:
            self._waiting.pop(trigger_id, None)
            traceback = format_exception(type(error), error, error.__traceback__) if error else None
            next_kwargs = {"error": "Trigger failure", "traceback": traceback}
            self._report(trigger_id, {"next_method": "__fail__", "next_kwargs": next_kwargs})

        def _report(self, trigger_id: str, report: dict[str, Any]) -> None:
            body = {"type": "TriggerReport", "trigger_id": trigger_id, **report}
            task = asyncio.get_running_loop().create_task(self.comms_decoder.say(body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    return TriggerHost
