"""A DAG that waits for a human."""

from __future__ import annotations

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, Param

with DAG("asks", schedule=None, tags=["HITL"]):
    HITLOperator(
        task_id="ask",
        subject="Which one?",
        body="There are **two**.",
        options=["this", "that"],
        defaults=["this"],
        params={"reason": Param("", type="string")},
    )
