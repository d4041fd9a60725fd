"""How long uploads take to become pictures, and why some never do."""

from __future__ import annotations

from asyncpg import Pool

from mammogram_viewer.analytics import queries_work
from mammogram_viewer.analytics.ranges import Period
from mammogram_viewer.analytics.schemas import Processing, ProcessingDay, ProcessingReason
from mammogram_viewer.jobs.models import DECIDES_IMAGE


async def read_processing(db: Pool, period: Period) -> Processing:
    """Jobs by the local day on which they ended."""
    types = sorted(DECIDES_IMAGE)
    rows = await queries_work.fetch_processing(db, period.bounds, types)
    reasons = await queries_work.fetch_reasons(db, period.from_at, period.to_at, types)
    found = {row["slot"]: row for row in rows}
    days = []
    for n, day in enumerate(period.days):
        row = found.get(n + 1)
        median, p95 = (row["seconds"] if row is not None else None) or (None, None)
        days.append(
            ProcessingDay(
                day=day,
                completed=0 if row is None else row["completed"],
                failed=0 if row is None else row["failed"],
                rejected=0 if row is None else row["rejected"],
                median_seconds=median,
                p95_seconds=p95,
            )
        )
    return Processing(
        range=period.wire(),
        days=days,
        reasons=[ProcessingReason(code=row["code"], status=row["status"], count=row["count"]) for row in reasons],
    )
