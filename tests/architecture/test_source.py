"""Habits that a reader relies on: short files and functions, one place that reads the environment, plain pins."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import pytest

from architecture.documents import PACKAGE, ROOT
from mammogram_viewer.foundation.settings import Settings

MAX_FILE_LINES = 450
MAX_FUNCTION_LINES = 70
_TREES = ("src/mammogram_viewer", "tests", "scripts", "frontend/src")
_PYTHON = [file for tree in _TREES for file in (ROOT / tree).rglob("*.py")]
# Declarations (*.d.ts) are made by tools.
_PAGE = [
    file
    for kind in ("*.ts", "*.tsx")
    for file in (ROOT / "frontend/src").rglob(kind)
    if not file.name.endswith(".d.ts")
]
_ENVIRONMENT = {"environ", "environb", "getenv", "putenv", "unsetenv"}

# Who may touch the environment, and why.
READS_ENVIRONMENT = {
    "cli/main.py": "makes the settings",
    "cli/users.py": "makes the settings",
    "cli/demo.py": "makes the settings",
    "cli/queue.py": "makes the settings",
    "cli/storage.py": "looks for S3's endpoint, and hands AWS_* of .env to obstore",
    "cli/parts.py": "hands the environment on to the parts of `serve`",
    "foundation/settings.py": "finds the user's data folder",
    "foundation/crash_points.py": "a drill chooses where the process ends",
    "adapters/database/embedded.py": "gives PostgreSQL a clean environment: PATH and the like, no PGHOST",
    "adapters/redis/embedded.py": "gives Valkey a clean environment",
    "adapters/nursery.py": "empties the environment of the fork server: credentials live there",
}


def test_the_source_is_found():
    assert len(_PYTHON) > 150
    assert len(_PAGE) > 60


def test_no_file_is_too_long_to_read_through():
    long = {_name(file): _lines(file) for file in (*_PYTHON, *_PAGE) if _lines(file) > MAX_FILE_LINES}
    assert long == {}


def test_no_function_is_longer_than_a_screen():
    long = {}
    for file in _PYTHON:
        for node in ast.walk(_tree(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    long[f"{_name(file)}::{node.name}"] = lines
    assert long == {}


def test_the_environment_is_read_only_where_there_is_a_reason():
    readers = {str(file.relative_to(PACKAGE)) for file in PACKAGE.rglob("*.py") if _touches_environment(_tree(file))}
    assert readers == set(READS_ENVIRONMENT)


def test_every_setting_changes_something():
    source = "\n".join(file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py"))
    names = [field.name for field in dataclasses.fields(Settings)]
    assert [name for name in names if not re.search(rf"(self|settings)\.{name}\b", source)] == []


def _touches_environment(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "os" and node.attr in _ENVIRONMENT:
                return True
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            if any(alias.name in _ENVIRONMENT for alias in node.names):
                return True
        elif isinstance(node, ast.Import) and any(alias.name == "os" and alias.asname for alias in node.names):
            return True  # under another name it would not be seen
    return False


def test_nothing_is_left_for_later():
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b|raise NotImplementedError")
    files = [file for file in (*_PYTHON, *_PAGE) if file != Path(__file__)]
    assert [_name(file) for file in files if marks.search(file.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("lock", ["frontend/package-lock.json", "benchmarks/peers/express/package-lock.json"])
def test_lock_files_of_the_page_name_no_host(lock: str):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert '"integrity"' in text
    assert '"resolved"' not in text


@pytest.mark.parametrize("name", ["runtime.txt", "dev.txt"])
def test_requirements_are_pinned_with_hashes_and_name_no_host(name: str):
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(--(extra-)?index-url|--find-links|--trusted-host|-i\b|-f\b)", text, re.MULTILINE)
    pins = re.findall(r"^[a-zA-Z0-9][\w.\[\]-]*.*$", text, re.MULTILINE)
    assert len(pins) > 30
    assert [pin for pin in pins if "==" not in pin] == []
    assert text.count("--hash=sha256:") >= len(pins)


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def _lines(file: Path) -> int:
    return file.read_text(encoding="utf-8").count("\n")


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))
