"""What the controllers think of nodes."""

from __future__ import annotations

from .api import Api, Refused


def is_ready(api: Api, name: str) -> bool:
    """Tells whether pods are scheduled to a node."""
    return condition(api, name) == "True" and not api.get(f"/api/v1/nodes/{name}")["spec"].get("taints")


def condition(api: Api, name: str) -> str:
    """Returns whether a node is ready: True, False, or Unknown when nothing is heard of it."""
    try:
        conditions = api.get(f"/api/v1/nodes/{name}")["status"].get("conditions", [])
    except Refused:
        return "Unknown"
    return next((known["status"] for known in conditions if known["type"] == "Ready"), "Unknown")
