"""Two DAGs whose assets have one name: the second is warned."""

from __future__ import annotations

from airflow.sdk import DAG, Asset

for dag_id, place in {"conflict_1": "first", "conflict_2": "second"}.items():
    with DAG(dag_id, schedule=[Asset(name="twice", uri=f"s3://{place}/twice")]):
        pass
