"""Panels as tables of CSV. Pure: the shapes of the API in, rows out.

Headers carry units; what nobody knows is an empty cell, never 0. A file begins with a byte order mark, without which
Excel reads UTF-8 in the code page of the machine and spoils every name that is not ASCII; the programs that read CSV
skip it (Python's `utf-8-sig`, pandas, R). Whoever wants the plain numbers for a program has JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mammogram_viewer.analytics import schemas
from mammogram_viewer.foundation.csv_text import CsvValue, csv_row
from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.foundation.wire import encode_json

BOM = "\ufeff"
MOST_VIEWED_HEADER = (
    "image id", "views", "viewers", "last viewed (UTC)", "file name", "file type", "side", "view", "uploaded (UTC)",
)  # fmt: skip
ACTIVITY_HEADER = (
    "id", "time (UTC)", "user id", "user name", "user e-mail", "activity", "resource", "resource id", "details (JSON)",
    "network", "user agent",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CsvTable:
    """One panel. `name` goes into the file's name and the audit log."""

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[CsvValue]]

    @property
    def content(self) -> bytes:
        return csv_bytes(self.header, self.rows)


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[CsvValue]]) -> bytes:
    """A whole file in UTF-8."""
    return (BOM + csv_row(header) + "".join(map(csv_row, rows))).encode()


def file_name(panel: str, range_: schemas.AnalyticsRange | None = None) -> str:
    """As in `analytics-uploads-2026-10-25-to-2026-11-23.csv`; ASCII."""
    plain = re.sub(r"[A-Z]", lambda found: f"-{found[0].lower()}", panel)
    days = "" if range_ is None else f"-{range_.from_}-to-{range_.to}"
    return f"analytics-{plain}{days}.csv"


# --- the dashboard ------------------------------------------------------------------------------------------------


def dashboard_table(dashboard: schemas.Dashboard, panel: str | None) -> CsvTable:
    """One panel of the dashboard, `summary` unless another is wanted. Invalid `invalid_panel`."""
    return _one_of(DASHBOARD_PANELS, panel)(dashboard)


def _summary(dashboard: schemas.Dashboard) -> CsvTable:
    summary = dashboard.summary
    rows = [
        ("images", "images at the end", summary.images),
        ("new uploads", "images", summary.new_uploads),
        ("users", "accounts at the end", summary.users),
        ("active users", "people", summary.active_users),
        ("views", "views", summary.views),
        ("storage", "bytes at the end", summary.storage_bytes),
    ]
    return _value_table("summary", rows)


def _value_table(name: str, rows: Iterable[tuple[str, str, schemas.Value]]) -> CsvTable:
    return CsvTable(
        name=name,
        header=("measure", "unit", "value", "previous period"),
        rows=[(measure, unit, value.value, value.previous) for measure, unit, value in rows],
    )


def _uploads(dashboard: schemas.Dashboard) -> CsvTable:
    return CsvTable(
        name="uploads",
        header=("day", "uploads (images)", "size (bytes)", "partial day"),
        rows=[(one.day, one.uploads, one.bytes, one.partial) for one in dashboard.charts.uploads],
    )


def _activity(dashboard: schemas.Dashboard) -> CsvTable:
    return CsvTable(
        name="activity",
        header=("day", "views", "uploads", "downloads", "logins", "deletes", "active users (people)", "partial day"),
        rows=[
            (o.day, o.views, o.uploads, o.downloads, o.logins, o.deletes, o.active_users, o.partial)
            for o in dashboard.charts.activity
        ],
    )


def _file_types(dashboard: schemas.Dashboard) -> CsvTable:
    return CsvTable(name="fileTypes", header=_TYPES_HEADER, rows=_type_rows(dashboard.tables.file_types))


def _storage(dashboard: schemas.Dashboard) -> CsvTable:
    return CsvTable(
        name="storage",
        header=("day", "storage at the end of the day (bytes)", "images at the end of the day", "partial day"),
        rows=[(one.day, one.bytes, one.images, one.partial) for one in dashboard.charts.storage],
    )


def _most_viewed(dashboard: schemas.Dashboard) -> CsvTable:
    return most_viewed_table(dashboard.tables.most_viewed)


DASHBOARD_PANELS: dict[str, Callable[[schemas.Dashboard], CsvTable]] = {
    "summary": _summary,
    "uploads": _uploads,
    "activity": _activity,
    "fileTypes": _file_types,
    "storage": _storage,
    "mostViewed": _most_viewed,
}
RECENT = "recent"  # the feed of the whole range, streamed (`csv_stream.py`)


# --- the other answers --------------------------------------------------------------------------------------------

_TYPES_HEADER = ("file type", "images", "total (bytes)", "average (bytes)", "smallest (bytes)", "largest (bytes)")


def _type_rows(types: Iterable[schemas.FileTypeStatistics]) -> list[tuple[CsvValue, ...]]:
    return [(o.file_type, o.images, o.total_bytes, o.average_bytes, o.min_bytes, o.max_bytes) for o in types]


def statistics_table(statistics: schemas.ImageStatistics) -> CsvTable:
    """Each type, and all of them."""
    total = statistics.total
    last = ("all", total.images, total.total_bytes, total.average_bytes, total.min_bytes, total.max_bytes)
    return CsvTable(name="fileTypes", header=_TYPES_HEADER, rows=[*_type_rows(statistics.file_types), last])


def trends_table(trends: schemas.UploadTrends) -> CsvTable:
    return CsvTable(
        name="uploads",
        header=("day", "uploads (images)", "size (bytes)", "previous period (images)", "partial day"),
        rows=[(one.day, one.uploads, one.bytes, one.previous_uploads, one.partial) for one in trends.points],
    )


def most_viewed_table(images: Iterable[schemas.MostViewedImage]) -> CsvTable:
    return CsvTable(
        name="mostViewed",
        header=MOST_VIEWED_HEADER,
        rows=[
            (
                one.image_id, one.views, one.viewers, one.last_viewed_at, one.original_name, one.file_type,
                one.laterality, one.view_position, one.created_at,
            )
            for one in images
        ],
    )  # fmt: skip


def system_stats_table(stats: schemas.SystemStats) -> CsvTable:
    return CsvTable(
        name="systemStats",
        header=(
            "day (UTC)", "users at the end", "active users (people)", "new users", "images at the end", "new images",
            "dicom images", "png images", "jpeg images", "tiff images", "storage at the end (bytes)", "logins",
            "uploads", "views", "downloads", "deletes", "other activities", "computed (UTC)",
        ),
        rows=[
            (
                o.date, o.users_total, o.users_active, o.users_new, o.images_total, o.images_new,
                o.images_by_type.dicom, o.images_by_type.png, o.images_by_type.jpeg, o.images_by_type.tiff,
                o.storage_bytes, o.logins, o.uploads, o.views, o.downloads, o.deletes, o.others, o.computed_at,
            )
            for o in stats.days
        ],
    )  # fmt: skip


def breakdown_table(breakdown: schemas.UploadBreakdown) -> CsvTable:
    """An empty key is an image whose header does not say."""
    parts = {"modality": breakdown.by_modality, "side": breakdown.by_side, "station": breakdown.by_station}
    return CsvTable(
        name="uploadBreakdown",
        header=("by", "value", "images", "size (bytes)"),
        rows=[(by, part.key, part.images, part.bytes) for by, found in parts.items() for part in found],
    )


def cohorts_table(cohorts: schemas.Cohorts) -> CsvTable:
    """An empty cell: that week has not begun."""
    weeks = max((len(one.active) for one in cohorts.weeks), default=0)
    return CsvTable(
        name="cohorts",
        header=(
            "week",
            "starts on",
            "registered (people)",
            *(f"active {k} weeks later (people)" for k in range(weeks)),
        ),
        rows=[
            (one.week, one.starts_on, one.users, *one.active, *[None] * (weeks - len(one.active)))
            for one in cohorts.weeks
        ],
    )


def processing_table(processing: schemas.Processing, panel: str | None) -> CsvTable:
    """`days` or `reasons`. Invalid `invalid_panel`."""
    return _one_of(_PROCESSING_PANELS, panel)(processing)


def _processing_days(processing: schemas.Processing) -> CsvTable:
    return CsvTable(
        name="processing",
        header=("day", "completed (jobs)", "failed (jobs)", "rejected (jobs)", "median (seconds)", "p95 (seconds)"),
        rows=[(o.day, o.completed, o.failed, o.rejected, o.median_seconds, o.p95_seconds) for o in processing.days],
    )


def _processing_reasons(processing: schemas.Processing) -> CsvTable:
    return CsvTable(
        name="processingReasons",
        header=("reason", "state", "count (jobs)"),
        rows=[(one.code, one.status, one.count) for one in processing.reasons],
    )


_PROCESSING_PANELS: dict[str, Callable[[schemas.Processing], CsvTable]] = {
    "days": _processing_days,
    "reasons": _processing_reasons,
}


def user_table(analytics: schemas.UserAnalytics, panel: str | None) -> CsvTable:
    """`summary`, `activity`, `mostViewed` or `recent`. Invalid `invalid_panel`."""
    return _one_of(_USER_PANELS, panel)(analytics)


def _user_summary(analytics: schemas.UserAnalytics) -> CsvTable:
    summary = analytics.summary
    rows = [
        ("uploads", "images", summary.uploads),
        ("views", "views", summary.views),
        ("downloads", "downloads", summary.downloads),
        ("logins", "logins", summary.logins),
        ("viewing time", "seconds", summary.view_seconds),
        ("images owned", "images now", schemas.Value(value=summary.images_owned, previous=None)),
        ("storage", "bytes now", schemas.Value(value=summary.storage_bytes, previous=None)),
    ]
    return _value_table("userSummary", rows)


def _user_activity(analytics: schemas.UserAnalytics) -> CsvTable:
    return CsvTable(
        name="userActivity",
        header=("day", "views", "uploads", "downloads", "logins", "deletes", "partial day"),
        rows=[(o.day, o.views, o.uploads, o.downloads, o.logins, o.deletes, o.partial) for o in analytics.activity],
    )


def _user_most_viewed(analytics: schemas.UserAnalytics) -> CsvTable:
    return most_viewed_table(analytics.most_viewed)


def _user_recent(analytics: schemas.UserAnalytics) -> CsvTable:
    return CsvTable(
        name="userRecent",
        header=ACTIVITY_HEADER,
        rows=[
            (
                one.id, one.created_at, one.user_id, one.user_name, one.user_email, one.type, one.resource_type,
                one.resource_id, encode_json(one.metadata).decode(), one.network, one.user_agent,
            )
            for one in analytics.recent
        ],
    )  # fmt: skip


_USER_PANELS: dict[str, Callable[[schemas.UserAnalytics], CsvTable]] = {
    "summary": _user_summary,
    "activity": _user_activity,
    "mostViewed": _user_most_viewed,
    "recent": _user_recent,
}


def _one_of(panels: dict[str, Callable[..., CsvTable]], wanted: str | None) -> Callable[..., CsvTable]:
    """The first unless another is wanted."""
    if wanted is None:
        return next(iter(panels.values()))
    if wanted not in panels:
        raise Invalid(f"panel must be one of {', '.join(panels)}.", code="invalid_panel")
    return panels[wanted]
