"""Hello, Leoflow: a small pipeline that shows most of what a first DAG needs."""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Param, dag, task


@dag(
    dag_id="hello",
    description="Greets somebody, three times over",
    schedule="0 6 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    tags=["example"],
    params={"name": Param("world", type="string", description="Who is greeted")},
    default_args={"retries": 1, "retry_delay": timedelta(seconds=5)},
)
def hello():
    """Greets somebody.

    Press **Trigger**, change the name if you like, and watch the tasks go green.
    """

    @task
    def choose(params: dict | None = None) -> str:
        name = (params or {}).get("name", "world")
        print(f"today we greet {name}")
        return name

    @task
    def greet(name: str) -> str:
        greeting = f"Hello, {name}!"
        print(greeting)
        return greeting

    @task
    def count(greeting: str) -> int:
        print(f"{greeting!r} has {len(greeting)} characters")
        return len(greeting)

    shout = BashOperator(
        task_id="shout",
        bash_command="echo '{{ ti.xcom_pull(task_ids=\"greet\") | upper }}'",
    )
    done = EmptyOperator(task_id="done")

    greeting = greet(choose())
    greeting >> shout
    [count(greeting), shout] >> done


hello()
