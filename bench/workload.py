"""The DAG files of the benchmark, the same for both systems, one DAG a file."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass

CHAIN = "bench_chain"
WIDE = "bench_wide"
ONE = "bench_one"
EDITED = "bench_edited"

CHAIN_LENGTH = 20

# The time is taken inside the task function, by one clock for both systems. Lines this
# short are appended in one write, so concurrent tasks do not tear each other's.
_HEAD = '''import os
import time

from airflow.sdk import dag, task

MARKS = {marks!r}


@task
def step(index: int) -> int:
    begin = time.time()
    file = os.open(MARKS, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{{index}} {{begin!r}} {{time.time()!r}}\\n".encode())
    os.close(file)
    return index


@dag(dag_id={dag_id!r}, schedule=None, catchup=False, max_active_tasks=1000)
def build() -> None:
    steps = [step.override(task_id=f"step_{{index}}")(index) for index in range({count})]
'''

_CHAINED = """    for before, after in zip(steps, steps[1:]):
        before >> after
"""


@dataclass(frozen=True)
class Mark:
    """What one task function wrote: its index, and when it began and ended (seconds since 1970)."""

    index: int
    begin: float
    end: float


@dataclass(frozen=True)
class Workload:
    """Where the DAG files of one install write their marks."""

    marks: pathlib.Path

    def source(self, dag_id: str, count: int, chained: bool = False) -> str:
        """Returns the text of a DAG file with `count` no-op tasks."""
        text = _HEAD.format(marks=str(self.marks / dag_id), dag_id=dag_id, count=count)
        return text + (_CHAINED if chained else "") + "\n\nbuild()\n"

    def files(self, wide: int) -> dict[str, str]:
        """Returns every DAG file by name; `wide` is the number of parallel tasks."""
        return {
            "chain.py": self.source(CHAIN, CHAIN_LENGTH, chained=True),
            "wide.py": self.source(WIDE, wide),
            "one.py": self.source(ONE, 1),
            "edited.py": self.source(EDITED, 1),
        }

    def forget(self, dag_id: str) -> None:
        """Drops the marks of earlier runs of a DAG."""
        (self.marks / dag_id).unlink(missing_ok=True)

    def read(self, dag_id: str) -> list[Mark]:
        """Returns the marks of a DAG since `forget`, in the order of the tasks."""
        try:
            lines = (self.marks / dag_id).read_text().splitlines()
        except FileNotFoundError:
            return []
        fields = (line.split() for line in lines)
        return sorted((Mark(int(i), float(b), float(e)) for i, b, e in fields), key=lambda mark: mark.index)
