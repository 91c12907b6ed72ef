"""Asks Airflow's own partition mappers and timetables for keys and dates; writes one JSON line for each question.

    partition_answers.py OUT

A line is either a serialized mapper with a key of an asset, and which partitions it is for (or null, where the mapper
refuses the key), or a serialized timetable with its first runs.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="leoflow-partitions-")

import pendulum
from airflow.partition_mappers.allowed_key import AllowedKeyMapper
from airflow.partition_mappers.base import PartitionMapper, RollupMapper
from airflow.partition_mappers.chain import ChainMapper
from airflow.partition_mappers.fixed_key import FixedKeyMapper
from airflow.partition_mappers.identity import IdentityMapper
from airflow.partition_mappers.product import ProductMapper
from airflow.partition_mappers.temporal import (
    FanOutMapper,
    StartOfDayMapper,
    StartOfHourMapper,
    StartOfMonthMapper,
    StartOfQuarterMapper,
    StartOfWeekMapper,
    StartOfYearMapper,
)
from airflow.partition_mappers.wait_policy import MinimumCount
from airflow.partition_mappers.window import (
    DayWindow,
    HourWindow,
    MonthWindow,
    QuarterWindow,
    SegmentWindow,
    WeekWindow,
    Window,
    YearWindow,
)
from airflow.serialization.decoders import decode_partition_mapper, decode_timetable
from airflow.serialization.encoders import encode_partition_mapper, encode_timetable
from airflow.timetables.base import TimeRestriction
from airflow.timetables.trigger import CronPartitionTimetable

_RANDOM = random.Random(20261125)
# Changes of the clock of an hour and half an hour, both ways, a zone without, and an offset.
ZONES: tuple[Any, ...] = (
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", pendulum.fixed_timezone(-3600),
)  # fmt: skip
TEMPORAL = (StartOfHourMapper, StartOfDayMapper, StartOfWeekMapper, StartOfMonthMapper, StartOfQuarterMapper, StartOfYearMapper)
PLAIN = "%Y-%m-%dT%H:%M:%S"
WINDOWS = (HourWindow, DayWindow, WeekWindow, MonthWindow, QuarterWindow, YearWindow)
ODD_KEYS = ("", "us", "2024", "2024-13-01T00:00:00", "2024-2-9T7:5:3", "2024-02-30T00:00:00", "2024-02-29T24:00:00", "x|y")


def mappers() -> Iterator[tuple[PartitionMapper, str]]:
    """Yields mappers and the format of the keys that they read."""
    for zone in ZONES:
        for kind in TEMPORAL:
            yield kind(timezone=zone), PLAIN
            yield kind(timezone=zone, input_format="%Y-%m-%dT%H:%M:%S%z"), "%Y-%m-%dT%H:%M:%S%z"
        yield StartOfDayMapper(timezone=zone, input_format="%d.%m.%y %H", output_format="%j/%Y"), "%d.%m.%y %H"
        yield StartOfHourMapper(timezone=zone, output_format="%Y%m%d%H%z"), PLAIN
        yield StartOfWeekMapper(timezone=zone, output_format="%G-W%V-%u"), PLAIN
        yield StartOfQuarterMapper(timezone=zone, output_format="Q{quarter} %Y"), PLAIN
        pairs = zip(TEMPORAL, WINDOWS, strict=True)
        for kind, window in ((StartOfHourMapper, HourWindow), (StartOfDayMapper, DayWindow), *list(pairs)[2:]):
            for direction in Window.Direction:
                yield RollupMapper(upstream_mapper=kind(timezone=zone), window=window(direction=direction)), PLAIN
                fan_out = {"downstream_mapper": StartOfHourMapper(timezone=zone, output_format=PLAIN)}
                yield FanOutMapper(upstream_mapper=kind(timezone=zone), window=window(direction=direction), **fan_out), PLAIN
    yield RollupMapper(upstream_mapper=StartOfDayMapper(), window=WeekWindow(), wait_policy=MinimumCount(-2)), PLAIN
    yield FanOutMapper(upstream_mapper=StartOfWeekMapper(), window=WeekWindow()), PLAIN
    yield FanOutMapper(upstream_mapper=StartOfDayMapper(), window=WeekWindow(), downstream_mapper=IdentityMapper()), PLAIN
    yield IdentityMapper(), "%Y"
    yield FixedKeyMapper("all", max_downstream_keys=3), "%Y"
    yield AllowedKeyMapper(["us", "2024", "it's"]), "%Y"
    segments = SegmentWindow(["us", "eu", "apac"])
    yield RollupMapper(upstream_mapper=FixedKeyMapper("all"), window=segments, wait_policy=MinimumCount(2)), "%Y"
    yield ProductMapper(IdentityMapper(), StartOfDayMapper()), f"us|{PLAIN}"
    yield ProductMapper(StartOfMonthMapper(), StartOfDayMapper(timezone="Asia/Kathmandu"), delimiter="--"), f"{PLAIN}--{PLAIN}"
    yield ChainMapper(StartOfDayMapper(), StartOfMonthMapper(input_format="%Y-%m-%d")), PLAIN


def keys(format_: str) -> Iterator[str]:
    """Yields keys in a format, many of them near changes of the clock, and some in none."""
    for base in ("2024-03-31T01:30:00", "2024-10-27T02:30:00", "2024-03-10T02:30:00", "2024-11-03T01:30:00", "2024-12-30T23:59:59",
                 "2024-02-29T12:00:00", "2024-10-06T02:10:00", "2024-04-07T01:50:00", "2025-01-01T00:00:00"):  # fmt: skip
        moment = datetime.datetime.fromisoformat(base) + datetime.timedelta(minutes=_RANDOM.choice((0, 0, 15, -31)))
        offset = datetime.timezone(datetime.timedelta(minutes=_RANDOM.choice((0, 330, -480))))
        yield moment.replace(tzinfo=offset).strftime(format_)
    yield from _RANDOM.sample(ODD_KEYS, 2)


def partitions_of(mapper: PartitionMapper, key: str) -> str:
    """Returns a line for each partition that a key is for, hashed if that is long; "refused" where the mapper refuses it."""
    try:
        found = mapper.to_downstream(key)
    except Exception:  # noqa: BLE001 - as Airflow, which catches all
        return "refused"
    text = "".join(_line(mapper, one) for one in ([found] if isinstance(found, str) else found))
    return text if len(text) < 200 else "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _line(mapper: PartitionMapper, key: str) -> str:
    try:
        date = mapper.to_partition_date(key)
        told = str(round(date.timestamp() * 1e6)) if date else ""
    except Exception:  # noqa: BLE001
        told = "unreadable"
    needs = ""
    if isinstance(mapper, RollupMapper):
        try:
            needs = ",".join(sorted(mapper.to_upstream(key)))
        except Exception:  # noqa: BLE001
            needs = "unreadable"
    return f"{key};{told};{needs};{getattr(mapper.wait_policy, 'n', '') if mapper.is_rollup else ''}\n"


def timetables() -> Iterator[CronPartitionTimetable]:
    """Yields timetables of partitions."""
    for zone in ("UTC", "Europe/Berlin", "America/New_York"):
        for offset in (0, -1, 2):
            for cron in ("0 0 * * *", "30 2 * * *", "0 * * * *", "0 0 * * 1"):
                yield CronPartitionTimetable(cron, timezone=zone, run_offset=offset)
        yield CronPartitionTimetable("0 6 1 * *", timezone=zone, key_format="%Y/%m (%j, %z)")


def runs_of(timetable: CronPartitionTimetable) -> list[list[Any]]:
    """Returns when every tenth of the first runs is, with its partition's key and date."""
    start = pendulum.datetime(2024, 10, 25)
    restriction = TimeRestriction(earliest=start, latest=None, catchup=True)
    out, info = [], None
    for _ in range(100):
        info = timetable.next_dagrun_info_v2(last_dagrun_info=info, restriction=restriction)
        out.append([round(info.run_after.timestamp() * 1e6), info.partition_key, round(info.partition_date.timestamp() * 1e6)])
    return out[::10]


def main() -> None:
    """Writes the answers."""
    with open(sys.argv[1], "w") as file:

        def write(answer: dict[str, Any]) -> None:
            file.write(json.dumps(answer, separators=(",", ":")) + "\n")

        for mapper, format_ in mappers():
            encoded = encode_partition_mapper(mapper)
            decoded = decode_partition_mapper(encoded)
            write({"mapper": encoded, "cases": [[key, partitions_of(decoded, key)] for key in keys(format_)]})
        for timetable in timetables():
            encoded = encode_timetable(timetable)
            write({"timetable": encoded, "runs": runs_of(decode_timetable(encoded))})


if __name__ == "__main__":
    main()
