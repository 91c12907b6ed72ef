"""Writes and reads kubeconfigs with one server, its certificate authority and a token."""

from __future__ import annotations

import base64
import json
import pathlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Access:
    """What it takes to talk to an API server.

    Attributes:
        server: The URL.
        authority: The certificate of the authority that the server's is signed by, in PEM.
        token: Who asks.
    """

    server: str
    authority: str
    token: str

    def write(self, file: pathlib.Path) -> None:
        """Writes a kubeconfig, in JSON, which is YAML as well."""
        authority = base64.b64encode(self.authority.encode()).decode()
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "bed",
            "clusters": [{"name": "bed", "cluster": {"server": self.server, "certificate-authority-data": authority}}],
            "users": [{"name": "bed", "user": {"token": self.token}}],
            "contexts": [{"name": "bed", "context": {"cluster": "bed", "user": "bed"}}],
        }
        file.touch(mode=0o600)
        file.write_text(json.dumps(config, indent=1))

    @classmethod
    def read(cls, file: pathlib.Path) -> Access:
        """Reads what `write` wrote."""
        config = json.loads(file.read_text())
        cluster = config["clusters"][0]["cluster"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        return cls(cluster["server"], authority, config["users"][0]["user"]["token"])
