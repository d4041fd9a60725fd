"""Wire shapes of analytics. Days are local dates of the range's zone; `null` stands for what nobody knows, never 0."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from msgspec import field as msgspec_field

from mammogram_viewer.accounts.models import Role
from mammogram_viewer.archive.models import FileType
from mammogram_viewer.archive.schemas import ImageLinks
from mammogram_viewer.foundation.wire import Wire, WireRequest


class AnalyticsRange(Wire, frozen=True):
    """Local days, both included, and the instants that were used: `from_at` included, `to_at` not. `partial`: the
    range had not ended at `as_of`."""

    from_: date = msgspec_field(name="from")
    to: date
    days: int
    tz: str
    from_at: datetime
    to_at: datetime
    as_of: datetime
    partial: bool


class PreviousRange(AnalyticsRange, frozen=True):
    """The same number of local days before. What was counted ends at `until_at`: where the range is partial, after
    the same local time has gone by."""

    until_at: datetime


class Value(Wire, frozen=True):
    """A number of the range and of the range before; null: unknown, or no comparison was wanted."""

    value: int | None
    previous: int | None


class Summary(Wire, frozen=True):
    """`images`, `users` and `storage_bytes` as they are at the end of the range."""

    images: Value
    new_uploads: Value
    users: Value
    active_users: Value
    views: Value
    storage_bytes: Value


class UploadDay(Wire, frozen=True):
    """Null, here and in the other days: it ended before anything was recorded."""

    day: date
    uploads: int | None
    bytes: int | None
    partial: bool


class ActivityDay(Wire, frozen=True):
    day: date
    views: int | None
    uploads: int | None
    downloads: int | None
    logins: int | None
    deletes: int | None
    active_users: int | None
    partial: bool


class StorageDay(Wire, frozen=True):
    """Originals that were there when the day ended."""

    day: date
    bytes: int | None
    images: int | None
    partial: bool


class FileTypeShare(Wire, frozen=True):
    file_type: FileType
    images: int
    bytes: int


class FileTypeStatistics(Wire, frozen=True):
    """Originals of one type that are there now; sizes in bytes, null where there is none."""

    file_type: FileType
    images: int
    total_bytes: int
    average_bytes: int | None
    min_bytes: int | None
    max_bytes: int | None


class ImageStatisticsTotal(Wire, frozen=True):
    images: int
    total_bytes: int
    average_bytes: int | None
    min_bytes: int | None
    max_bytes: int | None


class ImageStatistics(Wire, frozen=True):
    file_types: list[FileTypeStatistics]
    total: ImageStatisticsTotal
    computed_at: datetime


class MostViewedImage(Wire, frozen=True):
    """An image that is still there, and how often it was opened in the range. `viewers` is null where people were not
    counted."""

    image_id: int
    views: int
    viewers: int | None
    last_viewed_at: datetime | None
    original_name: str
    file_type: FileType
    laterality: str | None
    view_position: str | None
    created_at: datetime
    links: ImageLinks


class MostViewed(Wire, frozen=True):
    """`range` is null for all time."""

    range: AnalyticsRange | None
    images: list[MostViewedImage]
    computed_at: datetime


class Activity(Wire, frozen=True):
    """One fact. `network` is the /24 or /48 of the address, `user_agent` a family's name; the full values are in the
    audit log alone."""

    id: int
    created_at: datetime
    user_id: int | None
    user_name: str | None
    user_email: str | None
    type: str
    resource_type: str | None
    resource_id: int | None
    metadata: dict[str, Any]
    network: str | None
    user_agent: str | None


class ActivityPage(Wire, frozen=True):
    activities: list[Activity]
    next_cursor: str | None
    prev_cursor: str | None
    has_more: bool
    limit: int


class DashboardCharts(Wire, frozen=True):
    uploads: list[UploadDay]
    activity: list[ActivityDay]
    file_types: list[FileTypeShare]
    storage: list[StorageDay]


class DashboardTables(Wire, frozen=True):
    file_types: list[FileTypeStatistics]
    most_viewed: list[MostViewedImage]
    recent: list[Activity]


class Dashboard(Wire, frozen=True):
    """`known_from`: nothing was recorded before (to the quarter of an hour)."""

    range: AnalyticsRange
    previous: PreviousRange | None
    known_from: datetime | None
    summary: Summary
    charts: DashboardCharts
    tables: DashboardTables
    computed_at: datetime


class UploadPoint(Wire, frozen=True):
    """`previous_uploads`: of the day as far into the range before; null: none was wanted, or it is unknown. The others
    are null where the day ended before anything was recorded."""

    day: date
    uploads: int | None
    bytes: int | None
    partial: bool
    previous_uploads: int | None


class UploadTrends(Wire, frozen=True):
    range: AnalyticsRange
    previous: PreviousRange | None
    points: list[UploadPoint]


class AnalyticsUser(Wire, frozen=True):
    id: int
    name: str
    email: str
    role: Role
    created_at: datetime
    last_activity_at: datetime | None


class UserSummary(Wire, frozen=True):
    """`images_owned` and `storage_bytes` are of now, the others of the range. Null: raw facts are archived."""

    uploads: Value
    views: Value
    downloads: Value
    logins: Value
    images_owned: int
    storage_bytes: int
    view_seconds: Value


class UserActivityDay(Wire, frozen=True):
    """Null: the raw facts of this day are archived."""

    day: date
    views: int | None
    uploads: int | None
    downloads: int | None
    logins: int | None
    deletes: int | None
    partial: bool


class UserAnalytics(Wire, frozen=True):
    user: AnalyticsUser
    range: AnalyticsRange
    previous: PreviousRange | None
    summary: UserSummary
    activity: list[UserActivityDay]
    most_viewed: list[MostViewedImage]
    recent: list[Activity]


class BreakdownPart(Wire, frozen=True):
    """`key` null: not in the header, or a plain picture."""

    key: str | None
    images: int
    bytes: int


class UploadBreakdown(Wire, frozen=True):
    """Images that came in the range and are still there; at most some seconds old (`computed_at`)."""

    range: AnalyticsRange
    by_modality: list[BreakdownPart]
    by_side: list[BreakdownPart]
    by_station: list[BreakdownPart]
    computed_at: datetime


class ProcessingDay(Wire, frozen=True):
    """Jobs that decided about an image, by the day on which they ended. Seconds from upload to picture, null when none
    was completed."""

    day: date
    completed: int
    failed: int
    rejected: int
    median_seconds: float | None
    p95_seconds: float | None


class ProcessingReason(Wire, frozen=True):
    code: str | None
    status: str
    count: int


class Processing(Wire, frozen=True):
    range: AnalyticsRange
    days: list[ProcessingDay]
    reasons: list[ProcessingReason]


class CohortWeek(Wire, frozen=True):
    """People who registered in a local week (Monday to Sunday). `active[k]`: how many of them did something k weeks
    later; null: that week has not begun."""

    week: str
    starts_on: date
    users: int
    active: list[int | None]


class Cohorts(Wire, frozen=True):
    weeks: list[CohortWeek]
    tz: str


class ImagesByType(Wire, frozen=True):
    dicom: int
    png: int
    jpeg: int
    tiff: int


class SystemStatsDay(Wire, frozen=True):
    """One row of `system_stats`: a UTC day; totals are those at its end."""

    date: date
    users_total: int
    users_active: int
    users_new: int
    images_total: int
    images_new: int
    images_by_type: ImagesByType
    storage_bytes: int
    logins: int
    uploads: int
    views: int
    downloads: int
    deletes: int
    others: int
    computed_at: datetime


class SystemStats(Wire, frozen=True):
    days: list[SystemStatsDay]


class SystemStatsUpdate(WireRequest, frozen=True):
    """`date` null: today (UTC)."""

    date: str | None = None
