"""Runs one DAG with the stock `dag.test()`, in this process, without a server.

A script. Arguments: the DAG's id ("" for the only one), the conf as JSON, the
logical date (""  for none given), then pairs of a bundle's folder and a DAG file in it, to be
looked through for the DAG. `dag.test()` insists on Airflow's metadata
database: it gets an empty SQLite file that is thrown away with the run.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn


def main() -> None:
    """Find the DAG, run it; exit code 0 if the run succeeded, 1 if it failed."""
    # Our modules must not hide those of the project.
    sys.path.pop(0)
    dag_id, conf, logical_date, *places = sys.argv[1:]
    del sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="leoflow-dag-test-") as home:
        os.environ.update(
            {
                "AIRFLOW_HOME": home,
                "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/test.db",
            }
        )
        dag = _find(dag_id, list(zip(places[::2], places[1::2], strict=True)))
        _make_database()
        arguments: dict[str, Any] = {"run_conf": json.loads(conf)}
        if logical_date:
            arguments["logical_date"] = datetime.fromisoformat(logical_date.replace("Z", "+00:00"))
        state = dag.test(**arguments).state
        print(f"'{dag.dag_id}': {state}")
    sys.exit(0 if state == "success" else 1)


def _find(dag_id: str, places: list[tuple[str, str]]) -> Any:
    _configure_bundle(places[0][0])
    from airflow.dag_processing.dagbag import BundleDagBag

    problems: dict[str, str] = {}
    for bundle_path, file in places:
        _configure_bundle(bundle_path)
        bag = BundleDagBag(
            dag_folder=file, safe_mode=False, load_op_links=False, bundle_path=Path(bundle_path), bundle_name="test"
        )
        problems |= bag.import_errors
        if dag_id in bag.dags:
            return bag.dags[dag_id]
        if not dag_id and len(bag.dags) == 1:
            return next(iter(bag.dags.values()))
        if not dag_id and bag.dags:
            _stop(f"{file} has several DAGs; name one: {', '.join(sorted(bag.dags))}", 2)
    for path, trace in problems.items():
        print(f"{path}:\n{trace}", file=sys.stderr)
    _stop(f"dag '{dag_id}' not found" if dag_id else f"{places[0][1]} defines no DAG", 3)


def _configure_bundle(path: str) -> None:
    bundle = {
        "name": "test",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": path},
    }
    os.environ["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps([bundle])


def _make_database() -> None:
    from airflow import settings
    from airflow.models import import_all_models
    from airflow.models.base import Base
    from airflow.utils.db import add_default_pool_if_not_exists, synchronize_log_template

    import_all_models()
    Base.metadata.create_all(settings.engine)
    synchronize_log_template()
    add_default_pool_if_not_exists()


def _stop(message: str, code: int) -> NoReturn:
    print(f"leoflow: {message}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
