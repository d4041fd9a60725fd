"""Whether storage and database belong together. Both carry the same random id: the database from its migration on,
storage under the key `installation` from the first sweep on.

**Invariant:** nothing is ever tidied away in storage whose id is not the database's. A worker that was started on a
new, another or a restored database would otherwise take the whole archive for orphans."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Literal

import asyncpg

from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive import queries
from mammogram_viewer.foundation.errors import NotFound

STORAGE_KEY = "installation"
_SAMPLE = 500
Belonging = Literal["same", "other", "unknown"]


async def compare_installation(db: asyncpg.Pool, storage: Storage) -> Belonging:
    """`same`: both carry the same id. `other`: two ids. `unknown`: storage carries none."""
    own = await _database_id(db)
    try:
        found = (await storage.read(STORAGE_KEY)).decode("ascii", "replace").strip()
    except NotFound:
        return "unknown"
    return "same" if found == own else "other"


async def join_installation(db: asyncpg.Pool, storage: Storage, spool_dir: Path) -> bool:
    """Whether they belong together. Storage without an id gets the database's when it holds no original, or when the
    database knows some of its originals (an archive that is older than these ids)."""
    belonging = await compare_installation(db, storage)
    if belonging == "unknown" and await _may_join(db, storage):
        identity = await _database_id(db)
        await storage.adopt([(await asyncio.to_thread(_written, spool_dir, identity), STORAGE_KEY)])
        return True
    return belonging == "same"


async def _database_id(db: asyncpg.Pool) -> str:
    return str(await db.fetchval("SELECT id FROM installation"))


async def _may_join(db: asyncpg.Pool, storage: Storage) -> bool:
    keys = storage.list_keys("originals", older_than_seconds=0)
    sample = await asyncio.to_thread(lambda: list(itertools.islice(keys, _SAMPLE)))
    return not sample or bool(await queries.list_known_keys(db, sample))


def _written(spool_dir: Path, identity: str) -> Path:
    path = spool_dir / f"installation-{identity}"
    path.write_text(identity + "\n", encoding="ascii")
    return path
