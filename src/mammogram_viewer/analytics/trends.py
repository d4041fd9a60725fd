"""Uploads a day, beside those of the period before."""

from __future__ import annotations

from asyncpg import Pool

from mammogram_viewer.analytics.ranges import Period
from mammogram_viewer.analytics.schemas import UploadPoint, UploadTrends
from mammogram_viewer.analytics.sums import Sums, read_sums


async def read_upload_trends(db: Pool, period: Period) -> UploadTrends:
    """A point a day, days without uploads as 0, those before anything was recorded as null."""
    sums = await read_sums(db, period)
    return UploadTrends(range=period.wire(), previous=period.wire_previous(), points=_points(sums))


def _points(sums: Sums) -> list[UploadPoint]:
    period = sums.period
    return [
        UploadPoint(
            day=day,
            uploads=period.of_day(n, sums.of(slot, "uploads")),
            bytes=period.of_day(n, sums.of(slot, "bytes_added")),
            partial=period.is_partial(n),
            previous_uploads=_uploads_before(sums, n),
        )
        for n, (day, slot) in enumerate(zip(period.days, period.slots, strict=True))
    ]


def _uploads_before(sums: Sums, day: int) -> int | None:
    """Of the day as far into the period before; null when it lies before everything recorded, or behind the cut."""
    before = sums.period.previous
    if before is None or not sums.period.is_known(before.bounds[day + 1]) or before.bounds[day] > before.until_at:
        return None
    return sums.of(sums.period.previous_slots[day], "uploads")
