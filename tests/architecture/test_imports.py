"""The bands hold, and the check has really looked at every module."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

from architecture.documents import PACKAGE, ROOT


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("mammogram_viewer", cache_dir=None)


def test_every_contract_of_the_bands_is_kept():
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert program is not None, "lint-imports is not installed: make test"
    checked = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    assert f"{len(contracts)} kept, 0 broken" in checked.stdout


def test_the_check_sees_every_module(graph: grimp.ImportGraph):
    # A folder without __init__.py would not be looked at, and nobody would notice.
    assert graph.modules == {_module_of(file) for file in PACKAGE.rglob("*.py")}


def _module_of(file: Path) -> str:
    path = file.relative_to(PACKAGE.parent).with_suffix("")
    return ".".join(path.parts[:-1] if path.name == "__init__" else path.parts)


def test_queries_are_imported_only_inside_their_own_folder(graph: grimp.ImportGraph):
    queries = sorted(module for module in graph.modules if module.endswith(".queries"))
    assert len(queries) >= 4
    importers = {module: graph.find_modules_that_directly_import(module) for module in queries}
    assert all(importers.values()), "nobody imports it: is the graph whole?"
    foreign = {
        (importer, module)
        for module in queries
        for importer in importers[module]
        if not importer.startswith(module.removesuffix("queries"))
    }
    assert foreign == set()


def test_only_the_archive_writes_its_tables():
    tables = "patients|studies|series|images|renditions|storage_removals"

    writing = re.compile(rf"\b(INSERT INTO|UPDATE|DELETE FROM)\s+({tables})\b")
    writers = {
        file.relative_to(PACKAGE).parts[0]
        for file in PACKAGE.rglob("*.py")
        if writing.search(file.read_text(encoding="utf-8"))
    }
    assert writers == {"archive"}
