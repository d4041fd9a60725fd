"""The documents speak of what is there: files, functions, commands, settings, crash points."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import typer.main

from architecture.documents import (
    DOCUMENTS,
    ROOT,
    function_spans,
    make_targets,
    names_in,
    path_spans,
    resolve,
    spans,
    text_of,
)
from mammogram_viewer.cli import main as shell
from mammogram_viewer.foundation.crash_points import CRASH_POINTS
from mammogram_viewer.foundation.settings import Settings, environment_name

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def test_the_documents_are_found():
    names = {path.name for path in DOCUMENTS}
    assert {"ARCHITECTURE.md", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"} <= names
    assert len(path_spans(ROOT / "ARCHITECTURE.md")) > 20
    assert len(function_spans(ROOT / "ARCHITECTURE.md")) > 40


@each_document
def test_every_path_in_a_document_exists(document: Path):
    assert [path for path in sorted(path_spans(document)) if resolve(path) is None] == []


@each_document
def test_every_function_in_a_document_exists(document: Path):
    missing = []
    for path, name in sorted(function_spans(document)):
        file = resolve(path)
        if file is None or not file.is_file() or name not in names_in(file):
            missing.append(f"{path}::{name}")
    assert missing == []


@each_document
def test_every_link_in_a_document_leads_somewhere(document: Path):
    links = re.findall(r"(!?)\[[^\]\n]*\]\(([^)\s]+)\)", text_of(document))
    # Pictures are made from the running product; all else is text that must be there.
    targets = [target.partition("#")[0] for mark, target in links if not mark and "://" not in target]
    assert [target for target in targets if target and not (document.parent / target).exists()] == []


@each_document
def test_every_make_target_in_a_document_exists(document: Path):
    named = {span.split()[1] for span in spans(document) if re.fullmatch(r"make [a-z-]+", span)}
    assert named <= make_targets()


def test_settings_are_documented_as_they_are():
    checked = subprocess.run(
        [sys.executable, ROOT / "scripts/document_settings.py", "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    page = text_of(ROOT / "docs/settings.md")
    settings = dataclasses.fields(Settings)
    assert len(settings) > 40
    assert [field.name for field in settings if f"| `{environment_name(field)}` |" not in page] == []


def test_every_setting_that_a_document_names_exists():
    known = {environment_name(field) for field in dataclasses.fields(Settings)}
    named = {name for path in DOCUMENTS for name in re.findall(r"\bMAMMOGRAM_VIEWER_[A-Z0-9_]*[A-Z0-9]", text_of(path))}
    assert {name for name in named - known if not name.startswith("MAMMOGRAM_VIEWER_TEST_")} == set()


def test_every_crash_point_is_in_the_architecture():
    text = text_of(ROOT / "ARCHITECTURE.md")
    assert [point for point in CRASH_POINTS if f"`{point}`" not in text] == []


def test_every_command_is_in_the_readme(monkeypatch: pytest.MonkeyPatch):
    # The further commands are added to lists of the module; these copies go when the test ends.
    monkeypatch.setattr(shell.app, "registered_commands", list(shell.app.registered_commands))
    monkeypatch.setattr(shell.app, "registered_groups", list(shell.app.registered_groups))
    shell._offer_further_commands([])
    root = typer.main.get_command(shell.app)
    named = set(spans(ROOT / "README.md"))
    commands = [name for name in _leaves(root) if name != "dev"]  # `make dev`, in a checkout only
    assert len(commands) > 10
    assert [name for name in commands if name not in named] == []


def _leaves(command: click.Command, words: tuple[str, ...] = ()) -> list[str]:
    """`serve`, `user add`, …: what can be typed behind the program's name."""
    below = getattr(command, "commands", None)
    if below is None:
        return [" ".join(words)]
    return [leaf for name, part in below.items() for leaf in _leaves(part, (*words, name))]


def test_every_folder_of_the_package_is_on_the_map():
    text = text_of(ROOT / "ARCHITECTURE.md")
    folders = [path.parent.name for path in (ROOT / "src/mammogram_viewer").glob("*/__init__.py")]
    assert len(folders) > 10
    assert [name for name in folders if not re.search(rf"^\| \d+ \| `{name}/` \|", text, re.MULTILINE)] == []


def test_decisions_are_numbered_without_gaps_and_have_their_three_parts():
    files = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        text = text_of(file)
        assert text.startswith(f"# {int(file.name[:4])}. "), file.name
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequences")), file.name
        assert text.count("\n") < 60, f"{file.name} is longer than a page"
