"""Cursors of the image list against a model of the table, on the real database: rows come, go, commit late and share
their instants, while walks go to and fro with other limits, other filters and tampered cursors.

Every page is compared with what the model says it must hold; every walk that ends must have shown each row that was
there when it began and has not been deleted, once. 200 steps here; `make drill-cursors` takes 10,000."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from conftest import empty_database  # pyright: ignore[reportAttributeAccessIssue] - of tests/, not of tests/features
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.archive.models import Image
from mammogram_viewer.foundation import sifting
from mammogram_viewer.foundation.errors import Malformed
from mammogram_viewer.foundation.keyset import Cursor, Page, cursor_text, parse_page_request
from mammogram_viewer.gallery.filters import ImageFilters
from mammogram_viewer.gallery.service import page_after
from product import add_people

log = logging.getLogger(__name__)
STEPS = int(os.environ.get("MAMMOGRAM_VIEWER_CURSOR_STEPS", "200"))
STEPS_OF_A_RUN = 50
ADMIN, OWNER, OTHER = 1, 4, 5  # as tests/product.py adds them
START = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
Answer = TypeVar("Answer")

_INSERT = """
INSERT INTO images (user_id, created_at, file_type, status, laterality, view_position, original_name, patient_id,
                    byte_count, sha256, storage_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, sha256($9::text::bytea), $9) RETURNING id"""

_COLUMNS = (
    "user_id", "created_at", "file_type", "status", "laterality", "view_position", "original_name", "patient_id",
)  # fmt: skip

# A microsecond apart at the least, and many alike.
instants = st.sampled_from([0, 1, 2, 500_000, 999_999, 1_000_000, 60_000_000]).map(
    lambda us: START + timedelta(microseconds=us)
)
facts = st.fixed_dictionaries(
    {
        "user_id": st.sampled_from([OWNER, OTHER]),
        "created_at": instants,
        "file_type": st.sampled_from(["dicom", "png"]),
        "status": st.sampled_from(["ready", "failed"]),
        "laterality": st.sampled_from(["R", "L", None]),
        "view_position": st.sampled_from(["CC", "MLO", None]),
        "original_name": st.sampled_from(["alpha-1.dcm", "The ALPHA", "beta_2.png", "abet"]),
        "patient_id": st.sampled_from(["P1", "P2%", None]),
    }
)
some_filters = st.fixed_dictionaries(
    {},
    optional={
        "user_id": st.sampled_from([OWNER, OTHER]),
        "file_type": st.just("png"),
        "status": st.sampled_from(["ready", "failed"]),
        "laterality": st.just("R"),
        "view": st.just("CC"),
        "created_from": instants.map(lambda at: min(at, START + timedelta(seconds=1))),
        "created_to": instants.map(lambda at: max(at, START + timedelta(seconds=2))),
        "q": st.sampled_from(["alp", "be", "p2%", "zzz"]),
    },
)
limits = st.integers(1, 6)
directions = st.sampled_from(["next", "prev"])


@dataclass(frozen=True)
class Row:
    """One image as the model knows it."""

    id: int
    facts: dict[str, Any]

    @property
    def place(self) -> tuple[datetime, int]:
        return self.facts["created_at"], self.id

    def matches(self, filters: dict[str, Any]) -> bool:
        if "created_from" in filters and self.facts["created_at"] < filters["created_from"]:
            return False
        if "created_to" in filters and self.facts["created_at"] >= filters["created_to"]:
            return False
        if "q" in filters and not self._is_found(filters["q"]):
            return False
        columns = {"view": "view_position"}
        ours = (name for name in filters if name not in ("created_from", "created_to", "q"))
        return all(self.facts[columns.get(name, name)] == filters[name] for name in ours)

    def _is_found(self, text: str) -> bool:
        name, patient = self.facts["original_name"].lower(), (self.facts["patient_id"] or "").lower()
        in_name = text in name if len(text) > 2 else name.startswith(text)
        return in_name or patient.startswith(text)


@dataclass
class Walk:
    """A client on its way: where it stands, what was there at the first page, what it has been shown."""

    filters: dict[str, Any]
    direction: str
    cursor: str | None
    there: set[int]
    seen: list[int] = field(default_factory=list)


class CursorMachine(RuleBasedStateMachine):
    """`url` is set by the test; the database is emptied for each run."""

    url: str
    steps = 0

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.pool: asyncpg.Pool = self.run(open_pool(self.url, size=2, application_name="tests"))
        self.writer: asyncpg.Connection = self.run(asyncpg.connect(self.url))
        self.run(self.pool.execute("DELETE FROM images"))
        self.number = 0
        self.rows: dict[int, Row] = {}
        self.late: list[Row] = []
        self.transaction: Any = None
        self.walks: list[Walk] = []
        self.sift_rows = sifting.SIFT_ROWS

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        sifting.SIFT_ROWS = self.sift_rows
        self.run(self.writer.close())
        self.run(self.pool.close())
        self.runner.close()

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return self.runner.run(work)

    # --- rows come and go ---

    async def _insert(self, connection: Any, new: dict[str, Any]) -> Row:
        self.number += 1
        values = [new[name] for name in _COLUMNS]
        row_id = await connection.fetchval(_INSERT, *values, f"machine/{self.number}")
        return Row(row_id, new)

    @rule(new=st.lists(facts, min_size=1, max_size=4))
    def insert(self, new: list[dict[str, Any]]) -> None:
        for one in new:
            row = self.run(self._insert(self.pool, one))
            self.rows[row.id] = row
        self._count()

    @precondition(lambda self: self.rows)
    @rule(which=st.randoms(use_true_random=False))
    def delete(self, which: random.Random) -> None:
        row_id = which.choice(sorted(self.rows))
        self.run(self.pool.execute("DELETE FROM images WHERE id = $1", row_id))
        del self.rows[row_id]
        for walk in self.walks:
            walk.there.discard(row_id)
        self._count()

    @rule(new=facts)
    def insert_and_commit_later(self, new: dict[str, Any]) -> None:
        if self.transaction is None:
            self.transaction = self.writer.transaction()
            self.run(self.transaction.start())
        self.late.append(self.run(self._insert(self.writer, new)))
        self._count()

    @precondition(lambda self: self.late)
    @rule()
    def commit(self) -> None:
        self.run(self.transaction.commit())
        self.rows |= {row.id: row for row in self.late}
        self.late, self.transaction = [], None
        self._count()

    # --- clients walk ---

    @rule(filters=some_filters, direction=directions, limit=limits, near=st.sampled_from([2, 5, 2_000]))
    def begin_a_walk(self, filters: dict[str, Any], direction: str, limit: int, near: int) -> None:
        sifting.SIFT_ROWS = near  # so that a handful of rows is more than what is looked at
        there = {row.id for row in self.rows.values() if row.matches(filters)}
        walk = Walk(filters, direction, None, there)
        self.walks = [*self.walks[-3:], walk]
        self._go_on(walk, limit)

    @precondition(lambda self: any(walk.cursor for walk in self.walks))
    @rule(limit=limits, which=st.integers(0, 3))
    def walk_on(self, limit: int, which: int) -> None:
        going = [walk for walk in self.walks if walk.cursor]
        self._go_on(going[which % len(going)], limit)

    def _go_on(self, walk: Walk, limit: int) -> None:
        page = self._page(walk.cursor, walk.direction, limit, walk.filters)
        shown = [image.id for image in page.rows]
        assert not set(shown) & set(walk.seen), "a row came twice"
        walk.seen += shown
        walk.cursor = page.next_cursor if walk.direction == "next" else page.prev_cursor
        assert page.has_more == (walk.cursor is not None)
        if walk.cursor is None:
            assert walk.there <= set(walk.seen), "a row was lost"

    @precondition(lambda self: any(walk.cursor for walk in self.walks))
    @rule(filters=some_filters, direction=directions, limit=limits, which=st.integers(0, 3))
    def turn_or_change_filters(self, filters: dict[str, Any], direction: str, limit: int, which: int) -> None:
        going = [walk for walk in self.walks if walk.cursor]
        self._page(going[which % len(going)].cursor, direction, limit, filters)

    @rule(at=instants, row_id=st.integers(0, 300), direction=directions, limit=limits, filters=some_filters)
    def make_up_a_cursor(self, at: datetime, row_id: int, direction: str, limit: int, filters: dict[str, Any]) -> None:
        self._page(cursor_text(at, row_id), direction, limit, filters)

    @precondition(lambda self: self.rows)
    @rule(which=st.randoms(use_true_random=False), direction=directions, limit=limits)
    def use_a_cursor_in_whole_seconds(self, which: random.Random, direction: str, limit: int) -> None:
        row = self.rows[which.choice(sorted(self.rows))]
        at = row.facts["created_at"].strftime("%Y-%m-%dT%H:%M:%SZ")
        page = self._ask(f"{at}_{row.id}", direction, limit, {})
        self._compare(page, Cursor(created_at=row.place[0], id=row.id), direction, limit, {})

    @rule(cut=st.integers(0, 30), put=st.sampled_from(["", "x", "-", "0", "Z", "_", "\0", "９"]), direction=directions)
    def tamper(self, cut: int, put: str, direction: str) -> None:
        text = cursor_text(START, 7)
        forged = text[:cut] + put + text[cut + 1 :]
        try:
            parse_page_request(forged, direction, 3)
        except Malformed as refused:
            assert refused.code == "invalid_cursor"
        else:
            assert len(self._ask(forged, direction, 3, {}).rows) <= 3
        self._count()

    # --- the model ---

    def _ask(self, cursor: str | None, direction: str, limit: int, filters: dict[str, Any]) -> Page[Image]:
        request = parse_page_request(cursor, direction, limit)
        everybody = Principal(user_id=ADMIN, email="", name="", role="admin")
        self._count()
        return self.run(page_after(self.pool, request, ImageFilters(**filters), everybody))

    def _page(self, cursor: str | None, direction: str, limit: int, filters: dict[str, Any]) -> Page[Image]:
        page = self._ask(cursor, direction, limit, filters)
        place = parse_page_request(cursor, direction, limit).cursor
        self._compare(page, place, direction, limit, filters)
        return page

    def _compare(
        self, page: Page[Image], cursor: Cursor | None, direction: str, limit: int, filters: dict[str, Any]
    ) -> None:
        at = None if cursor is None else (cursor.created_at, int(cursor.id))
        newest_first = sorted((r.place for r in self.rows.values() if r.matches(filters)), reverse=True)
        older = [place for place in newest_first if at is None or place < at]
        newer = [place for place in newest_first if at is None or place > at]
        wanted = older[:limit] if direction == "next" else newer[-limit:]
        assert [(image.created_at, image.id) for image in page.rows] == wanted
        if wanted:
            assert (page.next_cursor is None) == (newest_first[-1] == wanted[-1])
            assert (page.prev_cursor is None) == (newest_first[0] == wanted[0])

    def _count(self) -> None:
        type(self).steps += 1


def test_no_row_comes_twice_and_none_is_lost_whatever_happens(people_database: str) -> None:
    CursorMachine.url = people_database
    CursorMachine.steps = 0
    run_state_machine_as_test(
        CursorMachine,
        settings=settings(
            max_examples=max(1, STEPS // STEPS_OF_A_RUN),
            stateful_step_count=STEPS_OF_A_RUN,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
    log.info("%d steps against the model", CursorMachine.steps)
    assert CursorMachine.steps >= STEPS // 4


# --- the same while others write ------------------------------------------------------------------------------

WRITERS = 20
WALKS = max(12, STEPS // 40)


@pytest.fixture
async def busy_pool(migrated_database: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sifting, "SIFT_ROWS", 40)
    await empty_database(migrated_database)
    await add_people(migrated_database)
    pool = await open_pool(migrated_database, size=WRITERS + 4, application_name="tests")
    await pool.executemany(_INSERT, [_any_row(random.Random(n), f"busy/{n}") for n in range(400)])
    yield pool
    await pool.close()


def _any_row(rng: random.Random, key: str) -> tuple[Any, ...]:
    """Rows share their instants, and lie among those that are being walked over."""
    at = START + timedelta(microseconds=rng.choice([0, 1, 2, 10]), seconds=rng.randrange(40))
    return (
        rng.choice([OWNER, OTHER]), at, rng.choice(["dicom", "png"]), rng.choice(["ready", "ready", "failed"]),
        rng.choice(["R", "L"]), rng.choice(["CC", "MLO"]), rng.choice(["alpha.dcm", "beta.dcm"]), None, key,
    )  # fmt: skip


async def _write(pool: asyncpg.Pool, number: int, deleted: set[int], done: asyncio.Event) -> int:
    """Inserts, deletes and commits late until the walks have ended; answers how many statements that were."""
    rng, count = random.Random(1000 + number), 0
    async with pool.acquire() as connection:
        while not done.is_set():
            async with connection.transaction():
                key = f"writer/{number}/{count}"
                await connection.fetchval(_INSERT, *_any_row(rng, key))
                gone = await connection.fetchval(
                    "SELECT id FROM images ORDER BY md5(id::text || $1) LIMIT 1 FOR UPDATE SKIP LOCKED", key
                )
                if gone is not None:
                    deleted.add(gone)  # before it is gone: it may be missing from now on
                    await connection.execute("DELETE FROM images WHERE id = $1", gone)
                for _ in range(rng.randrange(4)):  # the others go on meanwhile, and this commits later than they
                    await connection.execute("SELECT 1")
            count += 3
    return count


async def _walk(pool: asyncpg.Pool, seed: int, deleted: set[int]) -> None:
    rng = random.Random(seed)
    filters = ImageFilters(
        status=rng.choice([None, "ready", "failed"]),
        laterality=rng.choice([None, "R"]),
        q=rng.choice([None, None, "alpha"]),
        user_id=rng.choice([None, OWNER]),
    )
    everybody = Principal(user_id=ADMIN, email="", name="", role="admin")
    there = {row["id"] for row in await pool.fetch(
        """SELECT id FROM images WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR laterality = $2)
           AND ($3::text IS NULL OR original_name LIKE $3 || '%') AND ($4::bigint IS NULL OR user_id = $4)""",
        filters.status, filters.laterality, filters.q, filters.user_id,
    )}  # fmt: skip
    direction, cursor, seen = rng.choice(["next", "prev"]), None, list[int]()
    while True:
        request = parse_page_request(cursor, direction, rng.choice([7, 20, 100]))
        page = await page_after(pool, request, filters, everybody)
        seen += [image.id for image in page.rows]
        cursor = page.next_cursor if direction == "next" else page.prev_cursor
        assert page.has_more == (cursor is not None)
        if cursor is None:
            break
    assert len(seen) == len(set(seen)), "a row came twice"
    assert there - deleted <= set(seen), "a row was lost"


async def test_no_row_comes_twice_and_none_is_lost_while_twenty_others_write(busy_pool: asyncpg.Pool) -> None:
    deleted, done = set[int](), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        writers = [tasks.create_task(_write(busy_pool, number, deleted, done)) for number in range(WRITERS)]
        try:
            for first in range(0, WALKS, 3):
                await asyncio.gather(*(_walk(busy_pool, first + n, deleted) for n in range(3)))
        finally:
            done.set()
    counts = [writer.result() for writer in writers]
    log.info("%d walks beside %d statements of %d writers", WALKS, sum(counts), WRITERS)
    assert all(counts), "every writer has written"
