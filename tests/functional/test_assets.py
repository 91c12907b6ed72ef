"""DAGs that are scheduled on assets, with the real SDK."""

from __future__ import annotations

from support import eventually

ASSETS = """
from airflow.sdk import DAG, Asset, AssetAlias, Metadata, task

orders = Asset(uri="x://orders", name="orders")
stock = Asset(uri="x://stock", name="stock")

with DAG("makes"):
    @task(outlets=[orders])
    def order(outlet_events=None):
        outlet_events[orders].extra = {"count": 3}

    @task(outlets=[stock])
    def count():
        yield Metadata(stock, {"by": "hand"})

    @task(outlets=[AssetAlias("latest")])
    def name(outlet_events=None):
        outlet_events[AssetAlias("latest")].add(Asset("x://of-today"), extra={"day": 1})

    order() >> count() >> name()

with DAG("needs_both", schedule=[orders, stock]):
    @task
    def seen(triggering_asset_events=None):
        return sorted([asset.name, event.extra] for asset, events in triggering_asset_events.items() for event in events)

    seen()

with DAG("needs_alias", schedule=AssetAlias("latest")):
    @task(inlets=[orders])
    def seen(inlet_events=None, triggering_asset_events=None):
        events = triggering_asset_events[Asset("x://of-today")]
        return [events[0].extra, inlet_events[orders][-1].extra, events[0].source_task_id]

    seen()

with DAG("asks"):
    @task
    def seen(params=None):
        from airflow.sdk.execution_time.comms import GetDagRun
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS
        run = SUPERVISOR_COMMS.send(GetDagRun(dag_id="needs_both", run_id=params["run"]))
        return [event.asset.name for event in run.consumed_asset_events]

    seen()

with DAG("needs_either", schedule=orders | Asset.ref(uri="x://nowhere")):
    @task
    def seen():
        pass

    seen()
"""


def runs(lite, dag_id):
    """Returns the runs of a DAG, oldest first."""
    return lite.request("GET", f"/api/v2/dags/{dag_id}/dagRuns?order_by=run_after").body["dag_runs"]


def returned(lite, dag_id, run_id):
    """Returns what the only task of a run returned."""
    path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/seen/xcomEntries/return_value"
    return lite.request("GET", path).body["value"]


def test_dags_run_when_the_assets_that_they_wait_for_change(make_lite):
    lite = make_lite({"assets.py": ASSETS})
    for dag_id in ("makes", "needs_both", "needs_alias", "needs_either", "asks"):
        lite.await_dag(dag_id)
        lite.request("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})
    run = lite.trigger("makes")
    lite.await_run("makes", run, "success")
    for dag_id in ("needs_both", "needs_alias", "needs_either"):
        eventually(lambda dag_id=dag_id: [r for r in runs(lite, dag_id) if r["state"] == "success"], dag_id)
        assert len(runs(lite, dag_id)) == 1, dag_id
        assert runs(lite, dag_id)[0]["run_type"] == "asset_triggered"
    both = runs(lite, "needs_both")[0]["dag_run_id"]
    assert returned(lite, "needs_both", both) == [["orders", {"count": 3}], ["stock", {"by": "hand"}]]
    alias = runs(lite, "needs_alias")[0]["dag_run_id"]
    assert returned(lite, "needs_alias", alias) == [{"day": 1}, {"count": 3}, "name"]

    asking = lite.trigger("asks", {"run": both})
    lite.await_run("asks", asking, "success")
    asked = returned(lite, "asks", asking)
    assert asked == ["orders", "stock"], "GetDagRun tells them too"

    lite.kill()
    lite.start()
    again = lite.trigger("makes")
    lite.await_run("makes", again, "success")
    eventually(lambda: len([r for r in runs(lite, "needs_both") if r["state"] == "success"]) == 2, "the second run")
