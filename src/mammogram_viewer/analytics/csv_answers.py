"""Answers of `format=csv`. A panel is a table that is there already; the feed is streamed (`csv_stream.py`).

Whoever takes numbers out of the house is in the audit log, before the first byte leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asyncpg import Pool
from litestar import Response

from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.analytics.csv_queries import AnyConnection
from mammogram_viewer.analytics.csv_tables import CsvTable, file_name
from mammogram_viewer.analytics.schemas import AnalyticsRange
from mammogram_viewer.foundation.errors import Invalid

MEDIA_TYPE = "text/csv"  # in UTF-8, which the answer says beside it


def wants_csv(format_: str | None) -> bool:
    """Invalid `invalid_format` for what is neither json nor csv."""
    if format_ not in (None, "json", "csv"):
        raise Invalid("format must be json or csv.", code="invalid_format")
    return format_ == "csv"


class Output:
    """What a reader wants an answer as: JSON, or one of its panels as CSV. Made from the parameters `format` and
    `panel` of a request."""

    def __init__(self, db: Pool, actor: Actor, format_: str | None, panel: str | None) -> None:
        self.is_csv = wants_csv(format_)
        self.panel = panel
        self._db = db
        self._actor = actor

    async def give(
        self,
        body: Any,
        table: Callable[[], CsvTable],
        range_: AnalyticsRange | None = None,
        *,
        user_id: int | None = None,
    ) -> Any:
        """The body itself, or its table as a download. Loosely typed, because it stands where a handler promises the
        JSON of it."""
        if not self.is_csv:
            return body
        return await answer_table(self._db, self._actor, table(), range_, user_id=user_id)


async def answer_table(
    db: Pool, actor: Actor, table: CsvTable, range_: AnalyticsRange | None = None, *, user_id: int | None = None
) -> Response[bytes]:
    """The table as a download, audited."""
    async with db.acquire() as connection, connection.transaction():
        await audit_export(connection, actor, table.name, len(table.rows), range_, user_id=user_id)
    return Response(table.content, media_type=MEDIA_TYPE, headers=download_headers(file_name(table.name, range_)))


def download_headers(name: str) -> dict[str, str]:
    """`name` is ASCII."""
    return {
        "content-disposition": f'attachment; filename="{name}"',
        "cache-control": "private, no-store",
        "x-accel-buffering": "no",  # nginx would write a long one to its disk
    }


async def audit_export(
    connection: AnyConnection,
    actor: Actor,
    panel: str,
    rows: int,
    range_: AnalyticsRange | None,
    *,
    user_id: int | None = None,
    activity_type: str | None = None,
) -> None:
    """`analytics_exported`: what, of which days, how many rows; the caller commits."""
    detail: dict[str, Any] = {"panel": panel, "rows": rows}
    if range_ is not None:
        detail |= {"from": range_.from_.isoformat(), "to": range_.to.isoformat(), "tz": range_.tz}
    if activity_type is not None:
        detail["type"] = activity_type
    about = None if user_id is None else "user"
    await record_audit(connection, actor, "analytics_exported", about, user_id, detail)
