"""The examples, as the pinned wheels have them."""

from __future__ import annotations

import pathlib

from support import PYTHON

# Airflow loads the plugins of its examples from where they are; elsewhere they need a file in the plugins folder.
_PLUGINS = """\
from airflow.example_dags.plugins.business_day_window import BusinessDayWindowPlugin
from airflow.example_dags.plugins.custom_partition_mapper import PrefixStripMapperPlugin
from airflow.example_dags.plugins.custom_partition_timetable import ScheduledRuntimePartitionTimetablePlugin
from airflow.example_dags.plugins.decreasing_priority_weight_strategy import DecreasingPriorityWeightStrategyPlugin
from airflow.example_dags.plugins.listener_plugin import MetadataCollectionPlugin
from airflow.example_dags.plugins.workday import WorkdayTimetablePlugin
"""
_SUPPORT = ("plugins", "libs")


def _package() -> pathlib.Path:
    return next((PYTHON.parent.parent / "lib").glob("python3*/site-packages/airflow"))


def example_files() -> dict[str, str]:
    """Returns the contents of all files of the examples, by path in a DAG folder."""
    folders = {"core": _package() / "example_dags", "standard": _package() / "providers/standard/example_dags"}
    return {
        f"{name}/{path.relative_to(folder)}": path.read_text()
        for name, folder in folders.items()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def file_names() -> set[str]:
    """Returns the names of the files that are there to define DAGs."""
    paths = [pathlib.PurePath(path) for path in example_files()]
    return {p.name for p in paths if p.suffix == ".py" and p.stem != "__init__" and p.parts[1] not in _SUPPORT}


def write_plugins(folder: pathlib.Path) -> pathlib.Path:
    """Makes a plugins folder with the plugins of the examples; returns it."""
    folder.mkdir()
    (folder / "of_the_examples.py").write_text(_PLUGINS)
    return folder
