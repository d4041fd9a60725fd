"""Originals by type of file: what is there now."""

from __future__ import annotations

from datetime import datetime

from asyncpg import Pool

from mammogram_viewer.analytics import queries_images as queries
from mammogram_viewer.analytics.schemas import FileTypeStatistics, ImageStatistics, ImageStatisticsTotal
from mammogram_viewer.archive.models import FILE_TYPES


async def read_file_types(db: Pool) -> tuple[list[FileTypeStatistics], datetime]:
    """All four types in their fixed order, and when that was so. The caller has folded."""
    rows = await queries.fetch_file_types(db)
    found = {row["file_type"]: row for row in rows}
    computed_at = rows[0]["computed_at"]
    return [
        FileTypeStatistics(
            file_type=file_type,
            images=(row := found[file_type])["images"],
            total_bytes=row["bytes"],
            average_bytes=_average(row["bytes"], row["images"]),
            min_bytes=row["least"],
            max_bytes=row["most"],
        )
        for file_type in FILE_TYPES
    ], computed_at


def image_statistics(types: list[FileTypeStatistics], computed_at: datetime) -> ImageStatistics:
    images, total = sum(one.images for one in types), sum(one.total_bytes for one in types)
    return ImageStatistics(
        file_types=types,
        total=ImageStatisticsTotal(
            images=images,
            total_bytes=total,
            average_bytes=_average(total, images),
            min_bytes=min((one.min_bytes for one in types if one.min_bytes is not None), default=None),
            max_bytes=max((one.max_bytes for one in types if one.max_bytes is not None), default=None),
        ),
        computed_at=computed_at,
    )


def _average(total: int, count: int) -> int | None:
    """To whole bytes, halves up."""
    return (2 * total + count) // (2 * count) if count else None
