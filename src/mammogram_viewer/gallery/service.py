"""The image list: keyset pages for everybody, and the older offset mode for small tools."""

from __future__ import annotations

from typing import Any

import asyncpg
from msgspec import structs

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.archive.conflicts import hide_foreign_conflicts
from mammogram_viewer.archive.exams import list_parts
from mammogram_viewer.archive.models import Image, image_from
from mammogram_viewer.archive.selections import FIND_IMAGES, SELECT_IMAGE, SHOW_FOUND_IMAGES
from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.foundation.keyset import MAX_BIGINT, Page, PageRequest, Query, numbered, page_query, where
from mammogram_viewer.foundation.sifting import Sieve, read_filtered_page
from mammogram_viewer.gallery.filters import ImageFilters, conditions_for, selection_for

MAX_OFFSET_PAGE = 10_000


async def page_after(
    db: asyncpg.Pool, request: PageRequest, filters: ImageFilters, principal: Principal
) -> Page[Image]:
    """One page, newest first, of what the caller may see."""
    async with db.acquire() as connection:
        walk, conditions = selection_for(await _with_parts(connection, filters), principal)
        sieve = Sieve(
            base=FIND_IMAGES,
            around=SHOW_FOUND_IMAGES,
            conditions=conditions,
            created_at="i.created_at",
            id_column="i.id",
            walk=walk,
        )
        page = await read_filtered_page(connection, sieve, request, _lookup(principal))
        return page.with_rows(await _shown(connection, page.rows, principal))


async def _with_parts(db: Any, filters: ImageFilters) -> ImageFilters:
    """Of an exam that a person has put together, the images of all its studies."""
    if filters.study_id is None or not 1 <= filters.study_id <= MAX_BIGINT:
        return filters
    parts = await list_parts(db, filters.study_id)
    return structs.replace(filters, study_parts=parts) if len(parts) > 1 else filters


def _lookup(principal: Principal) -> Query:
    """Of images that the caller may see: a cursor in whole seconds must not tell when another's was uploaded."""
    if principal.sees_every_image:
        return Query("SELECT created_at FROM images WHERE id = $1", [])
    return Query("SELECT created_at FROM images WHERE id = $1 AND user_id = $2", [principal.user_id])


async def numbered_page(
    db: asyncpg.Pool, number: int, limit: int, filters: ImageFilters, principal: Principal
) -> tuple[list[Image], int]:
    """Page `number` (from 1) and the total. Slow by nature on large archives: it counts and skips."""
    if not 1 <= number <= MAX_OFFSET_PAGE:
        raise Invalid(f"page must lie between 1 and {MAX_OFFSET_PAGE}; use the cursor beyond.", code="invalid_page")
    filters = await _with_parts(db, filters)
    walk, conditions = selection_for(filters, principal)
    query = page_query(
        SELECT_IMAGE, conditions, PageRequest(limit=limit), created_at="i.created_at", id_column="i.id", walk=walk
    )
    offset = (number - 1) * limit
    rows = await db.fetch(f"{query.sql} OFFSET ${len(query.values) + 1}", *query.values, offset)
    counted: list[Any] = []
    matching = where(numbered(conditions_for(filters, principal), counted))
    total = await db.fetchval(f"SELECT count(*) FROM images i{matching}", *counted)
    return await _shown(db, rows[:limit], principal), total


async def _shown(db: Any, rows: list[Any], principal: Principal) -> list[Image]:
    """The images as this caller may know them."""
    images = [image_from(row) for row in rows]
    return images if principal.sees_every_image else await hide_foreign_conflicts(db, images)
