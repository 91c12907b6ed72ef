"""Whatever a DAG file does, it gets a clear import error and the rest goes on."""

from __future__ import annotations

from support import eventually

GOOD = """
from airflow.sdk import DAG, task
with DAG("good"):
    @task
    def hello():
        print("hello")
    hello()
"""

CYCLE = """
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
with DAG("cycle"):
    a, b = EmptyOperator(task_id="a"), EmptyOperator(task_id="b")
    a >> b >> a
"""


def import_errors(lite) -> dict[str, str]:
    """Returns the tracebacks by file name."""
    return {
        error["filename"].rsplit("/", 1)[-1]: error["stack_trace"]
        for error in lite.get("/api/v2/importErrors")["import_errors"]
    }


def test_every_bad_file_is_named_and_the_good_one_runs(make_lite):
    lite = make_lite(
        {
            "good.py": GOOD,
            "syntax.py": "from airflow.sdk import dag\ndef broken(:\n",
            "exits.py": "from airflow.sdk import DAG\nimport sys\nsys.exit('had enough')\n",
            "raises.py": "from airflow.sdk import DAG\nraise RuntimeError('the disk is on fire')\n",
            "missing.py": "from airflow.sdk import DAG\nimport no_such_module\n",
            "cycle.py": CYCLE,
            "first/dag.py": GOOD.replace('"good"', '"twice"'),
            "second/dag.py": GOOD.replace('"good"', '"twice"'),
        }
    )
    (lite.dags / "latin.py").write_bytes(b"from airflow.sdk import DAG\n# gr\xfc\xdfe\n")
    (lite.dags / "locked.py").symlink_to("/proc/self/mem")  # nobody reads that from its begin
    errors = eventually(lambda: (e := import_errors(lite)) and len(e) >= 8 and e, "all import errors are there")
    assert "SyntaxError" in errors["syntax.py"]
    assert "exit" in errors["exits.py"].lower()
    assert "the disk is on fire" in errors["raises.py"]
    assert "no_such_module" in errors["missing.py"]
    assert "ycle" in errors["cycle.py"]
    assert "UTF-8" in errors["latin.py"] or "utf-8" in errors["latin.py"]
    assert "locked.py cannot be read by this user" in errors["locked.py"]
    assert "'twice' is defined in two files" in errors["dag.py"]
    lite.await_run("good", lite.trigger("good"))


def test_a_broken_edit_keeps_the_last_good_version(make_lite):
    lite = make_lite({"good.py": GOOD})
    lite.await_dag("good", 1)
    lite.write_dag("good.py", GOOD + "\nthis is not python\n")
    eventually(lambda: "good.py" in import_errors(lite), "the import error shows")
    assert lite.get("/api/v2/dags/good")["has_import_errors"] is True
    lite.write_dag("good.py", GOOD)
    eventually(lambda: not import_errors(lite), "the import error goes away")
    lite.await_run("good", lite.trigger("good"))


def test_an_endless_file_is_cut_off_and_others_are_parsed_meanwhile(make_lite):
    lite = make_lite({"endless.py": "from airflow.sdk import DAG\nwhile True: pass\n", "good.py": GOOD})
    lite.await_dag("good", 1, seconds=20)
    errors = eventually(lambda: import_errors(lite), "the endless file is cut off", 60)
    assert "30" in errors["endless.py"], errors


def test_a_huge_file_and_ten_thousand_tasks_work(make_lite):
    big = 'from airflow.sdk import DAG, task\nTEXT = "' + "x" * 50_000_000 + '"\n' + GOOD.replace('"good"', '"big"')
    many = (
        "from airflow.sdk import DAG\n"
        "from airflow.providers.standard.operators.empty import EmptyOperator\n"
        'with DAG("many", max_active_tasks=100):\n'
        "    for i in range(10000):\n"
        '        EmptyOperator(task_id=f"t{i}")\n'
    )
    lite = make_lite({"many.py": many, "big.py": big})
    lite.await_dag("many", 10000, seconds=120)
    lite.await_dag("big", 1)
    lite.await_run("many", lite.trigger("many"))
    lite.await_run("big", lite.trigger("big"))


def test_a_deleted_file_makes_its_dag_stale_and_a_new_one_appears(make_lite):
    lite = make_lite({"good.py": GOOD})
    lite.await_dag("good", 1)
    (lite.dags / "good.py").unlink()
    eventually(lambda: lite.get("/api/v2/dags")["total_entries"] == 0, "the DAG leaves the list")
    lite.write_dag("project/dag.py", GOOD.replace('"good"', '"newcomer"'))
    lite.await_dag("newcomer", 1)


def test_a_changed_module_beside_the_dag_counts(make_lite):
    source = """
from airflow.sdk import DAG, task
from helpers import NAMES
with DAG("modular"):
    for name in NAMES:
        @task(task_id=name)
        def work():
            pass
        work()
"""
    lite = make_lite({"modular/helpers.py": 'NAMES = ["a"]\n', "modular/dag.py": source})
    lite.await_dag("modular", 1)
    lite.write_dag("modular/helpers.py", 'NAMES = ["a", "b", "c"]\n')
    lite.await_dag("modular", 3)
    lite.await_run("modular", lite.trigger("modular"))


def test_a_dag_whose_arguments_change_at_each_parse_is_warned_until_it_is_mended(make_lite):
    dag = """
from datetime import datetime
from airflow.sdk import DAG
with DAG("drifts", start_date={start}):
    pass
"""
    lite = make_lite({"drifts.py": dag.format(start="datetime.now()")})

    def warnings() -> list[tuple[str, str]]:
        return [(each["dag_id"], each["warning_type"]) for each in lite.get("/api/v2/dagWarnings")["dag_warnings"]]

    eventually(lambda: warnings() == [("drifts", "runtime varying value")], "the DAG is warned")
    lite.write_dag("drifts.py", dag.format(start="datetime(2026, 1, 1)"))
    eventually(lambda: not warnings(), "nothing is wrong any more")
