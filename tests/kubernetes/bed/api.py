"""A small client of the Kubernetes API."""

from __future__ import annotations

import json
import pathlib
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

from .kubeconfig import Access

Object = dict[str, Any]


class Refused(Exception):
    """The API server said no.

    Attributes:
        status: The HTTP status.
        reason: Kubernetes' word for it, such as `NotFound`.
    """

    def __init__(self, status: int, body: bytes) -> None:
        """Takes the answer."""
        try:
            said = json.loads(body)
        except ValueError:
            said = {"message": body.decode(errors="replace")}
        super().__init__(f"{status}: {said.get('message')}")
        self.status, self.reason = status, said.get("reason", "")


class Api:
    """Talks to one API server; an answer that does not come at all is an `OSError`."""

    def __init__(self, kubeconfig: pathlib.Path) -> None:
        """Reads where the server is and who asks."""
        self.access = Access.read(kubeconfig)
        self._tls = ssl.create_default_context(cadata=self.access.authority)

    def get(self, path: str, **query: Any) -> Object:
        """Returns an object or a list."""
        return json.loads(self._read("GET", path, query))

    def text(self, path: str, **query: Any) -> str:
        """Returns an answer that is a text, such as the log of a pod."""
        return self._read("GET", path, query).decode(errors="replace")

    def create(self, path: str, body: Object) -> Object:
        """Creates an object in the list at `path`."""
        return json.loads(self._read("POST", path, {}, body))

    def patch(self, path: str, change: Object) -> Object:
        """Merges a change into an object."""
        return json.loads(self._read("PATCH", path, {}, change, "application/merge-patch+json"))

    def delete(self, path: str, options: Object | None = None) -> None:
        """Deletes an object, or asks for it."""
        self._read("DELETE", path, {}, options)

    def lines(self, path: str, **query: Any) -> Iterator[str]:
        """Yields the lines of an answer as they come, such as those of a log that is followed."""
        with self._open("GET", path, query, timeout=query.get("timeoutSeconds", 300) + 20) as stream:
            for line in stream:
                yield line.decode(errors="replace")

    def watch(self, path: str, **query: Any) -> Iterator[tuple[str, Object]]:
        """Yields what happens to the objects of a list, as (ADDED, MODIFIED or DELETED; the object)."""
        for line in self.lines(path, **query, watch="1"):
            event = json.loads(line)
            if event["type"] == "ERROR":
                raise Refused(event["object"]["code"], json.dumps(event["object"]).encode())
            yield event["type"], event["object"]

    def _read(self, *arguments: Any) -> bytes:
        with self._open(*arguments) as answer:
            return answer.read()

    def _open(
        self,
        method: str,
        path: str,
        query: dict[str, Any],
        body: Object | None = None,
        kind: str = "application/json",
        timeout: float = 30,
    ) -> Any:
        url = f"{self.access.server}{path}{'?' if query else ''}{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(url, method=method)
        request.add_header("Authorization", f"Bearer {self.access.token}")
        if body is not None:
            request.add_header("Content-Type", kind)
            request.data = json.dumps(body).encode()
        try:
            return urllib.request.urlopen(request, context=self._tls, timeout=timeout)
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, error.read()) from None
