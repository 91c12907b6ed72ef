"""Which systems there are to measure, and how one with a few DAG files is run."""

from __future__ import annotations

import os
import pathlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from airflow_system import Airflow, log_tail
from leoflow_system import Leoflow

System = Leoflow | Airflow
S = TypeVar("S", bound=System)


@contextmanager
def running(make: type[S], settings: dict[str, str] | None = None, **files: str) -> Iterator[S]:
    """Gives a running install with these DAG files, by name without `.py`; Airflow also with settings of its own."""
    os.environ["AIRFLOW__CORE__MAX_MAP_LENGTH"] = "1000000"
    with ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="leoflow-crowd-")))
        system = make(home=folder / "home", dags=folder / "dags")
        system.home.mkdir()
        system.dags.mkdir()
        for name, source in files.items():
            system.write_dag(f"{name}.py", source)
        if isinstance(system, Airflow):
            system.settings = settings or {}
            stack.callback(system.postgres.stop)
        stack.callback(system.stop)
        try:
            system.set_up()
            system.start()
            yield system
        except BaseException:
            print(log_tail(system.home), file=sys.stderr)
            raise
