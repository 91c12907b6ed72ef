"""Random DAGs, and what becomes of each of their task instances, all from a seed."""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass, field
from typing import Any

from airflow.sdk import DAG, BaseOperator, TaskGroup, task_group
from airflow.sdk.bases.branch import BranchMixIn

RULES = [
    "all_success", "all_success", "all_success", "all_failed", "all_done", "all_done_min_one_success",
    "one_success", "one_failed", "one_done", "none_failed", "none_failed_min_one_success", "none_skipped",
    "all_skipped", "always",
]  # fmt: skip


# Rules that do not wait for all upstream tasks.
_EARLY_RULES = ("one_success", "one_failed", "one_done")


class Scripted(BaseOperator):
    """A task whose end is in the script, not in code."""

    def __init__(self, value: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value


class ScriptedBranch(BaseOperator, BranchMixIn):
    """A task that leaves out some of those below it."""

    inherits_from_skipmixin = True


@dataclass
class Case:
    """A DAG, its script, and how many runs it has."""

    seed: int
    dag: DAG
    runs: int
    # By task id: the ends of its tries in order ("s", "f" or "k"), by map index where it is mapped; the last repeats.
    ends: dict[str, list[str]] = field(default_factory=dict)
    # By task id: how many items it returns; None for nothing.
    lengths: dict[str, int | None] = field(default_factory=dict)
    # By task id of a branch: the tasks that go on.
    followed: dict[str, list[str]] = field(default_factory=dict)


def make_case(seed: int) -> Case:
    """Returns the case of a seed."""
    return _Maker(seed).make()


class _Maker:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.case = Case(seed, DAG(f"seed_{seed}", schedule=None, catchup=False), runs=1)
        self.case.dag.fail_fast = False
        self.tasks: list[Any] = []
        self.plain: list[Any] = []
        self.has_past = self.random.random() < 0.2
        self.has_setups = self.random.random() < 0.3

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def make(self) -> Case:
        if self.has_past:
            self.case.runs = self.random.randint(2, 3)
        with self.case.dag:
            for number in range(self.random.randint(2, 10)):
                self.add(number)
            if self.has_setups:
                self.add_setup()
        return self.case

    def add(self, number: int) -> None:
        upstream = [task for task in self.tasks if self.chance(0.35)][-4:]
        kind = self.random.random()
        if kind < 0.15:
            new = self.mapped(f"t{number}", upstream)
        elif kind < 0.25:
            new = self.group(f"g{number}", upstream)
        elif kind < 0.33 and number < 8:
            new = self.branch(f"t{number}")
        elif kind < 0.40:
            with TaskGroup(f"p{number}"):
                new = [self.scripted(f"t{number}")]
                new[0].set_upstream([t for t in upstream if t is not new[0]])
                upstream = []
        else:
            new = [self.scripted(f"t{number}")]
        if kind < 0.25 and new and str(new[0].trigger_rule) in _EARLY_RULES:
            # A branch that leaves out a mapped instance which such a rule let go before it: whether that one still
            # runs depends in Airflow on the order in which the database returns rows to its deadlock check.
            upstream = [task for task in upstream if not isinstance(task, ScriptedBranch)]
        if upstream and new:
            new[0].set_upstream(upstream)
        self.tasks += new

    def options(self, is_mapped: bool = False) -> dict[str, Any]:
        # The SDK refuses to map a task over an XCom that need not be there.
        rules = [rule for rule in RULES if rule != "always"] if is_mapped else RULES
        out: dict[str, Any] = {
            "trigger_rule": self.random.choice(rules),
            "retries": self.random.choice([0, 0, 1, 2]),
            "retry_delay": datetime.timedelta(0),
        }
        if self.has_past and self.chance(0.4):
            out["depends_on_past"] = True
            if self.chance(0.3):
                out["wait_for_downstream"] = True
        return out

    def script(self, task_id: str, instances: int = 1) -> None:
        weights = [(0.62, "s"), (0.12, "f"), (0.12, "k"), (0.08, "fs"), (0.06, "ff")]
        self.case.ends[task_id] = self.random.choices(
            [ends for _, ends in weights], [weight for weight, _ in weights], k=instances
        )
        self.case.lengths[task_id] = self.random.choice([0, 1, 2, 3, None])

    def scripted(self, name: str) -> Any:
        task = Scripted(task_id=name, **self.options())
        self.script(task.task_id)
        self.plain.append(task)
        return task

    def branch(self, name: str) -> list[Any]:
        task = ScriptedBranch(task_id=name, **self.options())
        self.script(task.task_id)
        below = [self.scripted(f"{name}_{i}") for i in range(self.random.randint(1, 3))]
        task.set_downstream(below)
        self.case.followed[task.task_id] = [b.task_id for b in below if self.chance(0.5)]
        return [task, *below]

    def source(self) -> Any:
        if self.plain and self.chance(0.6):
            return self.random.choice(self.plain).output
        return list(range(self.random.randint(0, 3)))

    def mapped(self, name: str, upstream: list[Any]) -> list[Any]:
        task = Scripted.partial(task_id=name, **self.options(is_mapped=True)).expand(value=self.source())
        self.script(task.task_id, 4)
        return [task]

    def group(self, name: str, upstream: list[Any]) -> list[Any]:
        made: list[Any] = []

        @task_group(group_id=name)
        def inner(value: Any) -> None:
            for i in range(self.random.randint(1, 3)):
                task = Scripted(task_id=f"t{i}", value=value if i == 0 else None, **self.options(is_mapped=True))
                self.script(task.task_id, 4)
                if made and self.chance(0.8):
                    task.set_upstream(made[-1])
                made.append(task)

        inner.expand(value=self.source())
        return made

    def add_setup(self) -> None:
        work = [t for t in self.plain if not t.is_setup]
        if not work:
            return
        target = self.random.choice(work)
        setup = Scripted(task_id="setup").as_setup()
        self.script("setup")
        teardown = Scripted(task_id="teardown").as_teardown(setups=setup)
        teardown.on_failure_fail_dagrun = self.chance(0.3)
        self.script("teardown")
        setup.set_downstream(target)
        target.set_downstream(teardown)
