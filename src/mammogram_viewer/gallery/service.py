"""The image list: keyset pages for everybody, and the older offset mode for small tools."""

from __future__ import annotations

from typing import Any

import asyncpg

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.archive.models import Image, image_from
from mammogram_viewer.archive.selections import FIND_IMAGES, SELECT_IMAGE, SHOW_FOUND_IMAGES
from mammogram_viewer.archive.service import hide_foreign_conflict
from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.foundation.keyset import Page, PageRequest, page_query, read_page
from mammogram_viewer.gallery.filters import ImageFilters, conditions_for

_LOOKUP = "SELECT created_at FROM images WHERE id = $1"
MAX_OFFSET_PAGE = 10_000


async def page_after(
    db: asyncpg.Pool, request: PageRequest, filters: ImageFilters, principal: Principal
) -> Page[Image]:
    """One page, newest first, of what the caller may see."""
    async with db.acquire() as connection:
        page: Page[Any] = await read_page(
            connection,  # pyright: ignore[reportArgumentType] - asyncpg's proxy has fetch and fetchval
            base=FIND_IMAGES,
            around=SHOW_FOUND_IMAGES,
            conditions=conditions_for(filters, principal),
            request=request,
            lookup=_LOOKUP,
            created_at="i.created_at",
            id_column="i.id",
        )
    return Page(
        rows=await _shown(db, page.rows, principal),
        next_cursor=page.next_cursor,
        prev_cursor=page.prev_cursor,
        has_more=page.has_more,
        limit=page.limit,
    )


async def numbered_page(
    db: asyncpg.Pool, number: int, limit: int, filters: ImageFilters, principal: Principal
) -> tuple[list[Image], int]:
    """Page `number` (from 1) and the total. Slow by nature on large archives: it counts and skips."""
    if not 1 <= number <= MAX_OFFSET_PAGE:
        raise Invalid(f"page must lie between 1 and {MAX_OFFSET_PAGE}; use the cursor beyond.", code="invalid_page")
    conditions = conditions_for(filters, principal)
    query = page_query(SELECT_IMAGE, conditions, PageRequest(limit=limit), created_at="i.created_at", id_column="i.id")
    offset = (number - 1) * limit
    rows = await db.fetch(f"{query.sql} OFFSET ${len(query.values) + 1}", *query.values, offset)
    where = query.sql.removeprefix(SELECT_IMAGE).split(" ORDER BY ")[0]
    total = await db.fetchval(
        f"SELECT count(*) FROM images i{where}",
        *query.values,
    )
    return await _shown(db, rows[:limit], principal), total


async def _shown(db: asyncpg.Pool, rows: list[Any], principal: Principal) -> list[Image]:
    """The images as this caller may know them."""
    images = [image_from(row) for row in rows]
    if principal.sees_every_image:
        return images
    return [image if image.conflicts_with is None else await hide_foreign_conflict(db, image) for image in images]
