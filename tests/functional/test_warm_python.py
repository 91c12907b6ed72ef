"""The warm Python on its own: what it does ahead of tasks must leave nothing behind for them."""

from __future__ import annotations

import json

from support import run_script

# What a DAG file or a task could notice of an earlier task in its process.
SNAPSHOT = """
import contextvars, json, os, signal, sys
from leoflow_worker.warm import warm_up
from leoflow_worker import rehearsal

def look():
    from airflow.dag_processing import dagbag
    from airflow.sdk.execution_time import task_runner
    return {
        "environment": dict(os.environ),
        "path": list(sys.path),
        "foreign modules": sorted(name for name in sys.modules if "rehearsal" in name and "leoflow_worker" not in name),
        "handlers": [str(signal.getsignal(number)) for number in sorted(signal.valid_signals())],
        "context": len(contextvars.copy_context()),
        "comms": hasattr(task_runner, "SUPERVISOR_COMMS"),
        "runner": {name: id(value) for name, value in vars(task_runner).items() if not name.startswith("__")},
        "bag": id(dagbag.BundleDagBag),
    }

warm_up()
if {configured}:
    from leoflow_worker.preload import log_to_memory
    rehearsal.rehearse_often()
    slot = log_to_memory(keep_loggers=True)
before = look()
acts = []
act = rehearsal._act
rehearsal._act = lambda: acts.append(act())
rehearsal.rehearse_once(slot) if {configured} else rehearsal.rehearse_often()
print(json.dumps([before, look(), len(acts)]))
"""


def test_the_rehearsal_of_the_base_process_leaves_nothing(tmp_path):
    before, after, acts = json.loads(run_script(SNAPSHOT.replace("{configured}", "False"), tmp_path))
    assert acts == 12
    assert after == before


def test_the_rehearsal_of_an_idle_child_leaves_nothing(tmp_path):
    before, after, acts = json.loads(run_script(SNAPSHOT.replace("{configured}", "True"), tmp_path))
    assert acts == 1
    assert after == before


SHORTCUTS = """
import json, os, pathlib
folder = {folder!r}
os.environ["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps(
    [{"name": "b", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": {"path": folder}}]
)
from leoflow_worker.warm import warm_up
warm_up()
from leoflow_worker.preload import preload
from airflow.sdk.execution_time import task_runner
from airflow.sdk.definitions._internal.abstractoperator import AbstractOperator
stock = AbstractOperator._iter_all_mapped_downstreams
stats = task_runner.stats_utils.get_stats_factory()
loaded = preload(folder + "/dag.py", folder, "b")
assert loaded.refusal == "", loaded.refusal
dag = loaded.bag.dags["mapped"]
def names(iterate):
    return {task.task_id: [node.node_id for node in iterate(task)] for task in dag.tasks}
bundles = task_runner.DagBundlesManager()
bundle = bundles.get_bundle(name="b", version=None)
print(json.dumps({
    "stock": names(stock),
    "ours": names(AbstractOperator._iter_all_mapped_downstreams),
    "bundle": str(bundle.path),
    "same bundle": bundle is bundles.get_bundle(name="b", version=None),
    "same stats": stats is task_runner.stats_utils.get_stats_factory(),
    "macro": dag.get_template_env().from_string("{{ shout('hi') }}").render(),
    "sandboxed": type(dag.get_template_env(force_sandboxed=True)).__name__,
}))
"""

MAPPED_DAG = """
from airflow.sdk import DAG, task, task_group

with DAG("mapped", schedule=None, user_defined_macros={"shout": str.upper}):

    @task
    def numbers():
        return [1, 2]

    @task
    def double(number):
        return number * 2

    @task
    def total(values):
        return sum(values)

    @task_group
    def group(number):
        double.override(task_id="inner")(number)

    listed = numbers()
    total(double.expand(number=listed))
    group.expand(number=listed)
"""


def test_shortcuts_answer_as_the_stock_code(tmp_path):
    (tmp_path / "dag.py").write_text(MAPPED_DAG)
    seen = json.loads(run_script(SHORTCUTS.replace("{folder!r}", repr(str(tmp_path))), tmp_path))
    assert seen["ours"] == seen["stock"]
    assert seen["ours"]["numbers"] == ["double", "group"]
    assert seen["bundle"] == str(tmp_path)
    assert seen["same bundle"] and seen["same stats"]
    assert seen["macro"] == "HI"
    assert seen["sandboxed"] == "SandboxedEnvironment"
