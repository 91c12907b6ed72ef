"""The tables of runs and task instances as each system has them, and how their rows are multiplied in SQL."""

from __future__ import annotations

import contextlib
import datetime
import pathlib
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

_DAY = 86_400

# One run in twelve of a DAG failed, and in it its last tasks.
_STATE = "CASE WHEN n.n % 12 = 11 THEN 'failed' ELSE 'success' END"


@dataclass(frozen=True)
class Dialect:
    """What differs between databases and systems: how to ask, and the expressions for ids and moments."""

    run: Callable[[str], list[list[str]]]
    columns: str
    new_id: str
    moment: Callable[[str], str]
    duration: str
    version: str = "current_version_id"  # of a row of `dag`
    version_column: str = "dag_version_id"  # of a run
    finish: tuple[str, ...] = ("ANALYZE",)  # once all rows are there


@dataclass(frozen=True)
class Tables:
    """Multiplies the rows of the DAG `template`."""

    dialect: Dialect

    def copy_runs(self, now: datetime.datetime, dags: str, ages: range) -> None:
        """Gives DAGs (a condition on `dag`) a run for each of these ages in days; age 0 is an hour before `now`."""
        newest = int(now.timestamp()) - 3600
        begin = f"({newest} - n.n * {_DAY} + (d.row % 3000))"
        at = self.dialect.moment
        self._copy(
            "dag_run",
            {
                "dag_id": "d.dag_id",
                "run_id": "'scheduled__' || n.n",
                "state": _STATE,
                "run_type": "'scheduled'",
                "logical_date": at(f"({newest} - n.n * {_DAY})"),
                "data_interval_start": at(f"({newest} - n.n * {_DAY} - {_DAY})"),
                "data_interval_end": at(f"({newest} - n.n * {_DAY})"),
                "run_after": at(f"({newest} - n.n * {_DAY})"),
                "queued_at": at(begin),
                "start_date": at(begin),
                "end_date": at(f"({begin} + 60)"),
                self.dialect.version_column: "d.version",
            },
            f"{self._dags(dags)} CROSS JOIN {_numbers(ages)}",
            "n.n DESC, d.dag_id",
        )

    def copy_tasks(self, dags: str, tasks: int, instances: int = 1) -> None:
        """Gives every run of these DAGs the instances of so many tasks, one after the other."""
        begin = self.dialect.duration.format(seconds="n.n % 50")
        index = "m.n" if instances > 1 else "-1"
        numbers = f"{_numbers(range(tasks))} CROSS JOIN {_numbers(range(instances), 'm')}"
        self._copy(
            "task_instance",
            {
                "id": self.dialect.new_id,
                "dag_id": "r.dag_id",
                "run_id": "r.run_id",
                "task_id": "'task_' || n.n",
                "task_display_name": "'task_' || n.n",
                "map_index": index,
                "state": f"CASE WHEN n.n = {tasks - 1} THEN r.state ELSE 'success' END",
                "start_date": f"r.start_date + {begin}",
                "end_date": f"r.start_date + {begin} + {self.dialect.duration.format(seconds='1')}",
                "dag_version_id": f"r.{self.dialect.version_column}",
            },
            f"(SELECT * FROM dag_run WHERE {dags}) r CROSS JOIN {numbers}",
            "r.id, n.n",
        )

    def analyze(self) -> None:
        """Lets the database know its new size, as it would by itself in time."""
        for statement in self.dialect.finish:
            self.dialect.run(statement)

    def _dags(self, condition: str) -> str:
        return f"(SELECT dag_id, ROW_NUMBER() OVER (ORDER BY dag_id) AS row, {self.dialect.version} AS version FROM dag WHERE {condition}) d"

    def _copy(self, table: str, values: dict[str, str], source: str, order: str) -> None:
        # Rows lie in the order of time, as they would if everything had run.
        names = [row[0] for row in self.dialect.run(self.dialect.columns.format(table=table))]
        # A number that the table gives by itself.
        names = [name for name in names if name != "id" or name in values]
        chosen = ", ".join(values.get(name, f't."{name}"') for name in names)
        template = f"(SELECT * FROM {table} WHERE dag_id = 'template' LIMIT 1) t"
        quoted = ", ".join(f'"{name}"' for name in names)
        self.dialect.run(f"INSERT INTO {table} ({quoted}) SELECT {chosen} FROM {source} CROSS JOIN {template} ORDER BY {order}")


def _numbers(of: range, name: str = "n") -> str:
    more = f"SELECT n + 1 FROM s WHERE n < {of.stop - 1}"
    return f"(WITH RECURSIVE s (n) AS (SELECT {of.start} UNION ALL {more}) SELECT n FROM s) {name}"


def _psql(url: str) -> Callable[[str], list[list[str]]]:
    def run(sql: str) -> list[list[str]]:
        answer = subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url], input=sql, check=True, capture_output=True, text=True
        )
        return [line.split("|") for line in answer.stdout.splitlines()]

    return run


def _sqlite(path: pathlib.Path) -> Callable[[str], list[list[str]]]:
    def run(sql: str) -> list[list[str]]:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
            return [[str(value) for value in row] for row in database.execute(sql)]

    return run


_COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' AND table_schema = 'public' ORDER BY ordinal_position"


# As the migration that added these columns filled them.
_LEOFLOW_FINISH = (
    "UPDATE dag SET last_run = (SELECT MAX(r.id) FROM dag_run r WHERE r.dag_id = dag.dag_id), latest_dated_run = "
    "(SELECT r.id FROM dag_run r WHERE r.dag_id = dag.dag_id ORDER BY r.logical_date DESC LIMIT 1), "
    "task_instance_count = (SELECT COUNT(*) FROM task_instance t WHERE t.dag_id = dag.dag_id)",
    "ANALYZE",
)


def leoflow_sqlite(path: pathlib.Path) -> Tables:
    """Returns the tables in Leoflow's own file."""
    return Tables(
        Dialect(
            run=_sqlite(path),
            columns="SELECT name FROM pragma_table_info('{table}')",
            new_id="lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-7' || substr(hex(randomblob(2)), 2) || '-9' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))",
            moment=lambda seconds: f"({seconds} * 1000000)",
            duration="({seconds}) * 1000000",
            finish=_LEOFLOW_FINISH,
        )
    )


def leoflow_postgres(url: str) -> Tables:
    """Returns Leoflow's tables in PostgreSQL."""
    return Tables(
        Dialect(
            run=_psql(url),
            columns=_COLUMNS,
            new_id="gen_random_uuid()::text",
            moment=lambda seconds: f"({seconds}::bigint * 1000000)",
            duration="({seconds})::bigint * 1000000",
            finish=_LEOFLOW_FINISH,
        )
    )


def airflow_postgres(url: str) -> Tables:
    """Returns Airflow's tables in PostgreSQL."""
    return Tables(
        Dialect(
            run=_psql(url),
            columns=_COLUMNS,
            new_id="gen_random_uuid()",
            moment=lambda seconds: f"to_timestamp({seconds})",
            duration="make_interval(secs => {seconds})",
            version="(SELECT v.id FROM dag_version v WHERE v.dag_id = dag.dag_id ORDER BY v.version_number DESC LIMIT 1)",
            version_column="created_dag_version_id",
        )
    )
