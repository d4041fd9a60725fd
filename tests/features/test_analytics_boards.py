"""The images viewed most: whatever boards were made before, however views come and go, the answer is that of a plain
count over all views."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from mammogram_viewer.analytics import boards
from mammogram_viewer.analytics.boards import Boards, keep_boards, make_board
from mammogram_viewer.analytics.most_viewed import MostViewedImages
from mammogram_viewer.analytics.pieces import END
from mammogram_viewer.archive.rendition_links import RenditionLinks
from product import add_people

_COUNTED = """
SELECT image_id, count(*) AS views, count(DISTINCT user_id) AS viewers, max(viewed_at) AS last_viewed_at
FROM image_views v WHERE viewed_at >= $1 AND viewed_at < $2 AND EXISTS (SELECT FROM images i WHERE i.id = v.image_id)
GROUP BY image_id ORDER BY views DESC, image_id DESC LIMIT $3"""
IMAGES = 60


@pytest.fixture
async def images(db: asyncpg.Pool, database_url: str, monkeypatch: pytest.MonkeyPatch) -> MostViewedImages:
    """Some images with many views over forty days; boards of a few places, as if there were a million."""
    monkeypatch.setattr(boards, "LISTED", 12)
    monkeypatch.setattr(boards, "_MANY_VIEWS", 8)
    monkeypatch.setattr(boards, "_RENEW_AFTER_SECONDS", 0.0)
    await add_people(database_url)
    await db.execute(
        f"""INSERT INTO images (user_id, file_type, original_name, byte_count, sha256, storage_key, status)
            SELECT 4, 'png', 'picture-' || n, 1, sha256(n::text::bytea), 'k/' || n, 'ready'
            FROM generate_series(1, {IMAGES}) n"""
    )
    await add_views(db, 1500, timedelta(days=40))
    return MostViewedImages(db, RenditionLinks(db, "", link_seconds=60))


async def add_views(db: asyncpg.Pool, count: int, within: timedelta) -> None:
    """Some images far more often than others."""
    await db.execute(
        f"""INSERT INTO image_views (user_id, image_id, viewed_at, last_seen_at)
            SELECT 1 + floor(random() * 5), 1 + floor(power(random(), 3) * {IMAGES}), at, at
            FROM (SELECT now() - random() * $2::interval AS at FROM generate_series(1, $1::int)) t""",
        count,
        within,
    )


async def check(db: asyncpg.Pool, images: MostViewedImages, from_at: datetime, to_at: datetime, limit: int) -> None:
    told = await images.in_span(from_at, to_at, limit)
    counted = await db.fetch(_COUNTED, from_at, to_at, limit)
    assert [(one.image_id, one.views, one.last_viewed_at) for one in told] == [
        (row["image_id"], row["views"], row["last_viewed_at"]) for row in counted
    ]
    assert [one.viewers for one in told] == [row["viewers"] for row in counted]


async def test_answers_equal_a_count_of_all_views_whatever_happened_since_the_board(
    db: asyncpg.Pool, images: MostViewedImages
) -> None:
    chance = random.Random(7)
    now = datetime.now(UTC)
    tonight = now + timedelta(hours=3)
    for step in range(25):
        if step % 5 == 4:
            await make_board(db, (now - timedelta(days=chance.choice([6, 8, 31])), END))
        if step % 7 == 6:
            await keep_boards(db)
        await add_views(db, chance.randrange(1, 30), timedelta(minutes=chance.choice([1, 9, 11, 60 * 24 * 35])))
        if step % 4 == 1:
            await db.execute(
                "DELETE FROM image_views WHERE id IN (SELECT id FROM image_views ORDER BY random() LIMIT 9)"
            )
        if step % 6 == 2:
            await db.execute(
                "DELETE FROM images WHERE id = (SELECT image_id FROM image_views ORDER BY random() LIMIT 1)"
            )
        days = chance.choice([1, 5, 6, 7, 30, 39])
        await check(db, images, now - timedelta(days=days, hours=chance.randrange(24)), tonight, chance.choice([3, 10]))
        await check(db, images, now - timedelta(days=days), tonight, 10)
        await check(db, images, now - timedelta(days=days + 9), now - timedelta(days=days), 5)


async def test_a_window_is_told_from_the_board_of_one_that_began_a_little_earlier(
    db: asyncpg.Pool, images: MostViewedImages
) -> None:
    now = datetime.now(UTC)
    await make_board(db, (now - timedelta(days=31), END))
    await check(db, images, now - timedelta(days=30), now + timedelta(hours=1), 5)
    assert await db.fetchval("SELECT count(*) FROM view_boards") == 1


async def test_views_that_come_late_or_go_make_their_boards_forgotten_and_others_stay(
    db: asyncpg.Pool, images: MostViewedImages
) -> None:
    now = datetime.now(UTC)
    spans = [(now - timedelta(days=30), END), (now - timedelta(days=5), END)]
    for span in spans:
        await make_board(db, span)
    await db.execute("INSERT INTO image_views (user_id, image_id, viewed_at) VALUES (1, 1, now() - interval '10 days')")
    assert await db.fetchval("SELECT array_agg(from_at) FROM view_boards") == [spans[1][0]]
    await db.execute("INSERT INTO image_views (user_id, image_id) VALUES (1, 1)")
    await db.execute("UPDATE image_views SET duration_seconds = 5")
    assert await db.fetchval("SELECT count(*) FROM view_boards") == 1
    await db.execute("DELETE FROM image_views WHERE viewed_at > now() - interval '3 days'")
    assert await db.fetchval("SELECT count(*) FROM view_boards") == 0
    await make_board(db, spans[0])
    await db.execute("UPDATE image_views SET image_id = 2 WHERE image_id = 1")
    assert await db.fetchval("SELECT count(*) FROM view_boards") == 0


async def test_the_viewers_of_images_viewed_very_often_are_told_once_their_board_is_made(
    db: asyncpg.Pool, images: MostViewedImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "_TOO_MANY_VIEWS", 10)
    now = datetime.now(UTC)
    window = now - timedelta(days=30), now + timedelta(hours=1)
    first = await images.in_span(*window, 3)
    assert [one.viewers for one in first] == [None, None, None], "unknown, and not 0"
    for task in list(images.boards._renewing.values()):
        await task
    await add_views(db, 20, timedelta(minutes=5))
    await check(db, images, *window, 3)


async def test_all_time_tells_every_view_of_the_images_that_are_there(
    db: asyncpg.Pool, images: MostViewedImages
) -> None:
    await db.execute("DELETE FROM images WHERE id = 1")
    await db.execute("SELECT fold_activity()")
    told, _ = await images.ever(10)
    counted = await db.fetch(_COUNTED, datetime(1970, 1, 1, tzinfo=UTC), END, 10)
    assert [(one.image_id, one.views, one.viewers) for one in told] == [
        (row["image_id"], row["views"], row["viewers"]) for row in counted
    ]


async def test_two_at_once_make_one_board(db: asyncpg.Pool, images: MostViewedImages) -> None:
    import asyncio

    span = (datetime.now(UTC) - timedelta(days=7), datetime.now(UTC))
    rankings = await asyncio.gather(*(Boards(db).rank(*span) for _ in range(4)))
    assert len({tuple(ranking.places[:5]) for ranking in rankings}) == 1
    assert await db.fetchval("SELECT count(*) FROM view_boards") == 1


async def test_long_windows_are_told_from_the_images_with_most_views_ever(
    db: asyncpg.Pool, images: MostViewedImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever waits to be folded, was deleted, or was told to be of another image."""
    monkeypatch.setattr(boards, "_LONG", timedelta(0))
    monkeypatch.setattr(boards, "_CANDIDATES", 15)
    monkeypatch.setattr(boards, "_WITH_VIEWERS", 3)
    chance, now, short = random.Random(11), datetime.now(UTC), 0
    for step in range(30):
        await db.execute("DELETE FROM view_boards")
        if step % 3 == 0:
            await db.execute("SELECT fold_activity()")
        change = chance.randrange(4)
        if change == 0:
            await add_views(db, chance.randrange(1, 30), timedelta(days=30))
        elif change == 1:
            await db.execute(
                "DELETE FROM image_views WHERE id IN (SELECT id FROM image_views ORDER BY random() LIMIT 5)"
            )
        elif change == 2:
            await db.execute(
                "UPDATE image_views SET image_id = $1 WHERE image_id = $2", 50 + step % 9, chance.randrange(1, 50)
            )
        from_at = now - timedelta(days=chance.choice([3, 20, 41]))
        to_at = now - timedelta(days=chance.choice([0, 1, 2])) + timedelta(hours=1)
        limit = chance.choice([1, 3, 10])
        await check(db, images, from_at, to_at, limit)
        made = await db.fetchrow("SELECT cardinality(image_ids) AS listed, complete FROM view_boards")
        assert made is not None
        short += made["listed"] < boards.LISTED and not made["complete"]
    assert short > 3, "none of these boards was told from totals"


async def test_totals_follow_a_view_that_is_told_to_be_of_another_image(
    db: asyncpg.Pool, images: MostViewedImages
) -> None:
    await db.execute("SELECT fold_activity()")
    await db.execute("UPDATE image_views SET image_id = 60 WHERE image_id = 1")
    await db.execute("SELECT fold_activity()")
    told, _ = await images.ever(10)
    counted = await db.fetch(_COUNTED, datetime(1970, 1, 1, tzinfo=UTC), END, 10)
    assert [(one.image_id, one.views, one.viewers) for one in told] == [
        (row["image_id"], row["views"], row["viewers"]) for row in counted
    ]


async def test_all_time_tells_viewers_from_its_board_and_those_since(
    db: asyncpg.Pool, images: MostViewedImages
) -> None:
    await db.execute("SELECT fold_activity()")
    await keep_boards(db)
    await add_views(db, 40, timedelta(minutes=1))
    await db.execute("SELECT fold_activity()")
    told, _ = await images.ever(10)
    counted = await db.fetch(_COUNTED, datetime(1970, 1, 1, tzinfo=UTC), END, 10)
    assert [(one.image_id, one.views, one.viewers) for one in told] == [
        (row["image_id"], row["views"], row["viewers"]) for row in counted
    ]
