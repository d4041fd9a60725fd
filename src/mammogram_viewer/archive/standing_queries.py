"""SQL of questions about many images. Typed calls, no logic."""

from __future__ import annotations

import asyncpg

from mammogram_viewer.archive.queries import Database


async def list_standing(db: Database, image_ids: list[int]) -> list[asyncpg.Record]:
    """id, user_id and status of those that are there."""
    return await db.fetch("SELECT id, user_id, status FROM images WHERE id = ANY($1::bigint[])", image_ids)
