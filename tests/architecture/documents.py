"""What the documents say about the code, as tests ask for it: paths, functions, `make` targets, links."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src/mammogram_viewer"
# A path in a document begins at one of these.
BASES = (ROOT, PACKAGE, ROOT / "frontend/src")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], key=lambda path: (len(path.parts), path.name))
SUFFIXES = {".py", ".sql", ".md", ".toml", ".ts", ".tsx", ".json", ".txt", ".css", ".sh"}
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)*/?")
_TREES = ("src", "tests", "scripts", "frontend/src", "docs")


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def spans(document: Path) -> list[str]:
    """Everything between backticks, code blocks left out."""
    return re.findall(r"`([^`\n]+)`", _FENCE.sub("", text_of(document)))


def path_spans(document: Path) -> set[str]:
    """Spans that name a file or a folder of this repository; addresses and patterns are none."""
    found = set()
    for span in spans(document):
        is_path = _PATH.fullmatch(span) and (span.endswith("/") or Path(span).suffix in SUFFIXES)
        if is_path:
            found.add(span)
    return found


def function_spans(document: Path) -> set[tuple[str, str]]:
    """`file.py::name` spans, as (file, name)."""
    found = set()
    for span in spans(document):
        path, separator, name = span.partition("::")
        if separator:
            found.add((path, name))
    return found


def resolve(path: str) -> Path | None:
    """The file or folder that a document means; a bare name may stand for any file of that name."""
    for base in BASES:
        if (base / path).exists():
            return base / path
    return None if "/" in path else _files_by_name().get(path)


@cache
def _files_by_name() -> dict[str, Path]:
    return {file.name: file for tree in _TREES for file in (ROOT / tree).rglob("*") if file.is_file()}


@cache
def names_in(file: Path) -> frozenset[str]:
    """Functions, classes and `Class.method`s that a file defines at its top."""
    text = text_of(file)
    if file.suffix != ".py":
        return frozenset(re.findall(r"^export (?:async )?(?:function|class|const) (\w+)", text, re.MULTILINE))
    found = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {f"{node.name}.{method.name}" for method in methods}
    return frozenset(found)


def make_targets() -> set[str]:
    """What `make` can be asked for by name."""
    return set(re.findall(r"^([a-z-]+):.*##", text_of(ROOT / "Makefile"), re.MULTILINE))
