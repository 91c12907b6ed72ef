"""Lets schemathesis ask a server what Airflow's descriptions of its REST APIs allow, and what they forbid."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from naming import with_examples
from specification import documents
from support import ROOT, Lite

_SCHEMATHESIS = ROOT / "build/clients/bin/schemathesis"
# What is there is read before it is changed, and deleted last.
_READS, _WRITES, _DELETES = ("GET",), ("POST", "PUT", "PATCH"), ("DELETE",)
# Whose answers name what others ask about.
_LINKED = ("public", "ui")
# Ends the session of whoever asks it, so it has a session of its own.
_LOGOUT = "/api/v2/auth/logout"
# Answers when the run has ended: one that was made a moment ago may never.
_WAIT = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/wait"


@dataclass(frozen=True, order=True)
class Failure:
    """What schemathesis finds fault with.

    Attributes:
        operation: Method and path, as the description has them.
        check: The check that fails.
        said: The status of the answer, and what is wrong with it.
    """

    operation: str
    check: str
    said: str


@dataclass(frozen=True)
class Probe:
    """Asks one server.

    Attributes:
        server: Has played the scenarios of the clients.
        folder: For what schemathesis reads and writes.
    """

    server: Lite
    folder: pathlib.Path

    def cover(self) -> dict[Failure, str]:
        """Asks each operation with values at and beyond the limits of each parameter; the same ones each time.

        Returns:
            What fails, each with a request that does.
        """
        return self._in_order("examples,coverage", ("--generation-deterministic",), ())

    def explore(self, seed: int, examples: int) -> dict[Failure, str]:
        """Asks the same, then at random, then one operation after another with what the one before has answered.

        Args:
            seed: Of what is random.
            examples: How often each operation is asked at random.

        Returns:
            What fails, each with a request that does.
        """
        options = (f"--seed={seed}", f"--max-examples={examples}", "--generation-database=none", "--no-shrink")
        return self._in_order("examples,coverage,fuzzing", options, _LINKED)

    def _in_order(self, phases: str, options: tuple[str, ...], linked: tuple[str, ...]) -> dict[Failure, str]:
        found = self._ask_all(_READS, phases, options) | self._ask_all(_WRITES, phases, options)
        for name in linked:
            found |= self._ask(name, "stateful", f"--exclude-path={_LOGOUT}", f"--exclude-path={_WAIT}", *options)
        found |= self._ask_all(_DELETES, phases, options)
        return found | self._ask("public", phases, f"--include-path={_LOGOUT}", *options)

    def _ask_all(self, methods: tuple[str, ...], phases: str, options: tuple[str, ...]) -> dict[Failure, str]:
        found: dict[Failure, str] = {}
        chosen = [f"--include-method={method}" for method in methods]
        for name, document in documents().items():
            if any(method.lower() in path for path in document["paths"].values() for method in methods):
                found |= self._ask(name, phases, *chosen, f"--exclude-path={_LOGOUT}", *options)
        return found

    def _ask(self, name: str, phases: str, *options: str) -> dict[Failure, str]:
        description, told = self.folder / f"{name}.json", self.folder / "told.ndjson"
        description.write_text(json.dumps(with_examples(documents()[name])))
        command = [str(_SCHEMATHESIS), "run", description.name, f"--url={self.server.url}", f"--phases={phases}"]
        command += ["--checks=all", "--continue-on-failure", "--max-redirects=0", "--warnings=off", "--no-color"]
        command += [f"--header=Authorization: Bearer {self.server.log_in()}", f"--report-ndjson-path={told.name}"]
        ended = subprocess.run([*command, *options], cwd=self.folder, capture_output=True, text=True, timeout=1800)
        # 1: something fails. Whatever else is wrong with the run must not look as if nothing did.
        assert ended.returncode in (0, 1), ended.stdout[-5000:] + ended.stderr
        return dict(failures(told))


def failures(report: pathlib.Path) -> Iterator[tuple[Failure, str]]:
    """Yields what fails in a run, each with a request that does."""
    with report.open() as lines:
        for line in lines:
            recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
            for case, checks in recorder.get("checks", {}).items():
                yield from _of_case(checks, recorder["cases"][case]["value"], recorder["interactions"].get(case, {}))


def _of_case(checks: Any, case: dict[str, Any], interaction: dict[str, Any]) -> Iterator[tuple[Failure, str]]:
    status = (interaction.get("response") or {}).get("status_code", "no answer")
    address = (interaction.get("request") or {}).get("uri", "")
    for check in checks:
        if check["status"] == "failure":
            failure = check["failure_info"]["failure"]
            # The first line says what is wrong, after the value that is.
            said = re.sub(r"^.* is not ", "is not ", failure["message"].partition("\n")[0])
            yield (
                Failure(failure["operation"], check["name"], f"{status}: {said}"),
                f"{case['method']} {address} {json.dumps(case.get('body'))}",
            )
