"""What this machine has imported before: digests by path, so that a second run need not read every byte again.

A memory, not the truth: a file is only skipped when the server says that it has its images."""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from mammogram_viewer.cli.import_walk import FoundFile

_MAKE = """CREATE TABLE IF NOT EXISTS files (
    path BLOB PRIMARY KEY, byte_count INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
    images TEXT NOT NULL, refused TEXT NOT NULL)"""


@dataclass(frozen=True)
class Imported:
    """What a file became: SHA-256 of each image, hexadecimal (a ZIP has several); and what inside was refused, as
    pairs of name and reason."""

    images: list[str]
    refused: list[list[str]] = field(default_factory=list)


class ImportState:
    """One file below DATA_DIR; two imports at once may share it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._database = sqlite3.connect(path, timeout=30, isolation_level=None)
        path.chmod(0o600)  # paths may name patients
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(_MAKE)

    def find(self, file: FoundFile) -> Imported | None:
        """What the file became, unless it has changed since."""
        row = self._database.execute(
            "SELECT images, refused FROM files WHERE path = ? AND byte_count = ? AND modified_ns = ?",
            (os.fsencode(file.path), file.byte_count, file.modified_ns),
        ).fetchone()
        return None if row is None else Imported(json.loads(row[0]), json.loads(row[1]))

    def note(self, file: FoundFile, imported: Imported) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)",
            (
                os.fsencode(file.path),
                file.byte_count,
                file.modified_ns,
                json.dumps(imported.images),
                json.dumps(imported.refused),
            ),
        )

    def close(self) -> None:
        self._database.close()
