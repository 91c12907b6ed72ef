"""A DAG file that does not load."""

import airflow.sdk  # noqa: F401 - makes it one

raise ValueError("broken on purpose")
