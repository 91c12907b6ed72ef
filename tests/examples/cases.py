"""What each example needs to run, how strictly it is compared, and which differences are known: one table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# Manual runs have this date: many templates use `ds`.
LOGICAL_DATE = "2026-01-02T00:00:00Z"
RUN_ID = "example"

# `airflow db migrate` makes no connections; example_sensors wants this one. Both servers get it.
CONNECTIONS: list[dict[str, Any]] = [{"connection_id": "fs_default", "conn_type": "fs", "extra": '{"path": "/"}'}]


@dataclass(frozen=True)
class Case:
    """How one example is played and compared.

    Attributes:
        conf: The run's conf. The text `{stub}` in it becomes the address of `stub.py`.
        logical_date: The run's logical date; None for none.
        partition_key: The run's partition key.
        after: The examples that are played before this one.
        unpause: Other DAGs that have to run meanwhile.
        responses: What to respond to tasks that wait for a human, by task id.
        seconds: How long to wait for the end.
        slow: Why the everyday tests leave it out; only `run` plays it.
        left_out: Why it is not played at all.
        loose: Parts of the answer that are not compared, and why: "run", "tasks", "xcoms", "rendered", "events",
            or one of their keys, like "tasks/branch_a" or "xcoms/*.return_value".
        known: Why Leoflow differs. A known difference that is gone is reported, too.
    """

    conf: dict[str, Any] = field(default_factory=dict)
    logical_date: str | None = LOGICAL_DATE
    partition_key: str | None = None
    after: tuple[str, ...] = ()
    unpause: tuple[str, ...] = ()
    responses: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: float = 120
    slow: str = ""
    left_out: str = ""
    loose: dict[str, str] = field(default_factory=dict)
    known: str = ""


_RANDOM_BRANCH = "which branch is taken is random"
_INSTALLS = "makes virtual environments and installs packages into them"

CASES: dict[str, Case] = {
    "child_dag": Case(logical_date="2026-01-03T00:00:00Z"),
    "example_branch_operator": Case(
        slow=_INSTALLS,
        seconds=400,
        loose={part: _RANDOM_BRANCH for part in ("tasks", "xcoms", "rendered")},
    ),
    "example_branch_python_operator_decorator": Case(
        slow=_INSTALLS,
        seconds=400,
        loose={part: _RANDOM_BRANCH for part in ("tasks", "xcoms", "rendered")},
    ),
    "example_dag_decorator": Case(conf={"url": "{stub}/get"}),
    "example_external_task": Case(after=("child_dag",), unpause=("child_dag",)),
    "example_external_task_marker_child": Case(
        left_out="child_task2 waits 10 minutes for a task group that the other DAG does not have",
    ),
    "example_hitl_operator": Case(
        responses={
            "wait_for_input": {"chosen_options": ["OK"], "params_input": {"information": "a fact"}},
            "wait_for_option": {"chosen_options": ["option 1"], "params_input": {}},
            "wait_for_multiple_options": {"chosen_options": ["option 4", "option 5"], "params_input": {}},
            "valid_input_and_options": {"chosen_options": ["Approve"], "params_input": {}},
            "choose_a_branch_to_run": {"chosen_options": ["task_1"], "params_input": {}},
        },
        seconds=60,
    ),
    "example_params_ui_tutorial": Case(conf={"required_field": "more than ten letters"}),
    "example_python_decorator": Case(slow=_INSTALLS, seconds=400),
    "example_python_operator": Case(slow=_INSTALLS, seconds=400),
    "example_retry_policy": Case(
        slow="retries five times, 30 s apart, to reach a host that does not exist", seconds=400
    ),
    "example_sensors": Case(
        slow="its sensors look once a minute",
        seconds=400,
        loose={"tasks/week_day_sensor_failing_on_timeout": "succeeds on Mondays"},
    ),
    "example_trigger_controller_dag": Case(after=("example_trigger_target_dag",), unpause=("example_trigger_target_dag",)),
    "read_asset_event": Case(after=("asset_with_extra_by_yield", "asset_with_extra_by_context")),
    "read_asset_event_from_classic": Case(after=("asset_with_extra_by_yield", "asset_with_extra_by_context")),
    "tutorial_taskflow_api_virtualenv": Case(slow=_INSTALLS, seconds=400),
}


def case_of(dag_id: str) -> Case:
    """Returns the case of a DAG; most need nothing special."""
    return CASES.get(dag_id, Case())
