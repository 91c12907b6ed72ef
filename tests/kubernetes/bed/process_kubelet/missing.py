"""What a pod needs and does not find yet."""

from __future__ import annotations


class NotYet(Exception):
    """Something is missing. It may come, so it is waited for.

    Attributes:
        reason: The word for it in the status of a container that waits.
    """

    def __init__(self, message: str, reason: str = "CreateContainerConfigError") -> None:
        """Takes what is missing."""
        super().__init__(message)
        self.reason = reason
