"""The page docs/benchmarks.md as its sections: each program renews its own and keeps the others'."""

from __future__ import annotations

import re

from support import ROOT

DOCS = ROOT / "docs/benchmarks.md"
CROWDS = "Crowds"
PODS = "Pods"


def section(page: str, title: str) -> str:
    """Returns a section with its heading, up to the next heading of its level; empty if there is none."""
    found = _pattern(title).search(page)
    return found[0] if found else ""


def with_section(page: str, title: str, text: str) -> str:
    """Returns the page with this text for the section, at its end if it had none; as it was if the text is empty."""
    if not text:
        return page
    text = text.rstrip() + "\n"
    found = _pattern(title).search(page)
    if found is None:
        return page.rstrip() + "\n\n" + text
    rest = page[found.end() :]
    return page[: found.start()] + text + ("\n" + rest if rest else "")


def _pattern(title: str) -> re.Pattern[str]:
    return re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
