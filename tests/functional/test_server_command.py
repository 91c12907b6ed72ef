"""`leoflow server` says what is missing before it touches anything."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest
from support import BIN, ROOT

AIRFLOW = next((ROOT / "build/airflow/lib").glob("python3.*/site-packages/airflow"))
KUBECONFIG = """
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
"""


@pytest.fixture
def settings(tmp_path: pathlib.Path) -> dict[str, str]:
    """Gives settings that are all in order; the database is not there."""
    for name in ("tls.crt", "tls.key"):
        (tmp_path / name).write_text("x")
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    return {
        "LEOFLOW_HOME": str(tmp_path / "home"),
        "LEOFLOW_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/leoflow",
        "LEOFLOW_AUTH_JWT_SECRET": "j" * 32,
        "LEOFLOW_SECRET_KEY": "ab" * 32,
        "LEOFLOW_SERVER_GRPC_TLS_CERT": str(tmp_path / "tls.crt"),
        "LEOFLOW_SERVER_GRPC_TLS_KEY": str(tmp_path / "tls.key"),
        "LEOFLOW_EXECUTOR_KUBECONFIG": str(tmp_path / "kubeconfig"),
        "LEOFLOW_AIRFLOW_FOLDER": str(AIRFLOW),
        "LEOFLOW_LOGS_DIR": str(tmp_path / "logs"),
    }


def start(settings: dict[str, str]) -> tuple[int, str]:
    """Returns the exit code of the command and what it says."""
    ended = subprocess.run(
        [str(BIN / "leoflow"), "server"], env=os.environ | settings, capture_output=True, text=True, timeout=60
    )
    return ended.returncode, ended.stderr


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"LEOFLOW_DATABASE_URL": "sqlite:////tmp/x.db"}, 2, "must be a postgresql:// URL"),
        ({"LEOFLOW_AUTH_JWT_SECRET": ""}, 2, "LEOFLOW_AUTH_JWT_SECRET is not set"),
        ({"LEOFLOW_AUTH_JWT_SECRET": "short"}, 2, "LEOFLOW_AUTH_JWT_SECRET has 5 characters; it must have at least 32"),
        ({"LEOFLOW_SECRET_KEY": ""}, 2, "LEOFLOW_SECRET_KEY is not set"),
        ({"LEOFLOW_SECRET_KEY": "xy" * 32}, 2, "LEOFLOW_SECRET_KEY is not hexadecimal"),
        ({"LEOFLOW_SECRET_KEY": "ab"}, 2, "LEOFLOW_SECRET_KEY has 1 bytes; it must have 32"),
        ({"LEOFLOW_SERVER_HTTP_ADDR": "8080"}, 2, "--http-addr is '8080', not an address"),
        ({"LEOFLOW_SERVER_GRPC_ADDR": "x:99999"}, 2, "--grpc-addr is 'x:99999', not an address"),
        ({"LEOFLOW_SERVER_GRPC_TLS_CERT": ""}, 2, "--grpc-tls-cert is not given: agents are only spoken to over TLS"),
        ({"LEOFLOW_SERVER_GRPC_TLS_KEY": "/nowhere"}, 3, "--grpc-tls-key: '/nowhere' cannot be read"),
        ({"LEOFLOW_EXECUTOR_KUBECONFIG": "/nowhere"}, 3, "the kubeconfig '/nowhere' cannot be read"),
        ({"LEOFLOW_EXECUTOR_KUBECONFIG": ""}, 3, "no Kubernetes: neither a kubeconfig is given nor"),
        ({"LEOFLOW_AIRFLOW_FOLDER": "/nowhere"}, 3, "'/nowhere' has no ui/dist"),
        ({"AIRFLOW__CORE__PARALLELISM": "many"}, 2, "AIRFLOW__CORE__PARALLELISM"),
        (
            {"LEOFLOW_BOOTSTRAP_PASSWORD": "a", "LEOFLOW_BOOTSTRAP_PASSWORD_HASH": "b"},
            2,
            "LEOFLOW_BOOTSTRAP_PASSWORD and LEOFLOW_BOOTSTRAP_PASSWORD_HASH are both set",
        ),
        ({"LEOFLOW_BOOTSTRAP_PASSWORD_HASH": "$2b$12$abc"}, 2, "LEOFLOW_BOOTSTRAP_PASSWORD_HASH is no hash of argon2id"),
        ({"LEOFLOW_INSTANCE": "a b"}, 2, "LEOFLOW_INSTANCE) is 'a b', which no label of a pod can be"),
        (
            {"LEOFLOW_EXECUTOR_AGENT_CONTROL_PLANE_ADDR": "a:9091,b"},
            2,
            "--control-plane-addr is 'b', not an address such as 0.0.0.0:8080",
        ),
        ({"LEOFLOW_EXECUTOR_WARM_MAX_IDLE": "3"}, 2, "--warm-max-idle requires --warm-pods"),
        ({"LEOFLOW_CONFIG": "/etc/leoflow.yaml"}, 2, "LEOFLOW_CONFIG is set, but no file is read"),
        ({}, 6, "127.0.0.1"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else None,
)
def test_what_is_wrong_is_named(settings, change, code, said):
    ended = start(settings | change)
    assert said in ended[1]
    assert ended[0] == code
    for secret in (settings["LEOFLOW_AUTH_JWT_SECRET"], settings["LEOFLOW_SECRET_KEY"]):
        assert secret not in ended[1]
