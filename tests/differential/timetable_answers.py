"""Asks Airflow's own timetables for their next thousand runs; writes one JSON line for each timetable.

    timetable_answers.py OUT [NAME]

A line holds the serialized timetable, the dates between which it runs, how many runs there are, every hundredth of
them and a hash of all. With NAME only that one, and all of its runs.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="leoflow-timetables-")

import pendulum
from airflow import timetables
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable
from airflow.timetables.base import TimeRestriction
from airflow.timetables.events import EventsTimetable
from airflow.timetables.interval import CronDataIntervalTimetable, DeltaDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable, DeltaTriggerTimetable, MultipleCronTriggerTimetable
from dateutil.relativedelta import relativedelta

RUNS = 1000
# Both ways of a clock change lie ahead of each: the first runs cross it, the others cross many.
START = pendulum.datetime(2025, 3, 1, 0, 0, 0)
# Changes at 1, 2 and 3 o'clock, of an hour and of half an hour, in March, April, September, October and November; none.
ZONES = (
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu", "Africa/Casablanca",
    "UTC",
)  # fmt: skip
CRONS = ("30 2 * * *", "0 * * * *", "*/20 1-3 * * *", "0 0 1 * *", "15 3 * * 0", "@weekly", "59 23 L * *", "0 5 * * MON#2")


def build() -> Iterator[tuple[str, timetables.base.Timetable]]:
    """Yields names and timetables."""
    hours = datetime.timedelta(hours=1)
    for zone in ZONES:
        for cron in CRONS[:5]:
            yield f"interval {cron} {zone}", CronDataIntervalTimetable(cron, timezone=pendulum.timezone(zone))
            yield f"trigger {cron} {zone}", CronTriggerTimetable(cron, timezone=zone)
        yield f"trigger with interval {zone}", CronTriggerTimetable("30 2 * * *", timezone=zone, interval=6 * hours)
        yield f"several {zone}", MultipleCronTriggerTimetable("30 2 * * *", "0 4,16 * * *", "10 * 1 * *", timezone=zone)
    for cron in CRONS[5:]:
        yield f"interval {cron}", CronDataIntervalTimetable(cron, timezone=pendulum.timezone("America/New_York"))
        yield f"trigger {cron}", CronTriggerTimetable(cron, timezone="Europe/Berlin")
    for delta in (datetime.timedelta(days=1), datetime.timedelta(minutes=7, seconds=3), relativedelta(months=1, day=31)):
        yield f"delta {delta}", DeltaDataIntervalTimetable(delta)
        yield f"delta trigger {delta}", DeltaTriggerTimetable(delta, interval=hours)
    events = [START.add(hours=n * n) for n in (5, 1, 3, 3, 40, 2)]
    yield "events", EventsTimetable(events, description="odd")


def runs_of(timetable: timetables.base.Timetable) -> Iterator[tuple[int, int, int]]:
    """Yields when each run starts and its data interval, in microseconds since 1970."""
    restriction = TimeRestriction(earliest=START, latest=START.add(years=90), catchup=True)
    info = None
    for _ in range(RUNS):
        try:
            info = timetable.next_dagrun_info_v2(last_dagrun_info=info, restriction=restriction)
        except ValueError as error:  # Airflow is stuck at a clock change of half an hour
            print(f"{timetable}: {error}", file=sys.stderr)
            return
        if info is None:
            return
        interval = info.data_interval
        yield tuple(round(t.timestamp() * 1e6) for t in (info.run_after, interval.start, interval.end))


def main() -> None:
    """Writes the answers."""
    out, wanted = sys.argv[1], (sys.argv[2:] or [None])[0]
    with open(out, "w") as file:
        for name, timetable in build():
            if wanted not in (None, name):
                continue
            encoded = encode_timetable(timetable)
            runs = [list(run) for run in runs_of(decode_timetable(encoded))]
            text = "".join(f"{a},{b},{c};" for a, b, c in runs)
            answer = {
                "name": name,
                "timetable": encoded,
                "earliest": round(START.timestamp() * 1e6),
                "latest": round(START.add(years=90).timestamp() * 1e6),
                "count": len(runs),
                "sha256": hashlib.sha256(text.encode()).hexdigest(),
                "every": 1 if wanted else 100,
                "runs": runs if wanted else runs[::100],
            }
            file.write(json.dumps(answer, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
