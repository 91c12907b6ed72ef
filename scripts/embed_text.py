#!/usr/bin/env python3
"""Writes text files into one C++ source, so that the binary carries them.

Usage: embed_text.py OUTPUT NAMESPACE FILE...

The source defines `NAMESPACE::embedded_files()`, sorted by file name.
"""

import pathlib
import sys


def main() -> None:
    output, namespace, *files = sys.argv[1:]
    entries = []
    for path in sorted(map(pathlib.Path, files), key=lambda p: p.name):
        text = path.read_text(encoding="utf-8")
        # Compilers limit one literal to 64 KiB; adjacent ones are joined.
        pieces = [text[i : i + 8000] for i in range(0, len(text), 8000)] or [""]
        literals = "\n".join(f'R"EMBED({piece})EMBED"' for piece in pieces)
        entries.append(f'    {{"{path.name}", {literals}}},')
    body = "\n".join(entries)
    pathlib.Path(output).write_text(
        f"""// Made by scripts/embed_text.py. Do not edit.
#include <span>
#include <string_view>
#include <utility>

namespace {namespace} {{

std::span<const std::pair<std::string_view, std::string_view>> embedded_files() {{
  static constexpr std::pair<std::string_view, std::string_view> kFiles[] = {{
{body}
  }};
  return kFiles;
}}

}}  // namespace {namespace}
""",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
