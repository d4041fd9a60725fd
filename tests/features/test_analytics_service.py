"""What scripts ask of the service, and the panels that count something else than activities."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from mammogram_viewer.analytics.ranges import Asked
from mammogram_viewer.analytics.service import AnalyticsService
from mammogram_viewer.archive.rendition_links import RenditionLinks
from mammogram_viewer.foundation.errors import Conflict, Invalid, MammogramViewerError, NotFound, TooLarge
from mammogram_viewer.foundation.keyset import parse_page_request
from mammogram_viewer.foundation.settings import Settings
from product import add_people

_IMAGE = """
INSERT INTO images (user_id, created_at, file_type, original_name, byte_count, sha256, storage_key, status, modality,
                    laterality, series_id)
VALUES ($1, $2, $3, 'picture', $4, sha256($5::text::bytea), $5, 'ready', $6, $7, $8) RETURNING id"""


@pytest.fixture
async def analytics(db: asyncpg.Pool, database_url: str, settings: Settings) -> AnalyticsService:
    await add_people(database_url)
    return AnalyticsService(db, settings, RenditionLinks(db, "", link_seconds=60))


async def add_image(
    db: asyncpg.Pool, key: str, byte_count: int, file_type: str = "dicom", at: datetime | None = None, **header: Any
) -> int:
    return await db.fetchval(
        _IMAGE,
        4,
        at or datetime.now(UTC),
        file_type,
        byte_count,
        key,
        header.get("modality"),
        header.get("laterality"),
        header.get("series_id"),
    )


# --- recording -----------------------------------------------------------------------------------------------------


async def test_a_tracked_activity_is_there_at_once_and_keeps_little_of_its_origin(
    db: asyncpg.Pool, analytics: AnalyticsService
) -> None:
    agent = "Mozilla/5.0 Firefox/130.0 " + "x" * 10_000
    metadata = {"shape": "circle", "note": "a\x00b"}
    await analytics.track_activity(2, "annotation", "image", 17, metadata, "203.0.113.77", agent)
    page = await analytics.list_recent_activity(parse_page_request(None), user_id=2)
    (fact,) = page.activities
    assert (fact.type, fact.resource_type, fact.resource_id) == ("annotation", "image", 17)
    assert fact.metadata == {"shape": "circle", "note": "a\ufffdb"}
    assert (fact.network, fact.user_agent) == ("203.0.113.0/24", "Firefox")
    assert (fact.user_name, fact.user_email) == ("Radiologist Example", "radiologist@example.org")
    told = await analytics.get_dashboard_metrics(7)
    assert told.summary.active_users.value == 1


@pytest.mark.parametrize(
    ("values", "kind", "code"),
    [
        ({"user_id": 999}, NotFound, "not_found"),
        ({"user_id": 0}, NotFound, "not_found"),
        ({"user_id": 2**70}, NotFound, "not_found"),
        ({"activity_type": ""}, Invalid, "invalid_activity_type"),
        ({"activity_type": "x" * 65}, Invalid, "invalid_activity_type"),
        ({"activity_type": "Login!"}, Invalid, "invalid_activity_type"),
        ({"activity_type": "a\x00"}, Invalid, "invalid_activity_type"),
        ({"activity_type": "a\n"}, Invalid, "invalid_activity_type"),
        ({"resource_type": "r" * 65}, Invalid, "invalid_resource"),
        ({"resource_id": 2**63}, Invalid, "invalid_resource"),
        ({"metadata": {"text": "x" * 1_000_000}}, TooLarge, "metadata_too_large"),
        ({"metadata": ["a list"]}, Invalid, "invalid_metadata"),
        ({"metadata": {"what": object()}}, Invalid, "invalid_metadata"),
        ({"metadata": {"half": "\ud800"}}, Invalid, "invalid_metadata"),
    ],
)
async def test_what_cannot_be_recorded_is_refused_and_leaves_nothing(
    db: asyncpg.Pool, analytics: AnalyticsService, values: dict[str, Any], kind: type[MammogramViewerError], code: str
) -> None:
    with pytest.raises(kind) as refused:
        await analytics.track_activity(**{"user_id": 1, "activity_type": "custom", **values})
    assert refused.value.code == code
    assert await db.fetchval("SELECT count(*) FROM user_activity") == 0


async def test_metadata_just_within_the_limit_is_kept_whole(db: asyncpg.Pool, analytics: AnalyticsService) -> None:
    text = "x" * (16 * 1024 - len('{"t":""}'))
    await analytics.track_activity(1, "custom", metadata={"t": text}, ip="no address")
    kept = await db.fetchrow("SELECT metadata, ip_truncated FROM user_activity")
    assert kept is not None
    assert len(json.dumps(kept["metadata"], separators=(",", ":"))) == 16 * 1024
    assert kept["ip_truncated"] is None


# --- panels --------------------------------------------------------------------------------------------------------


async def test_image_statistics_follow_uploads_and_deletions(db: asyncpg.Pool, analytics: AnalyticsService) -> None:
    empty = await analytics.get_image_statistics()
    assert [(one.file_type, one.images, one.average_bytes, one.min_bytes) for one in empty.file_types] == [
        (kind, 0, None, None) for kind in ("dicom", "png", "jpeg", "tiff")
    ]
    assert (empty.total.images, empty.total.average_bytes, empty.total.max_bytes) == (0, None, None)
    for key, size, kind in (("a", 10, "dicom"), ("b", 21, "dicom"), ("c", 7, "png")):
        last = await add_image(db, key, size, kind)
    told = await analytics.get_image_statistics()
    dicom = told.file_types[0]
    assert (dicom.images, dicom.total_bytes, dicom.average_bytes, dicom.min_bytes, dicom.max_bytes) == (
        2,
        31,
        16,
        10,
        21,
    )
    assert (told.total.images, told.total.total_bytes, told.total.min_bytes, told.total.max_bytes) == (3, 38, 7, 21)
    await db.execute("DELETE FROM images WHERE id = $1", last)
    told = await analytics.get_image_statistics()
    assert (told.file_types[1].images, told.file_types[1].max_bytes, told.total.images) == (0, None, 2)


async def test_breakdown_tells_headers_and_what_is_missing_in_them(
    db: asyncpg.Pool, analytics: AnalyticsService
) -> None:
    study = await db.fetchval("INSERT INTO studies (study_instance_uid) VALUES ('1.2') RETURNING id")
    series = await db.fetchval(
        "INSERT INTO series (series_instance_uid, study_id, station_name) VALUES ('1.3', $1, 'MAMMO') RETURNING id",
        study,
    )
    await add_image(db, "a", 10, modality="MG", laterality="L", series_id=series)
    await add_image(db, "b", 10, modality="MG", laterality="R", series_id=series)
    await add_image(db, "c", 5, "png")
    await add_image(db, "d", 5, "png", at=datetime.now(UTC) - timedelta(days=20))
    told = await analytics.get_upload_breakdown(Asked(days=7))
    assert [(part.key, part.images, part.bytes) for part in told.by_modality] == [("MG", 2, 20), (None, 1, 5)]
    assert sorted((part.key or "", part.images) for part in told.by_side) == [("", 1), ("L", 1), ("R", 1)]
    assert [(part.key, part.images) for part in told.by_station] == [("MAMMO", 2), (None, 1)]
    nothing = await analytics.get_upload_breakdown(Asked(first="2020-01-01", last="2020-01-02"))
    assert (nothing.by_modality, nothing.by_side, nothing.by_station) == ([], [], [])


async def test_processing_counts_ends_of_jobs_and_their_reasons(db: asyncpg.Pool, analytics: AnalyticsService) -> None:
    now = datetime.now(UTC)
    jobs = [("completed", s, None) for s in (1, 2, 9)] + [("failed", 5, "crashed"), ("rejected", 1, "no_pixels")]
    for n, (status, seconds, code) in enumerate(jobs):
        await db.execute(
            """INSERT INTO job_queue (id, queue, type, status, error_code, created_at, finished_at)
               VALUES ($1, 'dicom-conversion', 'convert_dicom', $2, $3, $4, $5)""",
            f"dicom-{n}", status, code, now - timedelta(seconds=seconds), now,
        )  # fmt: skip
    told = await analytics.get_processing(Asked(days=7, tz="UTC"))
    assert len(told.days) == 7
    counted = next(day for day in told.days if day.completed)
    assert (counted.completed, counted.failed, counted.rejected, counted.median_seconds) == (3, 1, 1, 2.0)
    assert counted.p95_seconds == pytest.approx(8.3)
    assert told.days[0].median_seconds is None
    assert {(reason.code, reason.status, reason.count) for reason in told.reasons} == {
        ("crashed", "failed", 1),
        ("no_pixels", "rejected", 1),
    }


async def test_cohorts_tell_who_came_back_in_which_local_week(db: asyncpg.Pool, analytics: AnalyticsService) -> None:
    tz = "Asia/Kathmandu"
    monday = await db.fetchval("SELECT date_trunc('week', now() AT TIME ZONE $1)::date", tz)
    starts = [
        await db.fetchval("SELECT ($1::date)::timestamp AT TIME ZONE $2", monday - timedelta(weeks=n), tz)
        for n in (2, 1, 0)
    ]
    second = timedelta(seconds=1)
    await db.execute("UPDATE users SET created_at = $1 WHERE id IN (1, 2)", starts[0])
    await db.execute("UPDATE users SET created_at = $1 WHERE id = 3", starts[1] - second)
    await db.execute("UPDATE users SET created_at = $1 WHERE id = 4", starts[1])
    await db.execute("UPDATE users SET created_at = $1 WHERE id = 5", starts[0] - second)
    for user_id, at in [
        (1, starts[0]),
        (2, starts[1]),
        (3, starts[1]),
        (2, starts[2]),
        (4, starts[2] - second),
        (5, starts[1]),
    ]:
        await db.execute(
            "INSERT INTO user_activity (user_id, activity_type, created_at) VALUES ($1, 'view', $2)", user_id, at
        )
    told = await analytics.get_cohorts(3, tz=tz)
    assert [(week.starts_on, week.users, week.active) for week in told.weeks] == [
        (monday - timedelta(weeks=2), 3, [1, 2, 1]),
        (monday - timedelta(weeks=1), 1, [1, 0, None]),
        (monday, 0, [0, None, None]),
    ]
    year, week, _ = monday.isocalendar()
    assert told.weeks[-1].week == f"{year}-W{week:02}"
    for wrong in (0, 53, -1):
        with pytest.raises(Invalid) as refused:
            await analytics.get_cohorts(wrong)
        assert refused.value.code == "invalid_weeks"


async def test_feed_pages_keep_their_order_and_filters(db: asyncpg.Pool, analytics: AnalyticsService) -> None:
    for n in range(30):
        await db.execute(
            "INSERT INTO user_activity (user_id, activity_type, created_at) VALUES ($1, $2, $3)",
            1 + n % 3, "view" if n % 2 else "login", datetime(2026, 1 + n % 5, 3, tzinfo=UTC),
        )  # fmt: skip
    for user_id, kind, count in ((None, None, 30), (1, None, 10), (None, "view", 15), (2, "view", 5)):
        seen: list[tuple[datetime, int]] = []
        cursor = None
        while True:
            request = parse_page_request(cursor, limit=4)
            page = await analytics.list_recent_activity(request, user_id=user_id, activity_type=kind)
            seen += [(one.created_at, one.id) for one in page.activities]
            if (cursor := page.next_cursor) is None:
                break
        assert len(seen) == count
        assert seen == sorted(set(seen), reverse=True)


async def test_system_stats_are_computed_on_demand_and_days_never_computed_are_missing(
    db: asyncpg.Pool, analytics: AnalyticsService
) -> None:
    await analytics.track_activity(1, "login")
    await add_image(db, "a", 10)
    today = datetime.now(UTC).date()
    assert (await analytics.get_system_stats()).days == []
    row = await analytics.update_system_stats()
    assert (row.date, row.logins, row.images_total, row.images_by_type.dicom, row.storage_bytes) == (today, 1, 1, 1, 10)
    again = await analytics.update_system_stats(str(today))
    assert again.computed_at > row.computed_at
    assert [one.date for one in (await analytics.get_system_stats(str(today), str(today))).days] == [today]
    assert (await analytics.get_system_stats("2026-01-01", "2026-01-05")).days == []


@pytest.mark.parametrize(
    "text", ["2026-02-30", "yesterday", "", "2026-1-1", "0001-01-01", "9999-12-31", "2026-01-01\x00"]
)
async def test_days_that_are_none_are_not_computed(analytics: AnalyticsService, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        await analytics.update_system_stats(text)
    assert refused.value.code == "invalid_date"


async def test_a_day_to_come_and_an_archived_one_are_refused(db: asyncpg.Pool, analytics: AnalyticsService) -> None:
    with pytest.raises(Invalid) as refused:
        await analytics.update_system_stats(str(datetime.now(UTC).date() + timedelta(days=2)))
    assert refused.value.code == "day_not_begun"
    await db.execute(
        """INSERT INTO activity_archives (from_at, to_at, storage_key, row_count, byte_count, sha256)
           VALUES ('2026-02-01Z', '2026-03-01Z', 'k', 1, 1, '\\x00')"""
    )
    with pytest.raises(Conflict) as conflict:
        await analytics.update_system_stats("2026-02-10")
    assert conflict.value.code == "day_archived"
    assert (await analytics.update_system_stats("2026-03-01")).date == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ("2026-03-01", "2026-02-01", "invalid_range"),
        ("1990-01-01", "2026-02-01", "range_too_long"),
        ("x", None, "invalid_range"),
    ],
)
async def test_bad_ranges_of_system_stats_are_refused(
    analytics: AnalyticsService, first: str, last: str | None, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await analytics.get_system_stats(first, last)
    assert refused.value.code == code


async def test_one_persons_numbers_come_from_their_own_facts(db: asyncpg.Pool, analytics: AnalyticsService) -> None:
    image = await add_image(db, "a", 10)
    for user_id, seconds in ((4, 30), (4, None), (5, 99)):
        await db.execute(
            "INSERT INTO image_views (user_id, image_id, duration_seconds) VALUES ($1, $2, $3)", user_id, image, seconds
        )
        await analytics.track_activity(user_id, "view", "image", image)
    told = await analytics.get_user_analytics(4, 7)
    assert (told.user.email, told.summary.views.value, told.summary.view_seconds.value) == ("user@example.org", 2, 30)
    assert (told.summary.images_owned, told.summary.storage_bytes) == (1, 10)
    assert [(one.image_id, one.views, one.viewers) for one in told.most_viewed] == [(image, 2, 1)]
    assert {one.user_id for one in told.recent} == {4}
    assert told.activity[-1].views == 2
    for nobody in (999, 0, -1, 2**80):
        with pytest.raises(NotFound):
            await analytics.get_user_analytics(nobody)
