"""Which systems there are to measure."""

from __future__ import annotations

from airflow_system import Airflow
from leoflow_system import Leoflow

System = Leoflow | Airflow
