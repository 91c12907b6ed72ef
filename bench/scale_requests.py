"""What the pages of the UI ask of a large database, and how long the answers take."""

from __future__ import annotations

import http.client
import statistics
import time
import urllib.parse
from dataclasses import dataclass

from measure import percentile
from scale_world import BUSY_RUNS, HUGE, MAPPED, WIDE, Grid
from systems import System

ROUNDS = 40
# No request is asked for longer than this, in seconds, once it was answered so often.
LONGEST, _LEAST_ROUNDS = 5.0, 3

_DAY_AGO = "{day_ago}"
_ALL_TASKS = "/api/v2/dags/~/dagRuns/~/taskInstances"
_RUN = "scheduled__0"
_BUSY = "team_42_etl_50"


def _grid(grid: Grid) -> list[str]:
    runs = "&".join(f"run_ids=scheduled__{number}" for number in range(grid.runs))
    return [
        f"/ui/grid/structure/{grid.dag_id}?limit={grid.runs}&order_by=-run_after",
        f"/ui/grid/runs/{grid.dag_id}?limit={grid.runs}&order_by=-run_after",
        f"/ui/grid/ti_summaries/{grid.dag_id}?{runs}",
        f"/ui/structure/structure_data?dag_id={grid.dag_id}",
        f"/api/v2/dags/{grid.dag_id}/dagRuns/{_RUN}/taskInstances?limit=50&order_by=-start_date",
        f"/api/v2/dags/{grid.dag_id}/details",
    ]


# By page; each path is measured by itself.
PAGES: dict[str, list[str]] = {
    "home": [
        "/ui/dashboard/dag_stats",
        f"/ui/dashboard/historical_metrics_data?start_date={_DAY_AGO}",
        "/ui/dags?limit=10&is_favorite=true",
        "/api/v2/dags/~/dagRuns/~/hitlDetails?limit=1&response_received=false",
        "/api/v2/importErrors?limit=1",
        "/api/v2/pools?limit=100",
        "/api/v2/assets/events?limit=6&order_by=-timestamp",
    ],
    "DAG list": [
        "/ui/dags?limit=50&dag_runs_limit=14&exclude_stale=true&order_by=dag_display_name",
        "/ui/dags?limit=50&dag_runs_limit=14&offset=9000&order_by=dag_display_name",
        "/ui/dags?limit=50&dag_runs_limit=14&order_by=-last_run_start_date",
        "/ui/dags?limit=50&dag_runs_limit=14&last_dag_run_state=failed",
        "/ui/dags?limit=50&dag_runs_limit=14&tags=team_07&tags=kind_3&tags_match_mode=all",
        "/api/v2/dagTags?limit=50&order_by=name",
    ],
    "search": [
        "/ui/dags?limit=10&dag_display_name_pattern=etl_77",
        "/api/v2/dags?limit=10&dag_id_pattern=42_etl",
        "/api/v2/dags?limit=10&dag_id_prefix_pattern=team_42",
    ],
    "grid, 100 runs": _grid(Grid(_BUSY, 10, BUSY_RUNS)),
    # As the page asks, which walks by cursor.
    "task instances": [
        f"{_ALL_TASKS}?limit=50&order_by=-start_date&cursor=",
        f"{_ALL_TASKS}?limit=50&order_by=-start_date&cursor=&state=failed",
        f"{_ALL_TASKS}?limit=50&order_by=-start_date&cursor=&state=running",
        f"{_ALL_TASKS}?limit=50&order_by=-start_date&cursor=&dag_id_pattern=42_etl_5",
        f"{_ALL_TASKS}?limit=50&order_by=-start_date&cursor=&task_display_name_prefix_pattern=task_7",
        f"{_ALL_TASKS}?limit=50&order_by=-start_date&cursor=&start_date_gte={_DAY_AGO}",
        f"/api/v2/dags/{_BUSY}/dagRuns/~/taskInstances?limit=50&order_by=-start_date&cursor=",
        f"/api/v2/dags/{_BUSY}/dagRuns/~/taskInstances?limit=50&task_id=task_3&order_by=-run_after&cursor=",
    ],
    # As scripts ask, which are told how many there are exactly.
    "task instances, counted": [
        f"{_ALL_TASKS}?limit=50&order_by=-start_date",
        f"{_ALL_TASKS}?limit=50&order_by=-start_date&offset=5000",
        f"{_ALL_TASKS}?limit=50&order_by=-start_date&state=failed",
        f"{_ALL_TASKS}?limit=50&order_by=-start_date&task_display_name_prefix_pattern=task_7",
        f"{_ALL_TASKS}?limit=50&order_by=-start_date&start_date_gte={_DAY_AGO}",
    ],
    "runs": [
        "/api/v2/dags/~/dagRuns?limit=50&order_by=-run_after",
        "/api/v2/dags/~/dagRuns?limit=50&order_by=-run_after&state=failed",
        "/api/v2/dags/~/dagRuns?limit=50&order_by=-start_date&dag_id_pattern=42_etl",
        f"/api/v2/dags/{_BUSY}/dagRuns?limit=50&order_by=-run_after",
        f"/ui/calendar/{_BUSY}?granularity=daily",
    ],
    "6,000 tasks x 10 runs": _grid(HUGE),
    "180 tasks x 25 runs": _grid(WIDE),
    "5,000 mapped": [
        *_grid(MAPPED),
        f"/api/v2/dags/mapped/dagRuns/{_RUN}/taskInstances/task_0/listMapped?limit=50&order_by=map_index",
        f"/api/v2/dags/mapped/dagRuns/{_RUN}/taskInstances/task_0/listMapped?limit=50&order_by=-start_date&offset=4950",
    ],
}


@dataclass(frozen=True)
class Timing:
    """What one request took, in milliseconds, and how much was answered, in bytes as sent.

    The first one after the start loads code and data; it is not among the others. 0 if it was not measured.
    """

    p50_ms: float
    p95_ms: float
    bytes: int
    first_ms: float = 0


def time_pages(system: System, rounds: int = ROUNDS, pages: dict[str, list[str]] = PAGES) -> dict[str, Timing]:
    """Asks everything so many times, what is slow less often, on one connection that is kept; gives the times by path.

    Raises:
        AssertionError: an answer was none of success.
    """
    day_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86_400))
    connection = http.client.HTTPConnection("127.0.0.1", urllib.parse.urlsplit(system.url).port, timeout=120)
    headers = {"Authorization": f"Bearer {system.token}", "Accept": "*/*", "Accept-Encoding": "gzip"}
    timings = {}
    for path in (path for paths in pages.values() for path in paths):
        taken: list[float] = []
        for number in range(rounds + 1):
            if len(taken) >= _LEAST_ROUNDS and sum(taken) > LONGEST * 1e3:
                break
            began = time.perf_counter()
            connection.request("GET", path.replace(_DAY_AGO, day_ago), headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, (path, answer.status, body[:500])
            took = (time.perf_counter() - began) * 1e3
            if number == 0:
                first = took
            else:
                taken.append(took)
        timings[path] = Timing(statistics.median(taken), percentile(taken, 95), len(body), first)
    return timings
