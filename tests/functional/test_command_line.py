"""The commands, as people type them."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess

import pytest
from support import BIN, Lite, free_port


def make_home(tmp_path) -> Lite:
    """Returns an install that is not set up."""
    lite = Lite(home=tmp_path / "home", dags=tmp_path / "dags")
    lite.home.mkdir()
    lite.dags.mkdir()
    return lite


def test_setup_changes_nothing_the_second_time(tmp_path):
    lite = make_home(tmp_path)
    assert "would make keys" in lite.command("setup", "--dry-run").stdout
    assert not (lite.home / "config.yaml").exists()
    lite.set_up()
    before = (lite.home / "config.yaml").read_text()
    lite.set_up()
    assert (lite.home / "config.yaml").read_text() == before


def test_a_taken_port_is_named_with_the_way_out(tmp_path):
    lite = make_home(tmp_path)
    lite.set_up()
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + 1011))
        taken.listen()
        result = lite.command("lite", str(lite.dags), "--port", str(port), check=False)
    assert result.returncode != 0
    assert str(port + 1011) in result.stderr


def test_a_database_from_a_newer_binary_is_refused(tmp_path):
    lite = make_home(tmp_path)
    lite.set_up()
    lite.command("db", "migrate")
    assert lite.command("db", "check").returncode == 0
    with sqlite3.connect(lite.home / "dev/leoflow_dev.db") as database:
        database.execute("INSERT INTO schema_migration (version, name, dirty) VALUES (999, 'future', 0)")
    for command in (("db", "check"), ("db", "migrate"), ("lite", str(lite.dags), "--port", str(free_port()))):
        result = lite.command(*command, check=False)
        assert result.returncode == 4, result
        assert "999" in result.stderr and "newer" in result.stderr
    lite.command("db", "reset", "--yes")
    assert lite.command("db", "check").returncode == 0


def test_reset_asks_first(tmp_path):
    lite = make_home(tmp_path)
    lite.set_up()
    lite.command("db", "migrate")
    result = lite.command("db", "reset", check=False)
    assert result.returncode == 1
    assert "nothing was changed" in result.stderr


def test_a_second_server_in_one_home_is_refused(make_lite):
    lite = make_lite()
    result = lite.command("lite", str(lite.dags), "--port", str(free_port()), check=False)
    assert result.returncode == 4
    assert "LEOFLOW_HOME" in result.stderr


def test_version_speaks_to_machines(tmp_path):
    versions = json.loads(make_home(tmp_path).command("version", "-o", "json").stdout)
    assert versions["apache-airflow-core"] == "3.3.2"


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (["/nowhere"], {}, "'/nowhere' is not a folder"),
        ([], {"AIRFLOW__CORE__PARALLELISM": "many"}, "AIRFLOW__CORE__PARALLELISM=many"),
        ([], {"AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": "{"}, "dag_bundle_config_list: not JSON"),
        (["--slots", "0"], {}, "--slots"),
    ],
)
def test_lite_refuses_what_makes_no_sense_before_it_sets_anything_up(tmp_path, arguments, settings, said):
    home = tmp_path / "home"
    environment = os.environ | {"LEOFLOW_HOME": str(home)} | settings
    refused = subprocess.run([BIN / "leoflow", "lite", *arguments], env=environment, capture_output=True, text=True, timeout=60)
    assert refused.returncode in (2, 3)
    assert said in refused.stderr
    assert not home.exists()
