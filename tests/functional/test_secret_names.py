"""What counts as a secret by its name is what does in Airflow."""

from __future__ import annotations

import json
import subprocess

from support import PYTHON

_LIST = """
import json
from airflow._shared.secrets_masker.secrets_masker import DEFAULT_SENSITIVE_FIELDS
print(json.dumps(sorted(DEFAULT_SENSITIVE_FIELDS)))
"""


def test_variables_with_the_names_of_airflows_secrets_are_masked(make_lite):
    listed = subprocess.run([str(PYTHON), "-c", _LIST], check=True, capture_output=True, text=True)
    lite = make_lite()
    for word in json.loads(listed.stdout):
        key = f"my-{word}-1"
        made = lite.request("POST", "/api/v2/variables", {"key": key, "value": "s3cret", "description": word})
        assert made.status == 201, made
        assert lite.get(f"/api/v2/variables/{key}")["value"] == "***", key
    assert lite.request("POST", "/api/v2/variables", {"key": "plain", "value": "shown"}).status == 201
    assert lite.get("/api/v2/variables/plain")["value"] == "shown"
