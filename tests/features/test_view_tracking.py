"""Views: what counts as one, how long it was, and that counting never stands in the way of reading an image."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import dicom_bytes
from mammogram_viewer.activity import views
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.views import Look, ViewTracker
from mammogram_viewer.foundation.settings import Settings
from product import Product

SEEDS = itertools.count(1)
WHO = Actor(user_id=4, ip="203.0.113.77", user_agent="Mozilla/5.0 Firefox/130.0")
NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.fixture
def tracker(db: asyncpg.Pool) -> ViewTracker:
    return ViewTracker(db, Settings())


async def look(tracker: ViewTracker, *looks: Look) -> None:
    """Written at once, as a flush would find them."""
    tracker._waiting += looks
    assert await tracker.flush()


def opening(minutes: float, *, image: int = 1, actor: Actor = WHO) -> Look:
    assert actor.user_id is not None
    return Look(actor.user_id, image, at(minutes), actor=actor)


def heartbeat(minutes: float, seconds: int, *, image: int = 1) -> Look:
    return Look(4, image, at(minutes), seconds=seconds)


async def views_of(db: asyncpg.Pool) -> list[tuple[Any, ...]]:
    rows = await db.fetch(
        "SELECT user_id, image_id, viewed_at, last_seen_at, duration_seconds FROM image_views ORDER BY viewed_at, id"
    )
    return [tuple(row) for row in rows]


async def activities(db: asyncpg.Pool) -> list[tuple[Any, ...]]:
    rows = await db.fetch(
        """SELECT user_id, resource_id, created_at, ip_truncated::text, user_agent_family FROM user_activity
           WHERE activity_type = 'view' AND resource_type = 'image' ORDER BY created_at, id"""
    )
    return [tuple(row) for row in rows]


async def test_the_same_person_and_image_within_half_an_hour_go_on_with_a_view(
    db: asyncpg.Pool, tracker: ViewTracker
) -> None:
    await look(tracker, opening(0), opening(5))
    await look(tracker, opening(34))  # 29 minutes after it was last seen
    await look(tracker, opening(64))  # exactly half an hour
    await look(tracker, opening(95))
    assert await views_of(db) == [(4, 1, at(0), at(64), None), (4, 1, at(95), at(95), None)]
    network = ("203.0.113.0/24", "Firefox")
    assert await activities(db) == [(4, 1, at(0), *network), (4, 1, at(95), *network)]


async def test_other_people_and_other_images_are_views_of_their_own_and_one_flush_may_hold_several(
    db: asyncpg.Pool, tracker: ViewTracker
) -> None:
    other = Actor(user_id=5)
    await look(tracker, opening(61), opening(0), opening(0, image=2), opening(1, actor=other), opening(2))
    assert await views_of(db) == [
        (4, 1, at(0), at(2), None),
        (4, 2, at(0), at(0), None),
        (5, 1, at(1), at(1), None),
        (4, 1, at(61), at(61), None),
    ]
    assert len(await activities(db)) == 4


async def test_what_arrives_late_goes_into_the_view_that_it_belongs_to(db: asyncpg.Pool, tracker: ViewTracker) -> None:
    await look(tracker, opening(10))
    await look(tracker, opening(8))  # from a process that was slower
    await look(tracker, opening(200))
    await look(tracker, opening(20))
    assert await views_of(db) == [(4, 1, at(10), at(20), None), (4, 1, at(200), at(200), None)]


async def test_heartbeats_add_up_but_never_to_more_than_the_time_since_the_view_began(
    db: asyncpg.Pool, tracker: ViewTracker
) -> None:
    await look(tracker, heartbeat(-1, 15))  # no view is under way
    assert await views_of(db) == []
    await look(tracker, opening(0), heartbeat(0.25, 15))
    assert (await views_of(db))[0][4] == 15
    await look(tracker, heartbeat(0.5, 15), heartbeat(0.5, 15))  # a second window with the same picture
    assert (await views_of(db))[0][4] == 30
    await look(tracker, heartbeat(2, 10))
    await look(tracker, heartbeat(40, 15))  # the view had ended
    assert await views_of(db) == [(4, 1, at(0), at(2), 40)]
    assert len(await activities(db)) == 1


@given(seconds=st.integers(1, 60), count=st.integers(1, 50), turn=st.integers(0, 10**6))
def test_shares_of_reading_time_lose_nothing_and_differ_by_a_second_at_most(seconds: int, count: int, turn: int):
    each = views.shares(seconds, count, turn)
    assert len(each) == count and sum(each) == seconds and max(each) - min(each) <= 1


def test_a_second_too_many_falls_on_another_image_each_time():
    given_out = [sum(each) for each in zip(*(views.shares(15, 4, turn) for turn in range(4)), strict=True)]
    assert given_out == [15, 15, 15, 15]


async def test_reading_time_of_images_side_by_side_sums_to_the_time_that_passed(
    db: asyncpg.Pool, tracker: ViewTracker
) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    await look(tracker, *(Look(4, image, long_ago, actor=WHO) for image in range(1, 5)))
    for seconds in (15, 15, 7, 1):
        tracker.note_reading(4, [1, 2, 3, 4], seconds)
    assert await tracker.flush()
    rows = await views_of(db)
    assert [row[1] for row in rows] == [1, 2, 3, 4]
    assert sum(row[4] for row in rows) == 38
    assert {row[4] for row in rows} <= {9, 10}
    assert all(row[3] > long_ago + timedelta(minutes=4) for row in rows)  # also of one that got no second


async def test_several_processes_begin_a_view_once(database_url: str) -> None:
    pools = [await asyncpg.create_pool(database_url, min_size=1, max_size=2) for _ in range(4)]
    trackers = [ViewTracker(pool, Settings()) for pool in pools]
    for tracker in trackers:
        tracker._waiting += [opening(n / 10, image=image) for image in (1, 2, 3) for n in range(3)]
    assert all(await asyncio.gather(*(tracker.flush() for tracker in trackers)))
    assert len(await views_of(pools[0])) == len(await activities(pools[0])) == 3
    for pool in pools:
        await pool.close()


async def test_a_flush_whose_answer_was_lost_is_repeated_without_counting_again(
    db: asyncpg.Pool, tracker: ViewTracker
) -> None:
    looks = [opening(0), opening(40), opening(90)]
    await look(tracker, *looks)
    await look(tracker, *looks)
    assert len(await views_of(db)) == len(await activities(db)) == 3


async def test_what_the_database_does_not_take_waits_and_what_is_too_much_or_too_old_is_dropped_and_counted(
    db: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "_LOCK_TIMEOUT", "SET LOCAL lock_timeout = '20ms'")
    tracker = ViewTracker(db, Settings(view_buffer_events=3, view_keep_seconds=60))
    await db.execute("ALTER TABLE image_views RENAME TO gone")
    for image in range(5):
        tracker.note_opening(WHO, image)
    assert (tracker.waiting, tracker.dropped) == (3, 2)
    tracker._waiting[0] = opening(0)  # long ago
    assert not await tracker.flush()
    assert (tracker.waiting, tracker.dropped) == (2, 3)
    await db.execute("ALTER TABLE gone RENAME TO image_views")
    async with db.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE image_views")
        assert not await tracker.flush()
    assert await tracker.flush()
    assert (tracker.waiting, tracker.dropped) == (0, 3)
    assert [row[1] for row in await views_of(db)] == [1, 2]


async def test_the_loop_writes_by_itself_and_the_end_writes_what_is_left(db: asyncpg.Pool) -> None:
    tracker = ViewTracker(db, Settings(view_flush_seconds=0.01))
    running = asyncio.create_task(tracker.run_forever())
    tracker.note_opening(WHO, 7)
    async with asyncio.timeout(20):
        while tracker.waiting:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    tracker.note_opening(WHO, 8)
    await tracker.aclose()
    assert [row[1] for row in await views_of(db)] == [7, 8]


# --- through the API ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def image(product: Product) -> Iterator[int]:
    image_id = product.upload_one(dicom_bytes(seed=next(SEEDS)))["id"]
    assert product.wait_for(image_id)["status"] == "ready"
    yield image_id


async def counted(product: Product, image_id: int) -> tuple[int, int]:
    """Rows of the audit log, and views, of one image; what waits in the API is waited for."""

    def written() -> bool:
        text = httpx.get(f"{product.base_url}/metrics").text
        return "\nmammogram_viewer_views_waiting 0.0\n" in text

    product.wait_until(written, "the API has written its views")
    rows = await product.fetch(
        """SELECT (SELECT count(*) FROM audit_log WHERE act = 'image_viewed' AND resource_id = $1),
                  (SELECT count(*) FROM user_activity WHERE activity_type = 'view' AND resource_id = $1)""",
        image_id,
    )
    return rows[0][0], rows[0][1]


async def test_only_opening_the_picture_counts(product: Product, image: int) -> None:
    client = product.client("radiologist")
    png = f"/api/images/{image}/png"
    assert await counted(product, image) == (0, 0)
    etag = client.get(f"/api/images/{image}/thumbnail").headers["etag"]
    assert client.get(f"/api/images/{image}/thumbnail", headers={"if-none-match": etag}).status_code == 304
    assert client.get(png, headers={"range": "bytes=100-200"}).status_code == 206
    assert client.head(png).status_code in (200, 405)
    assert await counted(product, image) == (0, 0)
    opened = client.get(png)
    assert opened.status_code == 200
    assert client.get(png, headers={"if-none-match": opened.headers["etag"]}).status_code == 304
    assert await counted(product, image) == (1, 1)
    assert client.get(png).status_code == 200
    assert await counted(product, image) == (2, 1)


async def test_a_heartbeat_counts_for_who_looks_and_is_refused_for_who_may_not_or_says_nonsense(
    product: Product, image: int
) -> None:
    address = f"/api/images/{image}/views/heartbeat"
    assert product.client("radiologist").post(f"/api/images/{image}/views").status_code == 204
    assert product.client("radiologist").post(address, json={"seconds": 60}).status_code == 204
    assert product.client("other").post(address, json={"seconds": 15}).status_code == 404
    assert (
        product.client("radiologist").post("/api/images/999999/views/heartbeat", json={"seconds": 1}).status_code == 404
    )
    for nonsense in (
        {"seconds": 0},
        {"seconds": 61},
        {"seconds": 1.5},
        {"seconds": "soon"},
        {},
        {"seconds": 5, "x": 1},
        [],
    ):
        answer = product.client("radiologist").post(address, json=nonsense)
        assert answer.status_code in (400, 422), nonsense
        assert answer.headers["content-type"] == "application/problem+json"
    await counted(product, image)
    rows = await product.fetch(
        """SELECT duration_seconds, floor(extract(epoch FROM last_seen_at - viewed_at)) AS passed FROM image_views
           WHERE image_id = $1 AND user_id = (SELECT id FROM users WHERE email = 'radiologist@example.org')""",
        image,
    )
    assert [row["duration_seconds"] for row in rows] == [row["passed"] for row in rows]


async def test_reading_time_is_shared_by_images_that_one_may_see_and_refused_where_there_is_none(
    product: Product,
) -> None:
    address = "/api/images/views/heartbeat"
    client = product.client("technologist")
    images = [product.upload_one(dicom_bytes(seed=next(SEEDS)))["id"] for _ in range(2)]
    for one in images:
        assert client.post(f"/api/images/{one}/views").status_code == 204
    await counted(product, images[0])
    who = "user_id = (SELECT id FROM users WHERE email = 'technologist@example.org')"
    await product.fetch(f"UPDATE image_views SET viewed_at = viewed_at - interval '1 minute' WHERE {who}")
    # The one that is gone and the one that is named twice take nothing from the others.
    named = {"imageIds": [*images, images[0], 999_999], "seconds": 21}
    assert client.post(address, json=named).status_code == 204
    await counted(product, images[0])
    rows = await product.fetch(f"SELECT duration_seconds FROM image_views WHERE {who} AND image_id = ANY($1)", images)
    assert sorted(row[0] for row in rows) == [10, 11]
    stranger = product.client("other").post(address, json={"imageIds": images, "seconds": 15})
    assert (stranger.status_code, stranger.json()["code"]) == (404, "not_found")
    too_many = client.post(address, json={"imageIds": list(range(1, 52)), "seconds": 15})
    assert (too_many.status_code, too_many.json()["code"]) == (422, "too_many")
    for nonsense in (
        {"imageIds": [], "seconds": 5},
        {"imageIds": [0], "seconds": 5},
        {"imageIds": [2**63], "seconds": 5},
        {"imageIds": ["a"], "seconds": 5},
        {"imageIds": images, "seconds": 61},
        {"imageIds": images},
        {"imageIds": images, "seconds": 5, "studyId": 1},
    ):
        answer = client.post(address, json=nonsense)
        assert answer.status_code in (400, 422), nonsense
        assert answer.headers["content-type"] == "application/problem+json"


async def test_an_image_is_read_while_views_cannot_be_counted_and_they_count_afterwards(
    product: Product, image: int
) -> None:
    before = await counted(product, image)
    technologist, admin = product.client("technologist"), product.client("admin")  # signed in before the lock
    connection = await asyncpg.connect(product.database_url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE image_views, user_activity")
            for _ in range(3):
                assert technologist.get(f"/api/images/{image}/png").status_code == 200
        await connection.execute("ALTER TABLE image_views RENAME TO gone")
        assert admin.get(f"/api/images/{image}/png").status_code == 200
        await connection.execute("ALTER TABLE gone RENAME TO image_views")
    finally:
        await connection.close()
    audits, views_now = await counted(product, image)
    assert (audits, views_now) == (before[0] + 4, before[1] + 2)


async def test_an_opening_that_cannot_be_audited_fails(product: Product, image: int) -> None:
    await product.fetch("ALTER TABLE audit_log RENAME TO gone")
    try:
        answer = product.client("radiologist").get(f"/api/images/{image}/png")
    finally:
        await product.fetch("ALTER TABLE gone RENAME TO audit_log")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
