"""The downward API: what a container may learn of its own pod."""

from __future__ import annotations

import re

from ..api import Object
from .missing import NotYet

_OF_STATUS = {"status.podIP": "address", "status.podIPs": "address", "status.hostIP": "host", "status.hostIPs": "host"}


def field(manifest: Object, address: str, path: str) -> str:
    """Returns a field of a pod.

    Args:
        manifest: The pod.
        address: Its address, which its manifest does not tell yet.
        path: Such as `metadata.name` or `metadata.labels['app']`.

    Raises:
        NotYet: there is no such field, so the container waits for ever, as it would for the real one.
    """
    one = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if one:
        return manifest["metadata"].get(one[1], {}).get(one[2], "")
    if path in ("metadata.labels", "metadata.annotations"):
        values = manifest["metadata"].get(path.removeprefix("metadata."), {})
        return "\n".join(f'{key}="{value}"' for key, value in sorted(values.items()))
    if path in _OF_STATUS:
        return {"address": address, "host": "127.0.0.1"}[_OF_STATUS[path]]
    value = manifest
    for part in path.split("."):
        if part not in value:
            raise NotYet(f"field {path} is not supported")
        value = value[part]
    return str(value)
