"""What the application itself, which comes with Airflow, says that it can do."""

from __future__ import annotations

import re

from support import PYTHON


def _read_bundle() -> str:
    folder = next((PYTHON.parent.parent / "lib").glob("python3*/site-packages/airflow/ui/dist/assets"))
    [bundle] = [text for path in folder.glob("index-*.js") if "path:`dags/:dagId`" in (text := path.read_text())]
    return bundle


def _routes(bundle: str) -> set[str]:
    return set(re.findall(r"path:`([\w/:*-]+)`", bundle[bundle.index("path:`plugin/:page/*`") :]))


def _operations(bundle: str) -> dict[str, tuple[str, re.Pattern[str]]]:
    """Returns the changes that something in the application asks for; its client knows more."""
    client = re.findall(r"static (\w+)\([^)]*\)\{return \w+\(\w+,\{method:`(?!GET)(\w+)`,url:`([^`]*)`", bundle)
    used = set(re.findall(r"\w\.(\w+)\(", bundle))
    return {
        name: (method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path))) for name, method, path in client if name in used
    }


def _shortcuts(bundle: str) -> dict[str, str]:
    """Returns shortcuts as playwright presses them; of several keys for one action the first."""
    found = re.findall(r"category:`(\w+)`,descriptionKey:`shortcuts\.descriptions\.(\w+)`,keys:\[?`([^`]+)`", bundle)
    names = {"mod": "Control", "shift": "Shift", "space": "Space"}
    return {
        f"{category}.{name}": "+".join(names.get(key, key) for key in keys.split("+")) for category, name, keys in found
    }


_BUNDLE = _read_bundle()

# The addresses, without those of plugins.
ROUTES = _routes(_BUNDLE)

# Method and form of the path by name.
OPERATIONS = _operations(_BUNDLE)

# Keys by category and name.
SHORTCUTS = _shortcuts(_BUNDLE)
