"""The DAG files of the crowds: each has many of one kind. Placeholders are for `str.format`."""

POOL = """
from airflow.sdk import DAG, task

with DAG("crowd", max_active_tasks=100000):
    @task(pool="one")
    def wait(index):
        import time
        time.sleep(600 if index == 0 else 0)

    wait.expand(index=list(range({count})))
"""

# The pool has no slots, so that the instances stay `scheduled` on both systems: Airflow looks at pools only
# when it queues what is scheduled.
MAPPED = """
from airflow.sdk import DAG, task

with DAG("crowd", max_active_tasks=1000000):
    @task
    def make():
        return list(range({count}))

    @task(pool="none")
    def each(item): ...

    each.expand(item=make())
"""

DEFERRED = """
from airflow.sdk import DAG
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync

with DAG("crowd", max_active_runs=1000, max_active_tasks=100000):
    for index in range(2000):
        DateTimeSensorAsync(
            task_id=f"wait_{{index}}", target_time="{at}", start_from_trigger=True, end_from_trigger=True
        )
"""

PYTHON = """
import asyncio, pathlib
from airflow.sdk import DAG, BaseOperator
from airflow.triggers.base import StartTriggerArgs
from crowd_triggers import FileAppears

class Waits(BaseOperator):
    start_from_trigger = True

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls="crowd_triggers.FileAppears", trigger_kwargs={{"path": {file!r}}}, next_method="done",
        )

    def done(self, context, event=None): ...

with DAG("crowd", max_active_runs=1000, max_active_tasks=100000):
    for index in range(500):
        Waits(task_id=f"wait_{{index}}", pool="none")
"""

TRIGGERS = """
import asyncio, pathlib
from airflow.triggers.base import BaseTrigger, TriggerEvent

class FileAppears(BaseTrigger):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def serialize(self):
        return "crowd_triggers.FileAppears", {"path": self.path}

    async def run(self):
        while not pathlib.Path(self.path).exists():
            await asyncio.sleep(0.5)
        yield TriggerEvent("there")
"""
