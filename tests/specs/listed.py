"""What fails in Airflow and in Leoflow, and why Airflow does. One that one of both does not fail makes `run` fail."""

from __future__ import annotations

from dataclasses import dataclass

from probing import Failure


@dataclass(frozen=True)
class Listed:
    """A failure that Airflow has, too.

    Attributes:
        check: The check.
        said: The status of the answer, and what is wrong with it.
        why: The reason.
        operations: Where it is seen every time; method and path, as the description has them.
        by_chance: Where only what is asked at random shows it, and so not every time.
    """

    check: str
    said: str
    why: str
    operations: tuple[str, ...] = ()
    by_chance: tuple[str, ...] = ()


def reasons(failure: Failure) -> list[Listed]:
    """Returns the entry that lists a failure, if there is one."""
    return [
        entry
        for entry in LISTED
        if (entry.check, entry.said) == (failure.check, failure.said)
        and failure.operation in entry.operations + entry.by_chance
    ]


def expected() -> set[Failure]:
    """Returns what fails every time."""
    return {Failure(operation, entry.check, entry.said) for entry in LISTED for operation in entry.operations}


LISTED: tuple[Listed, ...] = (
    Listed(
        "content_type_conformance",
        "200: The following media types are documented in the schema:",
        "the answer that goes on has no type of its content",
        (
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/wait",
        ),
    ),
    Listed(
        "negative_data_rejection",
        "200: Invalid data should have been rejected",
        "every text is taken for the name of a field",
        by_chance=(
            "PATCH /api/v2/connections/{connection_id}",
            "PATCH /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}",
        ),
    ),
    Listed(
        "negative_data_rejection",
        "200: Invalid data should have been rejected",
        "pydantic takes numbers and texts for dates, switches and other numbers where they can be read as such",
        (
            "POST /api/v2/dags/{dag_id}/clearDagRuns",
            "POST /api/v2/dags/{dag_id}/clearPartitions",
            "POST /api/v2/dags/{dag_id}/dagRuns/list",
            "POST /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list",
        ),
        by_chance=(
            "POST /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/clear",
        ),
    ),
    Listed(
        "negative_data_rejection",
        "200: Invalid data should have been rejected",
        "what stands in an address is a text, numbers too",
        by_chance=(
            "GET /ui/grid/ti_summaries/{dag_id}",
        ),
    ),
    Listed(
        "positive_data_acceptance",
        "400: Valid data should have been accepted",
        "what is described as any text has to be a name, a date, an order or an address that there is",
        (
            "DELETE /api/v2/assets/{asset_id}/queuedEvents",
            "DELETE /api/v2/dags/{dag_id}/assets/queuedEvents",
            "DELETE /api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents",
            "DELETE /api/v2/pools/{pool_name}",
            "GET /api/v2/assets",
            "GET /api/v2/assets/aliases",
            "GET /api/v2/assets/events",
            "GET /api/v2/assets/{asset_id}/queuedEvents",
            "GET /api/v2/auth/login",
            "GET /api/v2/backfills",
            "GET /api/v2/connections",
            "GET /api/v2/dagTags",
            "GET /api/v2/dagWarnings",
            "GET /api/v2/dags",
            "GET /api/v2/dags/{dag_id}/assets/queuedEvents",
            "GET /api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents",
            "GET /api/v2/dags/{dag_id}/dagRuns",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/externalLogUrl/{try_number}",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries",
            "GET /api/v2/dags/{dag_id}/dagVersions",
            "GET /api/v2/dags/{dag_id}/tasks",
            "GET /api/v2/eventLogs",
            "GET /api/v2/importErrors",
            "GET /api/v2/jobs",
            "GET /api/v2/pools",
            "GET /api/v2/variables",
            "GET /ui/backfills",
            "GET /ui/dags",
            "GET /ui/dags/{dag_id}/dagRuns/{dag_run_id}/deadlines",
            "GET /ui/dags/{dag_id}/deadlineAlerts",
            "GET /ui/dashboard/historical_metrics_data",
            "GET /ui/dependencies",
            "GET /ui/grid/structure/{dag_id}",
            "PATCH /api/v2/connections/{connection_id}",
            "PATCH /api/v2/dags",
            "PATCH /api/v2/dags/{dag_id}",
            "PATCH /api/v2/pools/{pool_name}",
            "PATCH /api/v2/variables/{variable_key}",
            "POST /api/v2/dags/{dag_id}/clearDagRuns",
            "POST /api/v2/dags/{dag_id}/dagRuns",
            "POST /api/v2/dags/{dag_id}/dagRuns/list",
            "POST /auth/token",
            "POST /auth/token/cli",
        ),
        by_chance=(
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}",
            "POST /api/v2/assets/{asset_id}/materialize",
            "POST /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list",
        ),
    ),
    Listed(
        "positive_data_acceptance",
        "405: Valid data should have been accepted",
        "the server takes an id with a question mark for the end of the path",
        by_chance=(
            "POST /api/v2/dags/{dag_id}/dagRuns",
        ),
    ),
    Listed(
        "positive_data_acceptance",
        "422: Valid data should have been accepted",
        "schemathesis puts ids that it has been told of where the path may only hold ~",
        by_chance=(
            "POST /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list",
        ),
    ),
    Listed(
        "positive_data_acceptance",
        "422: Valid data should have been accepted",
        "what has to fit together, is one of few texts, or is nothing without teams, is described as if anything went",
        (
            "GET /api/v2/dags",
            "GET /api/v2/dags/{dag_id}/dagRuns",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/listMapped",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails/tries/{try_number}",  # noqa: E501
            "GET /ui/grid/runs/{dag_id}",
            "GET /ui/grid/structure/{dag_id}",
            "PATCH /api/v2/connections",
            "PATCH /api/v2/connections/{connection_id}",
            "PATCH /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskGroupInstances/{group_id}",
            "PATCH /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskGroupInstances/{group_id}/dry_run",
            "PATCH /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances",
            "PATCH /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}",
            "PATCH /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dry_run",
            "PATCH /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store/{key}",
            "PATCH /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}",
            "PATCH /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/dry_run",
            "PATCH /api/v2/pools",
            "PATCH /api/v2/pools/{pool_name}",
            "PATCH /api/v2/variables",
            "PATCH /api/v2/variables/{variable_key}",
            "POST /api/v2/assets/{asset_id}/materialize",
            "POST /api/v2/backfills",
            "POST /api/v2/backfills/dry_run",
            "POST /api/v2/connections",
            "POST /api/v2/connections/enqueue-test",
            "POST /api/v2/connections/test",
            "POST /api/v2/dags/{dag_id}/clearDagRuns",
            "POST /api/v2/dags/{dag_id}/clearPartitions",
            "POST /api/v2/dags/{dag_id}/dagRuns",
            "POST /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/clear",
            "POST /api/v2/pools",
            "POST /api/v2/variables",
            "POST /auth/token",
            "PUT /api/v2/assets/{asset_id}/state-store/{key}",
            "PUT /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store/{key}",
        ),
    ),
    Listed(
        "response_schema_conformance",
        '200: "bundle_version" is a required property',
        "what is not known is left out, though the description requires it",
        (
            "GET /ui/grid/runs/{dag_id}",
        ),
    ),
    Listed(
        "response_schema_conformance",
        '200: "is_mapped" is a required property',
        "what is not known is left out, though the description requires it",
        (
            "GET /ui/grid/structure/{dag_id}",
        ),
    ),
    Listed(
        "response_schema_conformance",
        '200: "last_expired" is a required property',
        "what is not known is left out, though the description requires it",
        (
            "GET /ui/dags",
        ),
    ),
    Listed(
        "response_schema_conformance",
        '200: "logical_date" is a required property',
        "what is not known is left out, though the description requires it",
        (
            "GET /ui/dags",
        ),
    ),
    Listed(
        "response_schema_conformance",
        "200: The following media types are documented in the schema:",
        "the answer that goes on has no type of its content",
        (
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/wait",
        ),
    ),
    Listed(
        "response_schema_conformance",
        "200: is not valid under any of the schemas listed in the 'anyOf' keyword",
        "what is not known is left out, though the description requires it",
        (
            "GET /ui/grid/structure/{dag_id}",
        ),
        by_chance=(
            "POST /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/clear",
        ),
    ),
    Listed(
        "response_schema_conformance",
        "307: Response must be valid JSON with 'Content-Type: application/json' header:",
        "the way to another page has no body, though one is described",
        (
            "GET /api/v2/auth/login",
            "GET /api/v2/auth/logout",
        ),
    ),
    Listed(
        "response_schema_conformance",
        "404: is not valid under any of the schemas listed in the 'anyOf' keyword",
        "why there is nothing is told as an object, and is described as a text",
        (
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dependencies",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/dependencies",
        ),
    ),
    Listed(
        "response_schema_conformance",
        '422: is not of type "array"',
        "what is refused beyond the description is told as a text, not as the list that is described",
        (
            "GET /api/v2/dags",
            "GET /api/v2/dags/{dag_id}/dagRuns",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/listMapped",
            "GET /ui/grid/runs/{dag_id}",
            "GET /ui/grid/structure/{dag_id}",
            "POST /api/v2/backfills",
            "POST /api/v2/backfills/dry_run",
        ),
    ),
    Listed(
        "response_schema_conformance",
        "422: is not valid under any of the schemas listed in the 'anyOf' keyword",
        "the refusal of this operation is described without the list that FastAPI answers with",
        (
            "POST /api/v2/connections/enqueue-test",
        ),
    ),
    Listed(
        "status_code_conformance",
        "204: Received: 204",
        "an answer without a body, described as one with one",
        (
            "DELETE /api/v2/dags/{dag_id}",
        ),
    ),
    Listed(
        "status_code_conformance",
        "400: Received: 400",
        "400 is an answer that is not described",
        (
            "DELETE /api/v2/assets/{asset_id}/queuedEvents",
            "GET /api/v2/assets",
            "GET /api/v2/assets/aliases",
            "GET /api/v2/assets/events",
            "GET /api/v2/assets/{asset_id}/queuedEvents",
            "GET /api/v2/backfills",
            "GET /api/v2/connections",
            "GET /api/v2/dagTags",
            "GET /api/v2/dagWarnings",
            "GET /api/v2/dags",
            "GET /api/v2/dags/{dag_id}/assets/queuedEvents",
            "GET /api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}",
            "GET /api/v2/dags/{dag_id}/dagVersions",
            "GET /api/v2/eventLogs",
            "GET /api/v2/importErrors",
            "GET /api/v2/pools",
            "GET /api/v2/variables",
            "GET /ui/backfills",
            "GET /ui/dags",
            "GET /ui/dags/{dag_id}/deadlineAlerts",
            "POST /api/v2/dags/{dag_id}/dagRuns/list",
        ),
        by_chance=(
            "POST /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list",
        ),
    ),
    Listed(
        "status_code_conformance",
        "403: Received: 403",
        "403 is an answer that is not described",
        (
            "GET /ui/teams",
        ),
    ),
    Listed(
        "status_code_conformance",
        "404: Received: 404",
        "404 is an answer that is not described",
        (
            "GET /ui/pending_partitioned_dag_run/{dag_id}",
        ),
        by_chance=(
            "GET /ui/calendar/{dag_id}",
            "GET /ui/next_run_assets/{dag_id}",
        ),
    ),
    Listed(
        "status_code_conformance",
        "405: Received: 405",
        "an id with a question mark ends the path: the rest of it is another operation",
        by_chance=(
            "POST /api/v2/dags/{dag_id}/dagRuns",
        ),
    ),
    Listed(
        "status_code_conformance",
        "406: Received: 406",
        "406 is an answer that is not described",
        (
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}",
        ),
    ),
    Listed(
        "unsupported_method",
        "422: Unsupported method GET returned 422, expected 405 Method Not Allowed",
        "the last part of the path is taken for a number of a mapped task, or an id, of another operation",
        (
            "PATCH /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dry_run",
            "POST /api/v2/backfills/dry_run",
        ),
    ),
    Listed(
        "unsupported_method",
        "422: Unsupported method PATCH returned 422, expected 405 Method Not Allowed",
        "the last part of the path is taken for a number of a mapped task, or an id, of another operation",
        (
            "DELETE /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dependencies",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/links",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/listMapped",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/tries",
            "GET /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries",
            "POST /api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries",
        ),
    ),
)
