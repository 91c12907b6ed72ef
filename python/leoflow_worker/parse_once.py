"""Parses one DAG file with the stock parser, without a server.

A script. Arguments: the DAG file, its bundle's folder, the bundle's name, and
the file to write the DagFileParsingResult to, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    """Parse, write, end."""
    sys.path[0] = str(Path(__file__).parent.parent)
    from leoflow_worker.custom_classes import evaluate_custom_classes

    # Our modules must not hide those of the project.
    sys.path.pop(0)
    file, bundle_path, bundle_name, output = sys.argv[1:]
    del sys.argv[1:]
    bundle = {
        "name": bundle_name,
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": bundle_path},
    }
    with tempfile.TemporaryDirectory(prefix="leoflow-parse-") as home:
        os.environ.update(
            {
                "AIRFLOW_HOME": home,
                "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
                "_AIRFLOW_PROCESS_CONTEXT": "client",
            }
        )
        Path(output).write_text(_parse(file, bundle_path, bundle_name, evaluate_custom_classes))


def _parse(file: str, bundle_path: str, bundle_name: str, adapt: Callable[[Any], None]) -> str:
    import structlog

    from airflow.dag_processing import processor

    request = processor.DagFileParseRequest(
        file=file, bundle_path=Path(bundle_path), bundle_name=bundle_name, callback_requests=[]
    )
    adapt(processor)
    result = processor._parse_file(request, structlog.get_logger(logger_name="task"))
    return result.model_dump_json()


if __name__ == "__main__":
    main()
