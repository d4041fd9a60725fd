"""Keyset pages on PostgreSQL: the walks of tests/unit/test_keyset.py against real timestamps and indexes."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from accounts_client import add_user, browser, build_app, sign_in
from mammogram_viewer.foundation.keyset import Page, cursor_text, page_query, parse_page_request, read_page
from mammogram_viewer.foundation.settings import Settings

START = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
ROOT = "root@clinic.example"


async def insert(db: asyncpg.Pool, number: int, rng: random.Random, role: str = "user") -> int:
    """A user whose created_at is one of few instants, a microsecond apart at the least."""
    at = START + timedelta(seconds=rng.choice([0, 0, 1, 60]), microseconds=rng.choice([0, 1, 2, 999_999]))
    sql = "INSERT INTO users (email, role, created_at) VALUES ($1, $2, $3) RETURNING id"
    return await db.fetchval(sql, f"user{number}@x.example", role, at)


async def page_of(db: asyncpg.Pool, cursor: str | None, direction: str, limit: int) -> Page[Any]:
    return await read_page(
        db,
        base="SELECT u.id, u.created_at FROM users u",
        conditions=[],
        request=parse_page_request(cursor, direction, limit),
        lookup="SELECT created_at FROM users WHERE id = $1",
        created_at="u.created_at",
        id_column="u.id",
    )


@pytest.mark.parametrize("direction", ["next", "prev"])
@pytest.mark.parametrize("seed", range(6))
async def test_walk_repeats_nothing_and_loses_nothing_while_rows_come_and_go(
    db: asyncpg.Pool, direction: str, seed: int
) -> None:
    rng = random.Random(seed)
    alive = [await insert(db, n, rng) for n in range(60)]
    at_first, deleted, seen = set(alive), set[int](), list[int]()
    cursor, number, limit = None, 1000, rng.choice([1, 3, 7])
    for _ in range(200):
        page = await page_of(db, cursor, direction, limit)
        assert page.rows == sorted(page.rows, key=lambda row: (row["created_at"], row["id"]), reverse=True)
        seen += [row["id"] for row in page.rows]
        cursor = page.next_cursor if direction == "next" else page.prev_cursor
        assert page.has_more == (cursor is not None)
        if cursor is None:
            break
        for _ in range(rng.randint(0, 2)):
            number += 1
            alive.append(await insert(db, number, rng))
        for _ in range(rng.randint(0, 2)):
            gone = alive.pop(rng.randrange(len(alive)))
            deleted.add(gone)
            await db.execute("DELETE FROM users WHERE id = $1", gone)
    else:
        pytest.fail("the walk did not end")
    assert len(seen) == len(set(seen))
    assert at_first - deleted <= set(seen)


@pytest.mark.parametrize("seed", range(4))
async def test_wandering_to_and_fro_always_shows_neighbours(db: asyncpg.Pool, seed: int) -> None:
    rng = random.Random(seed)
    for n in range(25):
        await insert(db, n, rng)
    ordered = [row["id"] for row in await db.fetch("SELECT id FROM users ORDER BY created_at DESC, id DESC")]
    limit = rng.choice([2, 4])
    page = await page_of(db, None, "next", limit)
    for _ in range(40):
        ids = [row["id"] for row in page.rows]
        first, last = ordered.index(ids[0]), ordered.index(ids[-1])
        assert ids == ordered[first : last + 1]
        assert (page.prev_cursor is None, page.next_cursor is None) == (first == 0, last == len(ordered) - 1)
        direction = rng.choice(["next", "prev"])
        cursor = page.next_cursor if direction == "next" else page.prev_cursor
        if cursor is not None:
            page = await page_of(db, cursor, direction, limit)


async def test_whole_second_cursor_of_an_old_client_continues_after_its_row(db: asyncpg.Pool) -> None:
    sql = "INSERT INTO users (email, created_at) VALUES ($1, $2) RETURNING id"
    ids = [await db.fetchval(sql, f"user{n}@x.example", START + timedelta(microseconds=100_000 * n)) for n in range(6)]
    newest_first = ids[::-1]
    cursor = f"2024-01-15T10:30:00Z_{newest_first[1]}"
    page = await page_of(db, cursor, "next", 10)
    assert [row["id"] for row in page.rows] == newest_first[2:]
    back = await page_of(db, cursor, "prev", 10)
    assert [row["id"] for row in back.rows] == newest_first[:1]
    # Its row gone: from the end of that second, so nothing is lost.
    await db.execute("DELETE FROM users WHERE id = $1", newest_first[1])
    page = await page_of(db, cursor, "next", 10)
    assert [row["id"] for row in page.rows] == [newest_first[0], *newest_first[2:]]


@pytest.mark.parametrize(
    "cursor",
    [
        "0001-01-01T00:00:00.000000Z_1",
        "9999-12-31T23:59:59.999999Z_9223372036854775807",
        "9999-12-31T23:59:59Z_9223372036854775807",
        "0001-01-01T00:00:00Z_0",
    ],
)
@pytest.mark.parametrize("direction", ["next", "prev"])
async def test_cursors_at_the_ends_of_time_are_no_trouble(db: asyncpg.Pool, cursor: str, direction: str) -> None:
    await insert(db, 1, random.Random(1))
    page = await page_of(db, cursor, direction, 5)
    assert len(page.rows) in (0, 1)


async def test_text_ids_page_as_well(db: asyncpg.Pool) -> None:
    for n in range(7):
        await db.execute(
            "INSERT INTO job_queue (id, queue, type, created_at) VALUES ($1, 'thumbnail', 'render_picture', $2)",
            f"thumbnail-{n}",
            START,
        )
    seen: list[str] = []
    cursor = None
    while True:
        page = await read_page(
            db,
            base="SELECT id, created_at FROM job_queue",
            conditions=[],
            request=parse_page_request(cursor, "next", 2, id_kind="text"),
            lookup="SELECT created_at FROM job_queue WHERE id = $1",
        )
        seen += [row["id"] for row in page.rows]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == [f"thumbnail-{n}" for n in range(6, -1, -1)]


async def test_a_page_reads_its_index_and_not_the_table(db: asyncpg.Pool) -> None:
    await db.execute(
        "INSERT INTO users (email, created_at) "
        "SELECT 'user' || n, timestamptz '2024-01-15' + n * interval '1 second' FROM generate_series(1, 20000) n"
    )
    await db.execute("ANALYZE users")
    for direction in ("next", "prev"):
        request = parse_page_request(cursor_text(datetime(2024, 1, 15, 3, tzinfo=UTC), 10_000), direction, 20)
        query = page_query("SELECT * FROM users", [], request, created_at="created_at", id_column="id")
        plan = "\n".join(row[0] for row in await db.fetch(f"EXPLAIN {query.sql}", *query.values))
        assert "users_created_at_id_idx" in plan and "Sort" not in plan, plan


async def test_users_list_pages_over_the_api(db: asyncpg.Pool, settings: Settings) -> None:
    rng = random.Random(7)
    await add_user(db, settings, ROOT, role="admin")
    expected = [await insert(db, n, rng, role="technologist") for n in range(9)]
    for n in range(20, 25):
        await insert(db, n, rng, role="user")
    async with browser(build_app(db, settings)) as admin:
        await sign_in(admin, ROOT)
        query: dict[str, Any] = {"role": "technologist", "limit": 4}
        pages = []
        while True:
            page = (await admin.get("/api/admin/users", params=query)).json()
            pages.append(page)
            if page["nextCursor"] is None:
                break
            query["cursor"] = page["nextCursor"]
        back = (await admin.get("/api/admin/users", params=query | {"direction": "prev"})).json()
    assert [len(page["users"]) for page in pages] == [4, 4, 1]
    assert sorted(user["id"] for page in pages for user in page["users"]) == sorted(expected)
    assert [page["hasMore"] for page in pages] == [True, True, False]
    assert [page["prevCursor"] is None for page in pages] == [True, False, False]
    assert {page["limit"] for page in pages} == {4}
    # The cursor of the last page is the place of the eighth row; before it lie the seven newer ones.
    before = [user["id"] for page in pages for user in page["users"]][3:7]
    assert [user["id"] for user in back["users"]] == before
