"""Writes and prints how the answers compare."""

from __future__ import annotations

from comparing import Tally, unused
from support import ROOT

FILE = ROOT / "docs/rest-api.md"
_HEAD = """\
# The REST API beside Airflow's
Written by `tests/api/run --report`. Every GET of both descriptions in the pinned wheel was asked of Airflow and of
Leoflow, for every example DAG and with every parameter, good and bad, in the same world: the same DAG files, runs and
changes. Times, ids, hosts, durations and places are masked; everything else is compared: status, keys, types, values
and order.

Bounds that Airflow does not have, so that no request takes the server away from others:

- A bulk request has at most 10,000 entities; one of more is refused (422) and changes nothing. Where an action on task
  instances would make it more than 10,000 of them, the action says so and changes no more.
- A request that needs the database for more than 30 s at once ends there (503).
- A user waits for at most 100 runs at once (429), and each wait ends when its token does.
- A body is at most 8 MB long (413), a project's artifact 32.
- A line of a log is cut after 8 MB.
- A client has to take some of an answer every 30 s, and all of it, or of a part of a long log, in 2 minutes.

- asked: how many requests
- Airflow fails: to how many Airflow answers 500; Leoflow answers these in a way that makes sense
- known: how many answers differ for a reason below
- differ: how many places differ for no known reason

| operation | asked | Airflow fails | known | differ |
|---|---|---|---|---|
"""


def write(tallies: dict[str, Tally]) -> None:
    """Writes docs/rest-api.md."""
    lines = [_row(f"`{operation}`", tally) for operation, tally in sorted(tallies.items())]
    total = Tally()
    for tally in tallies.values():
        total.asked += tally.asked
        total.failed += tally.failed
        total.known += tally.known
        total.unknown += tally.unknown
        total.reasons.update(tally.reasons)
    lines.append(_row("all", total))
    reasons = [
        f"- `{known.operation}` `{known.place}` ({count} answers): {known.why}"
        for known, count in sorted(total.reasons.items(), key=lambda item: (item[0].operation, item[0].place))
    ]
    FILE.write_text(_HEAD + "\n".join(lines) + "\n\n## Known differences\n" + "\n".join(reasons) + "\n")


def _row(name: str, tally: Tally) -> str:
    return f"| {name} | {tally.asked} | {tally.failed or ''} | {tally.known or ''} | {len(tally.unknown) or ''} |"


def show(tallies: dict[str, Tally]) -> int:
    """Prints what differs; returns 1 if anything does for no known reason, or a known reason is none any more."""
    lines = [line for tally in tallies.values() for line in tally.unknown]
    lines += [f"no difference any more, but known.py says: {known.why}" for known in unused(tallies)]
    print(*lines, sep="\n")
    print(f"== {sum(tally.asked for tally in tallies.values())} answers, {len(lines)} unexpected differences")
    return 1 if lines else 0
