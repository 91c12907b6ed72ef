"""The environment of a container."""

from __future__ import annotations

import re
import urllib.parse
from typing import TYPE_CHECKING

from ..api import Object
from .fields import field
from .missing import NotYet

if TYPE_CHECKING:
    from .pod import Pod


def environment(pod: Pod, container: Object) -> dict[str, str]:
    """Returns the variables that a container's manifest gives it, and where the API server is.

    Raises:
        NotYet: a secret, a config map or a key of one is missing.
    """
    server = urllib.parse.urlsplit(pod.kubelet.api.access.server)
    found = {"KUBERNETES_SERVICE_HOST": str(server.hostname), "KUBERNETES_SERVICE_PORT": str(server.port)}
    for source in container.get("envFrom", []):
        prefix = source.get("prefix", "")
        found |= {prefix + key: value.decode() for key, value in _all_of(pod, source).items()}
    for entry in container.get("env", []):
        value = _value(pod, entry)
        if value is not None:
            found[entry["name"]] = expand(value, found)
    return found


def expand(text: str, values: dict[str, str]) -> str:
    """Puts values in the place of `$(NAME)`, except of names without a value, and `$` in the place of `$$`."""

    def replaced(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else values.get(match[1], match[0])

    return re.sub(r"\$\$|\$\(([^()]*)\)", replaced, text)


def _all_of(pod: Pod, source: Object) -> dict[str, bytes]:
    if "secretRef" in source:
        return pod.sources.secret(source["secretRef"]["name"], source["secretRef"].get("optional", False))
    reference = source["configMapRef"]
    return pod.sources.config_map(reference["name"], reference.get("optional", False))


def _value(pod: Pod, entry: Object) -> str | None:
    """Returns the value of an entry, None if it has none and need not."""
    origin = entry.get("valueFrom", {})
    if "fieldRef" in origin:
        return field(pod.manifest, pod.address, origin["fieldRef"]["fieldPath"])
    for kind, name, look in (
        ("secretKeyRef", "Secret", pod.sources.secret),
        ("configMapKeyRef", "ConfigMap", pod.sources.config_map),
    ):
        if kind in origin:
            reference = origin[kind]
            optional = reference.get("optional", False)
            values = look(reference["name"], optional)
            if reference["key"] in values:
                return values[reference["key"]].decode()
            if optional:
                return None
            raise NotYet(f"couldn't find key {reference['key']} in {name} {pod.namespace}/{reference['name']}")
    if origin:
        raise NotYet(f"{', '.join(origin)} is not simulated")
    return entry.get("value", "")
