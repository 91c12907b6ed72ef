"""Where answers are known to differ, and why. One that matches nothing any more fails the comparison."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """A difference that is meant.

    Attributes:
        operation: The path of the operation as the description has it; `*` is any text.
        place: Where in the answer, without indexes; `*` is any text.
        why: The reason.
        question: What was asked; `*` is any text.
    """

    operation: str
    place: str
    why: str
    question: str = "*"

    def covers(self, operation: str, question: str, place: str) -> bool:
        """Tells whether this is the reason of a difference."""
        pairs = ((operation, self.operation), (place, self.place), (question, self.question))
        return all(fnmatch.fnmatchcase(text.replace("[", "("), pattern.replace("[", "(")) for text, pattern in pairs)


KNOWN: tuple[Known, ...] = ()
