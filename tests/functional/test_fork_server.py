"""The fork server on its own, asked by a script in place of the agent."""

from __future__ import annotations

import json
import pathlib
import textwrap
from typing import Any

from support import run_script

# Its second fork fails. A child ends when it is told a byte, and says it again.
SERVER = """
import json, os, socket
from leoflow_worker import server
from leoflow_worker.channel import Channel

def echo(kind, fds, preloaded):
    os.write(fds[0], os.read(fds[0], 1))
    os._exit(0)

def serve():
    fork, calls = os.fork, []

    def fail_the_second_time():
        calls.append(1)
        if len(calls) == 2:
            raise BlockingIOError(11, "no more processes")
        return fork()

    os.fork, server.run_child = fail_the_second_time, echo
    server.ForkServer(Channel(theirs.detach())).run()

ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
said, errors = os.pipe()
if os.fork() == 0:
    ours.close()
    os.dup2(errors, 2)
    serve()
theirs.close()
ours.settimeout(30)

def ask(**request):
    mine, its = socket.socketpair()
    mine.settimeout(30)
    socket.send_fds(ours, [json.dumps(request).encode()], [its.fileno()])
    return mine

def heard():
    report = json.loads(ours.recv(4096))
    return {name: report[name] for name in report if name not in ("pid", "memory", "cpu")}

def echoed(child):
    child.send(b"x")
    return child.recv(1).decode()

first = ask(do="fork", id=1, kind="task")
started = [heard(), heard()]
{scenario}
"""


def answer_of(scenario: str, home: pathlib.Path) -> Any:
    """Runs the lines of `scenario` beside a fork server with one child and returns what they print."""
    return json.loads(run_script(SERVER.replace("{scenario}", textwrap.dedent(scenario)), home))


def test_a_fork_that_fails_is_told_and_neither_ends_the_others_nor_those_to_come(tmp_path):
    answer = answer_of(
        """
        second = ask(do="fork", id=2, kind="task")
        failed = [heard(), heard()]
        third = ask(do="fork", id=3, kind="task")
        forked = [heard(), heard()]
        closed = second.recv(1).decode()
        line = os.read(said, 4096).decode()
        print(json.dumps([started, failed, forked, closed, line, echoed(first), heard(), echoed(third), heard()]))
        """,
        tmp_path,
    )
    assert answer == [
        [{"forking": 1}, {"forked": 1}],
        [{"forking": 2}, {"not_forked": 2}],
        [{"forking": 3}, {"forked": 3}],
        "",
        "cannot fork: [Errno 11] no more processes\n",
        "x",
        {"exited": 1, "status": 0},
        "x",
        {"exited": 3, "status": 0},
    ]


def test_a_copy_for_a_dag_file_that_cannot_be_forked_is_seen_by_its_closed_channel_and_hurts_nobody(tmp_path):
    answer = answer_of(
        """
        zygote = ask(do="zygote", id=2, file="", bundle_path="", bundle_name="", environment={})
        closed = zygote.recv(1).decode()
        line = os.read(said, 4096).decode()
        third = ask(do="fork", id=3, kind="task")
        forked = [heard(), heard()]
        print(json.dumps([closed, line, forked, echoed(first), heard(), echoed(third), heard()]))
        """,
        tmp_path,
    )
    assert answer == [
        "",
        "cannot fork: [Errno 11] no more processes\n",
        [{"forking": 3}, {"forked": 3}],
        "x",
        {"exited": 1, "status": 0},
        "x",
        {"exited": 3, "status": 0},
    ]
