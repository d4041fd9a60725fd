"""Uploads by modality, side and station, as the headers of the images tell; of images that are still there.

One pass over a range's images, which for a million takes some tenths of a second: an answer is kept for some seconds,
and says when it was made."""

from __future__ import annotations

import time
from datetime import datetime

from asyncpg import Pool, Record

from mammogram_viewer.analytics import queries_work
from mammogram_viewer.analytics.ranges import Period
from mammogram_viewer.analytics.schemas import BreakdownPart, UploadBreakdown

_KEPT_SECONDS = 20.0
_MAX_KEPT = 64
# PostgreSQL's GROUPING(modality, laterality, station): a bit for each that is not told apart.
_BY = {"modality": 0b011, "laterality": 0b101, "station_name": 0b110}
_WHOLE = 0b111


class Breakdowns:
    """The answers of one process."""

    def __init__(self, db: Pool) -> None:
        self._db = db
        self._kept: dict[tuple[datetime, datetime], tuple[float, list[Record]]] = {}

    async def read(self, period: Period) -> UploadBreakdown:
        rows = await self._rows(period.from_at, period.to_at)
        return UploadBreakdown(
            range=period.wire(),
            by_modality=_parts(rows, "modality"),
            by_side=_parts(rows, "laterality"),
            by_station=_parts(rows, "station_name"),
            computed_at=next(row["computed_at"] for row in rows if row["kept"] == _WHOLE),
        )

    async def _rows(self, from_at: datetime, to_at: datetime) -> list[Record]:
        key, now = (from_at, to_at), time.monotonic()
        kept = self._kept.get(key)
        if kept is not None and now - kept[0] < _KEPT_SECONDS:
            return kept[1]
        rows = await queries_work.fetch_breakdown(self._db, from_at, to_at)
        if len(self._kept) >= _MAX_KEPT:
            self._kept.clear()
        self._kept[key] = (now, rows)
        return rows


def _parts(rows: list[Record], by: str) -> list[BreakdownPart]:
    return [
        BreakdownPart(key=row[by], images=row["images"], bytes=row["bytes"]) for row in rows if row["kept"] == _BY[by]
    ]
