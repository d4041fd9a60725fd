"""The dashboard: a handful of statements at once, one answer."""

from __future__ import annotations

import asyncio

from asyncpg import Pool

from mammogram_viewer.analytics import queries, schemas
from mammogram_viewer.analytics.feed import list_activities
from mammogram_viewer.analytics.most_viewed import MostViewedImages
from mammogram_viewer.analytics.ranges import Period
from mammogram_viewer.analytics.statistics import read_file_types
from mammogram_viewer.analytics.sums import People, Sums, read_people, read_sums
from mammogram_viewer.foundation.keyset import PageRequest

_ROWS = 10  # of each list


async def read_dashboard(db: Pool, images: MostViewedImages, period: Period) -> schemas.Dashboard:
    """Everything that the page shows of a period."""
    sums, people, users, (file_types, computed_at), most_viewed, recent = await asyncio.gather(
        read_sums(db, period, whole_before=True),
        read_people(db, period),
        read_users(db, period),
        read_file_types(db),
        images.in_span(period.from_at, period.to_at, _ROWS),
        list_activities(db, PageRequest(limit=_ROWS)),
    )
    return schemas.Dashboard(
        range=period.wire(),
        previous=period.wire_previous(),
        known_from=period.known_from,
        summary=_summary(sums, people, users),
        charts=schemas.DashboardCharts(
            uploads=upload_days(sums),
            activity=activity_days(sums, people),
            file_types=[
                schemas.FileTypeShare(file_type=one.file_type, images=one.images, bytes=one.total_bytes)
                for one in file_types
            ],
            storage=storage_days(sums),
        ),
        tables=schemas.DashboardTables(file_types=file_types, most_viewed=most_viewed, recent=recent.rows),
        computed_at=computed_at,
    )


async def read_users(db: Pool, period: Period) -> schemas.Value:
    """Accounts at the end of the range and of the one before. The table itself tells: none there is, unknown is not."""
    before = period.previous
    ends = [period.to_at] if before is None else [period.to_at, before.until_at]
    counts = await queries.count_users(db, ends)
    return schemas.Value(value=counts[0], previous=None if before is None else counts[1])


def _summary(sums: Sums, people: People, users: schemas.Value) -> schemas.Summary:
    value = sums.period.value
    return schemas.Summary(
        images=value(sums.at_ends("images")[-1], sums.at_end_before("images")),
        new_uploads=value(sums.total("uploads"), sums.total_before("uploads")),
        users=users,
        active_users=value(people.in_range, people.before),
        views=value(sums.total("views"), sums.total_before("views")),
        storage_bytes=value(sums.at_ends("bytes")[-1], sums.at_end_before("bytes")),
    )


def upload_days(sums: Sums) -> list[schemas.UploadDay]:
    period = sums.period
    return [
        schemas.UploadDay(
            day=day,
            uploads=period.of_day(n, sums.of(slot, "uploads")),
            bytes=period.of_day(n, sums.of(slot, "bytes_added")),
            partial=period.is_partial(n),
        )
        for n, (day, slot) in enumerate(zip(period.days, period.slots, strict=True))
    ]


def activity_days(sums: Sums, people: People) -> list[schemas.ActivityDay]:
    period = sums.period
    return [
        schemas.ActivityDay(
            day=day,
            views=period.of_day(n, sums.of(slot, "views")),
            uploads=period.of_day(n, sums.of(slot, "uploads")),
            downloads=period.of_day(n, sums.of(slot, "downloads")),
            logins=period.of_day(n, sums.of(slot, "logins")),
            deletes=period.of_day(n, sums.of(slot, "deletes")),
            active_users=period.of_day(n, people.of(slot)),
            partial=period.is_partial(n),
        )
        for n, (day, slot) in enumerate(zip(period.days, period.slots, strict=True))
    ]


def storage_days(sums: Sums) -> list[schemas.StorageDay]:
    period = sums.period
    ends = zip(period.days, sums.at_ends("bytes"), sums.at_ends("images"), strict=True)
    return [
        schemas.StorageDay(
            day=day,
            bytes=period.of_day(n, bytes_),
            images=period.of_day(n, images),
            partial=period.is_partial(n),
        )
        for n, (day, bytes_, images) in enumerate(ends)
    ]
