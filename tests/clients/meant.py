"""Where the answers to the clients are known to differ, and why. One that matches nothing any more fails."""

from __future__ import annotations

from known import Known

_TAKEN = "Airflow names a line of its log, which those who ask do not see; Leoflow says what is there already"

MEANT = (
    Known("ConnectionApi.post_connection", ".detail.message", _TAKEN),
    Known("PoolApi.post_pool", ".detail.message", _TAKEN),
    Known(
        "PoolApi.patch_pool",
        ".detail[].url",
        "a page about the kind of error, which Airflow's other answers of 422 do not name",
    ),
    Known("DagRunApi.trigger_dag_run", ".detail.message", _TAKEN),
    Known("dags trigger", "[]", _TAKEN),
    Known(
        "TaskApi.get_tasks",
        ".tasks[].extra_links",
        "Airflow looks for the links in its answer, not in the task, and so lists none, though the task has some",
    ),
    Known(
        "TaskInstanceApi.get_task_instance_dependencies",
        ".dependencies",
        "Airflow does not say what a task waits for that has asked people; Leoflow does",
    ),
)
