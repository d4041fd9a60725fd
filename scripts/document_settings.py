"""Writes docs/settings.md from `foundation/settings.py`: `--write` makes it anew, `--check` (as the tests do) says
whether it is up to date. The sections are the comments between the fields, the sentences are the fields' own."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

from mammogram_viewer.foundation import settings as module
from mammogram_viewer.foundation.settings import MIB, Settings, environment_name

PAGE = Path(__file__).resolve().parents[1] / "docs/settings.md"
FIRST_SECTION = "Where things are"
# Defaults that are made at the start, in words.
MADE = {"data_dir": "`./data` in a checkout; installed, the user's data folder, for root `/var/lib/mammogram-viewer`"}
HEAD = """# Settings

<!-- Made by scripts/document_settings.py from foundation/settings.py. Do not edit; run it with --write. -->

Every setting is an environment variable. It may also stand in a file `.env` in the folder where the program is
started, a `NAME=value` line each; the environment goes first. An empty value means the default. A name that begins
with `MAMMOGRAM_VIEWER_` and is no setting, or a value that cannot be read, ends the start with one line that says so.
`mammogram-viewer doctor` shows what the main ones came to.

Sizes are in bytes, times in the unit that the name ends with; yes and no are `true` and `false`.
"""


def sections() -> Iterator[tuple[str, list[str]]]:
    """Title and field names of each section, in the order of the file."""
    source = inspect.getsource(module)
    lines = source.splitlines()
    fields = {field.name for field in dataclasses.fields(Settings)}
    body = next(n for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name == "Settings").body
    title, names, end = FIRST_SECTION, list[str](), body[0].end_lineno or 0
    for node in body:
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id in fields):
            continue
        between = [line.strip() for line in lines[end : node.lineno - 1] if line.strip().startswith("#")]
        if between and names:
            yield title, names
            names = []
        if between:
            title = between[0].lstrip("# ")
        names.append(node.target.id)
        end = node.end_lineno or end
    yield title, names


def default_text(field: dataclasses.Field[object]) -> str:
    """The default as one would type it, sizes also in MiB."""
    if field.name in MADE:
        return MADE[field.name]
    value = field.default
    if value == "":
        return "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int) and field.name.endswith("_bytes") and value % MIB == 0:
        return f"`{value}` ({value // MIB} MiB)"
    return f"`{value}`"


def page() -> str:
    """The whole of docs/settings.md."""
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    parts = [HEAD]
    for title, names in sections():
        parts.append(f"\n## {title}\n\n| name | default | what it sets |\n|---|---|---|\n")
        for name in names:
            field = fields[name]
            sentence = field.metadata["doc"].replace("|", "\\|")
            parts.append(f"| `{environment_name(field)}` | {default_text(field)} | {sentence} |\n")
    return "".join(parts)


def main(arguments: list[str]) -> int:
    """0 when the page is (now) up to date."""
    if arguments == ["--write"]:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if arguments == ["--check"]:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page():
            return 0
        sys.stderr.write("docs/settings.md is out of date: .venv/bin/python scripts/document_settings.py --write\n")
        return 1
    sys.stderr.write("usage: document_settings.py --check | --write\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
