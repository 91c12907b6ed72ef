"""Secrets and config maps, from which environments and volumes are filled."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from ..api import Object, Refused
from .missing import NotYet

if TYPE_CHECKING:
    from .kubelet import Kubelet


class Sources:
    """The secrets and config maps of one namespace."""

    def __init__(self, kubelet: Kubelet, namespace: str) -> None:
        """Takes where to ask."""
        self._kubelet, self._namespace = kubelet, namespace

    def secret(self, name: str, optional: bool = False) -> dict[str, bytes]:
        """Returns the contents of a secret.

        Raises:
            NotYet: there is none, and it is not optional.
        """
        found = self._find("secrets", name, optional)
        return {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}

    def config_map(self, name: str, optional: bool = False) -> dict[str, bytes]:
        """Returns the contents of a config map, as `secret` does."""
        found = self._find("configmaps", name, optional)
        texts = {key: value.encode() for key, value in (found.get("data") or {}).items()}
        return texts | {key: base64.b64decode(value) for key, value in (found.get("binaryData") or {}).items()}

    def _find(self, kind: str, name: str, optional: bool) -> Object:
        self._kubelet.faults.await_online()
        try:
            return self._kubelet.api.get(f"/api/v1/namespaces/{self._namespace}/{kind}/{name}")
        except Refused as error:
            if error.status == 404 and optional:
                return {}
            raise NotYet(f'{kind[:-1]} "{name}" not found' if error.status == 404 else str(error)) from None
        except OSError as error:
            raise NotYet(str(error)) from None
