"""An installation that is older than analytics: what it recorded is counted as if analytics had been there. What is
expected is counted here, in Python, from the rows of before."""

from __future__ import annotations

import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from mammogram_viewer.adapters.database.migrate import apply_migrations
from mammogram_viewer.adapters.database.pool import open_pool

PACKAGED = Path(__file__).parents[2] / "src/mammogram_viewer/migrations"
BEGIN = datetime(2025, 10, 24, 22, 0, tzinfo=UTC)  # midnight of Berlin, two days before its clocks go back
QUARTER = timedelta(minutes=15)
SHOWN = ("login", "upload", "view", "download", "delete")


def minutes(count: float) -> datetime:
    return BEGIN + timedelta(minutes=count)


@dataclass
class Past:
    """Rows as versions before analytics wrote them."""

    facts: list[tuple[datetime, int | None, str, int, dict[str, Any]]] = field(default_factory=list)
    images: dict[int, tuple[str, int, datetime]] = field(default_factory=dict)  # those that are there now

    def add(self, at: float, kind: str, user: int | None, image: int, **metadata: Any) -> None:
        self.facts.append((minutes(at), user, kind, image, metadata))

    def upload(self, at: float, image: int, file_type: str, size: int) -> None:
        self.add(at, "upload", 1, image, fileType=file_type, byteCount=size)
        self.images[image] = (file_type, size, minutes(at))

    def delete(self, at: float, image: int) -> tuple[str, int, datetime]:
        gone = self.images.pop(image)
        self.add(at, "delete", 1, image, fileType=gone[0], byteCount=gone[1])
        return gone

    def restore(self, at: float, image: int, gone: tuple[str, int, datetime]) -> None:
        self.add(at, "image_restored", 1, image)
        self.images[image] = gone


def a_past() -> Past:
    past, dice = Past(), random.Random(7)
    for image, file_type in enumerate(("dicom", "png", "jpeg", "tiff", "dicom", "png", "dicom"), 1):
        past.upload(image * 13, image, file_type, 1000 * image)
    past.delete(300, 2)
    past.restore(330, 3, past.delete(320, 3))
    past.restore(342, 4, past.delete(340, 4))
    past.delete(1000, 4)  # deleted for good the second time
    for at in (400, 405, 450):  # one person and image: 5 minutes later goes on, 50 after the first does not
        past.add(at, "view", 1, 1)
    for at in (400, 420, 440, 469.99, 500):  # each within half an hour of the one before; the last is not
        past.add(at, "view", 2, 1)
    for at in (401, 402):
        past.add(at, "view", 1, 7)
    past.add(600, "view", 3, 2)  # of an image that is gone
    past.add(601, "view", None, 1)
    for _ in range(400):
        at = dice.choice((dice.uniform(0, 6000), dice.randrange(400) * 15, dice.randrange(1, 400) * 15 - 1e-6 / 60))
        past.add(at, dice.choice(("login", "download", "exam_opened", "view")), dice.randint(1, 9), dice.randint(1, 7))
    past.facts.sort(key=lambda fact: fact[0])
    return past


# --- counted by hand ------------------------------------------------------------------------------------------------


def views_of(past: Past) -> list[tuple[int | None, int, datetime, datetime]]:
    """Person, image, beginning and last opening."""
    openings = defaultdict(list)
    for at, user, kind, image, _ in past.facts:
        if kind == "view":
            openings[user, image].append(at)
    views = []
    for (user, image), moments in openings.items():
        for at in moments:
            if views and views[-1][:2] == (user, image) and at < views[-1][3] + timedelta(minutes=30):
                views[-1] = (*views[-1][:3], at)
            else:
                views.append((user, image, at, at))
    return sorted(views, key=str)


def quarters_of(past: Past) -> dict[tuple[datetime, str], int]:
    told: Counter[tuple[datetime, str]] = Counter()
    began = Counter((user, image, at) for user, image, at, _ in views_of(past))
    for at, user, kind, image, _ in past.facts:
        if kind == "view" and not began[user, image, at]:
            kind = "view_continued"
        elif kind == "view":
            began[user, image, at] -= 1
        told[at - (at - BEGIN) % QUARTER, f"{kind}s" if kind in SHOWN else "others"] += 1
    return dict(told)


def stock_of(past: Past) -> list[tuple[datetime, int, int, int]]:
    """Moment, image, +1 or -1, bytes: a deletion that was undone left no trace that could be told apart."""
    changes = [(at, image, 1, size) for image, (_, size, at) in past.images.items()]
    for image in sorted({fact[3] for fact in past.facts if fact[2] == "delete"} - past.images.keys()):
        came = next(fact for fact in past.facts if fact[2:4] == ("upload", image))
        went = [fact for fact in past.facts if fact[2:4] == ("delete", image)][-1]
        size = came[4]["byteCount"]
        changes += [(came[0], image, 1, size), (went[0], image, -1, -size)]
    return sorted(changes)


async def rows(db: asyncpg.Pool, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await db.fetch(sql)]


async def write(url: str, past: Past, folder: Path) -> None:
    """The database of before, with these rows."""
    folder.mkdir()
    for path in sorted(PACKAGED.glob("*.sql")):
        if path.name < "0022":
            shutil.copy(path, folder)
    await apply_migrations(url, folder=folder)
    db = await open_pool(url, size=1, application_name="tests")
    try:
        await db.executemany(
            "INSERT INTO users (email, created_at) VALUES ($1, $2)",
            [(f"{n}@example.org", minutes(n * 700)) for n in range(1, 10)],
        )
        await db.executemany(
            """INSERT INTO images (id, user_id, file_type, original_name, byte_count, sha256, storage_key, created_at)
               OVERRIDING SYSTEM VALUE VALUES ($1, 1, $2, 'a', $3, sha256($4::text::bytea), $4, $5)""",
            [(image, kind, size, f"k{image}", at) for image, (kind, size, at) in past.images.items()],
        )
        await db.executemany(
            """INSERT INTO user_activity (created_at, user_id, activity_type, resource_type, resource_id, metadata)
               VALUES ($1, $2, $3, 'image', $4, $5)""",
            past.facts,
        )
    finally:
        await db.close()


async def test_what_was_recorded_before_analytics_is_counted_as_if_it_had_been_there(
    new_database: Callable[[], Awaitable[str]], tmp_path: Path
) -> None:
    url, past = await new_database(), a_past()
    await write(url, past, tmp_path / "before")
    await apply_migrations(url)
    db = await open_pool(url, size=2, application_name="tests")
    try:
        assert await db.fetchval("SELECT count(*) FROM user_activity") == len(past.facts)
        for table in ("analytics_quarters", "analytics_hours"):
            await compare_counts(db, past, table)
        viewed = await rows(db, "SELECT user_id, image_id, viewed_at, last_seen_at FROM image_views")
        assert sorted(viewed, key=str) == views_of(past)
        assert dict(await rows(db, "SELECT * FROM image_view_totals")) == Counter(view[1] for view in views_of(past))
        assert await rows(db, "SELECT at, image_id, images, bytes FROM image_stock ORDER BY 1, 2, 3") == stock_of(past)
        assert await db.fetchval("SELECT count(*) FROM analytics_inbox") == 0, "nothing counts a second time"
        await compare_people(db, past)
        await compare_days(db, past)
    finally:
        await db.close()


async def compare_counts(db: asyncpg.Pool, past: Past, table: str) -> None:
    length = QUARTER if table == "analytics_quarters" else timedelta(hours=1)
    expected: Counter[tuple[datetime, str]] = Counter()
    for (at, name), count in quarters_of(past).items():
        expected[at - (at - BEGIN) % length, name] += count
    for at, _, sign, size in stock_of(past):
        names = ("images_added", "bytes_added") if sign > 0 else ("images_removed", "bytes_removed")
        for name, count in zip(names, (1, abs(size)), strict=True):
            expected[at - (at - BEGIN) % length, name] += count
    kinds = ("dicom_images", "png_images", "jpeg_images", "tiff_images")
    told = {
        (row["bucket"], name): row[name]
        for row in await db.fetch(f"SELECT * FROM {table}")
        for name in set(row.keys()) - {"bucket", *kinds}
        if row[name]
    }
    assert told == dict(expected)
    net = "images_added - images_removed = dicom_images + png_images + jpeg_images + tiff_images"
    assert await db.fetchval(f"SELECT bool_and({net}) FROM {table}")


def people(facts: Iterable[Any]) -> int:
    return len({fact[1] for fact in facts if fact[1] is not None})


async def compare_people(db: asyncpg.Pool, past: Past) -> None:
    for table, length in (
        ("quarter", QUARTER),
        ("hour", timedelta(hours=1)),
        ("day", timedelta(days=1)),
    ):
        origin = BEGIN.replace(hour=0)
        expected = defaultdict(list)
        for fact in past.facts:
            expected[fact[0] - (fact[0] - origin) % length].append(fact)
        told = await rows(
            db, f"SELECT bucket, bit_count(users) FROM analytics_{table}_users WHERE bit_count(users) > 0"
        )
        assert dict(told) == {bucket: people(facts) for bucket, facts in expected.items() if people(facts)}


async def compare_days(db: asyncpg.Pool, past: Past) -> None:
    """`system_stats` of each of the days."""
    day = BEGIN.date()
    while day <= past.facts[-1][0].date():
        await db.execute("SELECT update_system_stats($1)", day)
        row = await db.fetchrow("SELECT * FROM system_stats WHERE stat_date = $1", day)
        assert row is not None
        end = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
        of_day = [fact for fact in past.facts if fact[0].date() == day]
        stock = [change for change in stock_of(past) if change[0] < end]
        assert (row["users_active"], row["logins"], row["downloads"], row["deletes"]) == (
            people(of_day),
            *(sum(fact[2] == kind for fact in of_day) for kind in ("login", "download", "delete")),
        )
        assert (row["images_total"], row["storage_bytes"]) == (
            sum(change[2] for change in stock),
            sum(change[3] for change in stock),
        )
        assert row["users_total"] == sum(minutes(n * 700) < end for n in range(1, 10))
        day = _next(day)


def _next(day: date) -> date:
    return day + timedelta(days=1)
