"""The recorded answers of Airflow: one JSON line a DAG or a file that does not load, sorted."""

from __future__ import annotations

import json
import pathlib
from typing import Any

from cases import case_of
from examples import file_names
from player import Answer, Player

FILE = pathlib.Path(__file__).with_name("answers.jsonl")


def ask(player: Player, dag_ids: list[str] | None = None, with_slow: bool = True) -> dict[str, Answer]:
    """Plays what the server has; returns the answers by DAG id, and by file name of files that do not load.

    Args:
        player: Plays on the server.
        dag_ids: Only these DAGs; None for all.
        with_slow: Whether to play the slow ones as well.
    """
    names = file_names()
    files = {dag_id: file for dag_id, file in player.dags().items() if file in names}
    played = [
        dag_id
        for dag_id in files
        if (dag_id in dag_ids if dag_ids else with_slow or not case_of(dag_id).slow) and not case_of(dag_id).left_out
    ]
    answers = player.play(played)
    for dag_id, answer in answers.items():
        answer["file"] = files[dag_id]
    left = {dag_id: {"dag_id": dag_id, "file": file} for dag_id, file in files.items() if dag_id not in answers}
    errors = {file: {"file": file, "error": error} for file, error in player.import_errors().items() if file in names}
    empty = {file: {"file": file, "has_no_dag": True} for file in names - set(files.values()) - set(errors)}
    return answers | left | errors | empty


def read() -> dict[str, Answer]:
    """Returns Airflow's answers by DAG id, and by file name of files that do not load."""
    lines = [json.loads(line) for line in FILE.read_text().splitlines()]
    return {line.get("dag_id", line["file"]): line for line in lines}


def write(answers: dict[str, Answer]) -> None:
    """Writes the answers."""

    def line(answer: dict[str, Any]) -> str:
        return json.dumps(answer, separators=(",", ":"), sort_keys=True, ensure_ascii=False) + "\n"

    FILE.write_text("".join(line(answers[name]) for name in sorted(answers)))
