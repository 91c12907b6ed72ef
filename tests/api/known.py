"""Where answers are known to differ, and why. One that matches nothing any more fails the comparison."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """A difference that is meant.

    Attributes:
        operation: The path of the operation as the description has it; `*` is any text.
        place: Where in the answer, without indexes; `*` is any text.
        why: The reason.
        question: What was asked; `*` is any text.
        told: How it differs, in the words of `differing.py`; `*` is any text.
    """

    operation: str
    place: str
    why: str
    question: str = "*"
    told: str = "*"

    def covers(self, operation: str, question: str, place: str, told: str) -> bool:
        """Tells whether this is the reason of a difference."""
        pairs = (
            (operation, self.operation),
            (place, self.place),
            (question, self.question),
            (told, self.told),
        )
        return all(fnmatch.fnmatchcase(text.replace("[", "("), pattern.replace("[", "(")) for text, pattern in pairs)


_DAGS = "/api/v2/dags"
_RUN = f"{_DAGS}/{{dag_id}}/dagRuns/{{dag_run_id}}"
_TASKS = f"{_RUN}/taskInstances"
_TASK = f"{_TASKS}/{{task_id}}"
_LOG = f"{_TASK}/logs/{{try_number}}"
_MADE_UP = "*/example_asset_state_store_producer/*"

_UNSET = "What is not set is left out: the UI takes a null theme for one."
_LINKS = "The links that the definition names; Airflow looks for them in the wrong object and finds none, ever."
_WATCHERS = "The watchers that a DAG names are listed while it is paused, too; none runs then, as in Airflow."
_GRAPH = "An asset that is a DAG's whole schedule is in its graph; in Airflow it is missing."
_REFERENCE = "An asset that a schedule names without its URI is in the graph; Airflow takes that for malformed."
_ZONE = "A time without a zone is refused before anything is looked up."
_ID = "What is no number is refused as everywhere; Airflow looks at this id first when it asks who may see it."
_HUMAN = "Leoflow says that a task waits for a human; Airflow has no reason."
_NULLS = "What has no value comes last in every order; Airflow leaves that to its database."
_ZERO = "What another task skips took no time; Airflow leaves its duration out, though it has a start and an end."
_NAMES = "Instances that mapping adds have the display name of their task; in Airflow only the first has it."
_NUMBER = "The task makes up a number."
_AGAIN = "A run that is asked for again has one line: a short request cannot have an endless answer."
_NO_LOG = "Where there is no log Leoflow says why, rather than that a worker's host name is missing."

KNOWN: tuple[Known, ...] = (
    Known("/ui/config", ".instance_name", "It is Leoflow."),
    Known("/ui/config", ".theme", "The edition is on the logo, by the UI's own option."),
    Known("/ui/config", ".external_log_name", _UNSET),
    Known("/ui/config", ".rerun_with_latest_version", _UNSET),
    Known("/api/v2/jobs", "*", "is_alive=false lists what is not alive; in Airflow what is.", "*is_alive=false"),
    Known("/api/v2/assets", ".assets[].watchers", _WATCHERS, "*", "Airflow [], Leoflow *"),
    Known("/api/v2/assets/events", "*", _NULLS, "*order_by=-source_task_id*"),
    Known(f"{_TASK}*dependencies", ".dependencies", _HUMAN, "*/asks/*", 'Airflow [], Leoflow *"Human Input"*'),
    Known(f"{_DAGS}/{{dag_id}}/tasks*", "*.extra_links", _LINKS, "*", "Airflow [], Leoflow *"),
    Known("/ui/structure/structure_data", ".nodes", _GRAPH),
    Known("/ui/structure/structure_data", ".edges", _GRAPH, "*", 'Airflow *, Leoflow *"is_source_asset": true*'),
    Known("/ui/structure/structure_data", "status", _REFERENCE, "*", "Airflow 400 *asset_ref*, Leoflow 200 *"),
    Known("/ui/grid/ti_summaries/{dag_id}", "*", _AGAIN, "*run_ids=example&run_ids=example*"),
    Known("/api/v2/eventLogs/{event_log_id}", "status", _ID, "*/x"),
    Known(f"{_TASK}/listMapped", "status", _ZONE, "*=2020-01-01"),
    Known(f"{_TASKS}*", "*.duration", _ZERO, "*", 'Airflow null, Leoflow "<duration>"'),
    Known(_TASKS, "*", _ZERO, "*?duration_*"),
    Known(f"{_TASKS}*", "*task_display_name", _NAMES, "*", 'Airflow "generate_*_greeting", Leoflow *'),
    Known(_TASKS, "*", _NAMES, "*?task_display_name_pattern=*"),
    Known(f"{_TASK}/xcomEntries/{{xcom_key}}", ".value", _NUMBER, _MADE_UP),
    Known(_LOG, "*.event", _NUMBER, _MADE_UP),
    Known(_LOG, ".content", _NO_LOG, "*", "Airflow *Could not read served logs*"),
    Known(_LOG, ".content", _NO_LOG, "*", "Airflow *Task was skipped*"),
)
