"""`migrate`: bring the database to this version, or show where it stands."""

from __future__ import annotations

import asyncio

from mammogram_viewer.adapters.database import migrate as runner
from mammogram_viewer.adapters.database.locate import database_dsn
from mammogram_viewer.foundation.settings import Settings

_MEANING = {
    "applied": "applied",
    "pending": "pending — `mammogram-viewer migrate` applies it",
    "changed": "CHANGED after it was applied — restore the file, or accept it with --mark",
    "unknown": "applied by a newer version of the program",
}


def migrate(settings: Settings, *, show_status: bool, mark: str | None) -> None:
    dsn = database_dsn(settings)
    if show_status:
        for state in asyncio.run(runner.status(dsn)):
            at = f"{state.applied_at:%Y-%m-%d %H:%M:%S}Z" if state.applied_at else " " * 20
            print(f"{at}  {state.name:<32}  {_MEANING[state.state]}")
    elif mark is not None:
        asyncio.run(runner.mark(dsn, mark))
        print(f"{mark.removesuffix('.sql')} is marked as applied.")
    else:
        applied = asyncio.run(runner.apply_migrations(dsn))
        for name in applied:
            print(f"applied {name}")
        if not applied:
            print("Nothing to do: every migration is applied.")
