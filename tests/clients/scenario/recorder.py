"""Keeps what each call was answered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

from airflow_client.client import ApiClient
from airflow_client.client.exceptions import ApiException
from airflow_client.client.rest import RESTResponse

Answered = dict[str, Any]
T = TypeVar("T")


class RecordedClient(ApiClient):
    """A client that remembers the last answer as it came."""

    last: RESTResponse

    def response_deserialize(self, response_data: RESTResponse, *args: Any, **kwargs: Any) -> Any:
        """Makes an answer the client's model, as ever."""
        self.last = response_data
        return super().response_deserialize(response_data, *args, **kwargs)


class Recorder:
    """The answers so far by the name of what was called; `NAME #2` is a second call of the same."""

    def __init__(self, client: RecordedClient) -> None:
        """Takes the client that calls."""
        self.answers: dict[str, Answered] = {}
        self.client = client

    def of(self, api: type) -> Any:
        """Returns an API of the client: its operations are called as ever, and what they are answered is kept."""
        return _Recorded(self, api)

    def keep(self, name: str, answer: Answered) -> None:
        """Keeps one answer."""
        times = sum(known.startswith(f"{name} #") for known in self.answers)
        self.answers[f"{name} #{times + 1}"] = answer


class _Recorded:
    def __init__(self, recorder: Recorder, api: type) -> None:
        self._recorder = recorder
        self._api = api(recorder.client)

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        call = getattr(self._api, operation)

        def recorded(*args: Any, **kwargs: Any) -> Any:
            """Returns the model of the answer; none if the server refused or the client cannot read the answer."""
            model, unreadable = None, ""
            try:
                model = call(*args, **kwargs)
            except ApiException as error:
                unreadable = "" if error.status else str(error)
            except ValueError as error:
                unreadable = str(error)
            answer = _kept(self._recorder.client.last) | ({"unreadable": unreadable} if unreadable else {})
            self._recorder.keep(f"{type(self._api).__name__}.{operation}", answer)
            return model

        return recorded


def _kept(answer: RESTResponse) -> Answered:
    kind = (answer.headers.get("content-type") or "").partition(";")[0]
    text = answer.data.decode()
    is_json = kind.endswith("/json") and text  # Airflow calls nothing JSON, too
    return {"status": answer.status, "content": kind, "body": json.loads(text) if is_json else text}


def until(look: Callable[[], T], what: str, seconds: float = 90) -> T:
    """Looks again until the answer is true; returns it.

    Raises:
        AssertionError: it was not within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not (answer := look()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s; last seen: {answer!r}"
        time.sleep(0.1)
    return answer
