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
        consumers: How many runs other DAGs get because this one changes assets; they are compared, too.
        responses: What to respond to tasks that wait for a human, by task id.
        seconds: How long to wait for the end.
        slow: Why the everyday tests leave it out; only `run` plays it.
        left_out: Why it is not played at all.
        loose: Parts of the answer that are not compared, and why: "run", "tasks", "xcoms", "rendered", "events",
            or keys of them, like "tasks/branch_a" or "xcoms/*.return_value".
        known: Why Leoflow differs. That it does not any more is reported, too.
    """

    conf: dict[str, Any] = field(default_factory=dict)
    logical_date: str | None = LOGICAL_DATE
    partition_key: str | None = None
    after: tuple[str, ...] = ()
    unpause: tuple[str, ...] = ()
    consumers: dict[str, int] = field(default_factory=dict)
    responses: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: float = 120
    slow: str = ""
    left_out: str = ""
    loose: dict[str, str] = field(default_factory=dict)
    known: str = ""


_RANDOM = "a random number"
_RANDOM_BRANCH = {part: "which branches are taken is random" for part in ("tasks", "xcoms", "rendered")}
_TIME_BRANCH = "which branches are taken depends on the day and the hour"
_INSTALLS = "makes virtual environments and installs packages into them"
_ONE_URI = {
    part: "two files name s3://output/1.txt differently; Airflow takes the one of the file it happens to parse first"
    " and lets tasks with the other fail, Leoflow takes both"
    for part in ("run", "tasks", "xcoms", "rendered", "events")
}

CASES: dict[str, Case] = {
    "child_dag": Case(logical_date="2026-01-03T00:00:00Z"),  # example_external_task has one of LOGICAL_DATE made
    "example_asset_state_store_producer": Case(loose={"xcoms/load.return_value": _RANDOM}),
    "example_branch_datetime_operator_2": Case(
        loose={"tasks/date_*_range": _TIME_BRANCH, "xcoms/datetime_branch.skipmixin_key": _TIME_BRANCH}
    ),
    "example_branch_operator": Case(slow=_INSTALLS, seconds=400, loose=_RANDOM_BRANCH),
    "example_branch_python_operator_decorator": Case(slow=_INSTALLS, seconds=400, loose=_RANDOM_BRANCH),
    "example_dag_decorator": Case(conf={"url": "{stub}/get"}),
    "example_external_task": Case(
        after=("child_dag",), unpause=("child_dag",), slow="its sensor looks once a minute"
    ),
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
    ),
    "clean_and_combine_player_stats": Case(partition_key="2026-06-15T10"),
    "ingest_region_stats": Case(logical_date=None, partition_key="us", consumers={"regional_stats_breakdown": 1}),
    "ingest_regional_sales": Case(logical_date=None, consumers={"aggregate_regional_sales": 3}),
    "ingest_team_a_player_stats": Case(partition_key="2026-06-15T10:00:00"),
    "live_region_player_stats": Case(
        logical_date=None, consumers={"summarize_live_region_stats": 1, "scatter_live_region_to_segments": 3}
    ),
    "multi_region_player_stats": Case(
        logical_date=None, consumers={"segment_region_stats_rollup": 1, "segment_region_stats_early_rollup": 1}
    ),
    "team_b_player_stats": Case(partition_key="no time"),
    "train_weekly_model": Case(partition_key="2026-06-15T00:00:00"),
    "example_params_ui_tutorial": Case(conf={"required_field": "more than ten letters"}),
    "example_python_decorator": Case(slow=_INSTALLS, seconds=400),
    "example_python_operator": Case(slow=_INSTALLS, seconds=400),
    "example_retry_policy": Case(
        slow="retries five times, a minute apart, to reach a host that does not exist", seconds=450
    ),
    "example_sensors": Case(
        slow="its sensors look once a minute, and one waits an hour; compared is what is after three minutes",
        seconds=180,
        loose={"tasks/week_day_sensor_failing_on_timeout": "succeeds on Mondays"},
    ),
    "example_task_state_store": Case(loose={"xcoms/run_job.return_value": _RANDOM}),
    "example_task_state_store_mapped": Case(loose={"xcoms/process_table*": _RANDOM}),
    "example_trigger_controller_dag": Case(
        after=("example_trigger_target_dag",), unpause=("example_trigger_target_dag",)
    ),
    "asset_with_extra_by_context": Case(loose=_ONE_URI),
    "asset_with_extra_by_yield": Case(loose=_ONE_URI),
    "asset_with_extra_from_classic_operator": Case(loose=_ONE_URI),
    "read_asset_event": Case(after=("asset_with_extra_by_context",), loose=_ONE_URI),
    "read_asset_event_from_classic": Case(after=("asset_with_extra_by_context",), loose=_ONE_URI),
    "example_weekday_branch_operator": Case(
        loose={part: _TIME_BRANCH for part in ("tasks/branch_*", "tasks/make_weekend_choice", "xcoms/make_*")}
    ),
    "tutorial_taskflow_api_virtualenv": Case(slow=_INSTALLS, seconds=400),
}


def case_of(name: str) -> Case:
    """Returns the case of a DAG, or of a file that does not load; most need nothing special."""
    return CASES.get(name, Case())
