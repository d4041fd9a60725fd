"""Plans of the image and user lists: each page walks the index built for it, reads as many rows as it shows, and sorts
nothing; what no index was built for reads a bounded number of rows or goes through the search index."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
from benchmarks.explain import Explainer

from conftest import empty_database  # pyright: ignore[reportAttributeAccessIssue] - of tests/, not of tests/features
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.accounts.users import list_users
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.foundation.keyset import Cursor, PageRequest
from mammogram_viewer.foundation.sifting import SIFT_ROWS
from mammogram_viewer.gallery.filters import ImageFilters
from mammogram_viewer.gallery.service import page_after

DOCUMENT = Path(__file__).parents[2] / "docs/indexes.md"
LIMIT = 20
ROWS = 30_000
MAY = datetime(2024, 1, 5, tzinfo=UTC)
JUNE = datetime(2024, 1, 15, tzinfo=UTC)
MIDDLE = Cursor(created_at=datetime(2024, 1, 10, 12, tzinfo=UTC), id=1)
EVERYBODY = Principal(user_id=999_999, email="", name="", role="admin")

# The newest tenth is pending, and the first person has stopped uploading after the oldest third: what makes a walk over
# `created_at` long.
_FILL = f"""
INSERT INTO users (email, name, role, status, created_at)
SELECT 'person' || n || '@example.org', 'Person ' || md5(n::text),
       CASE n % 3 WHEN 0 THEN 'technologist' ELSE 'user' END,
       CASE n % 20 WHEN 0 THEN 'pending' ELSE 'active' END, timestamptz '2024-01-01Z' + n * interval '4 minutes'
FROM generate_series(1, 5000) n;
INSERT INTO studies (study_instance_uid) VALUES ('1.2.3');
INSERT INTO images (user_id, created_at, file_type, original_name, byte_count, sha256, storage_key, status, modality,
                    laterality, view_position, patient_id, patient_name, study_id)
SELECT (SELECT min(id) FROM users) + CASE WHEN n < {ROWS // 3} THEN 0 ELSE n % 50 + 1 END,
       timestamptz '2024-01-01Z' + n * interval '1 minute', CASE n % 40 WHEN 0 THEN 'png' ELSE 'dicom' END,
       'scan_' || n || '.dcm', 1, sha256(n::text::bytea), 'k/' || n,
       CASE WHEN n > {ROWS * 9 // 10} THEN 'pending' WHEN n % 100 = 7 THEN 'failed' ELSE 'ready' END,
       CASE n % 50 WHEN 3 THEN 'US' ELSE 'MG' END, CASE n % 2 WHEN 0 THEN 'R' ELSE 'L' END,
       CASE WHEN n % 2000 = 5 THEN 'SIO' WHEN n % 4 < 2 THEN 'CC' ELSE 'MLO' END, 'P' || n / 4, 'Name^' || md5(n::text),
       CASE n % 1000 WHEN 1 THEN (SELECT min(id) FROM studies) END
FROM generate_series(1, {ROWS}) n;
ANALYZE;
"""

WALKED: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({}, "images_created_at_idx"),
    "from": ({"created_from": MAY}, "images_created_at_idx"),
    "to": ({"created_to": JUNE}, "images_created_at_idx"),
    "from+to": ({"created_from": MAY, "created_to": JUNE}, "images_created_at_idx"),
    "fileType": ({"file_type": "dicom"}, "images_by_file_type_idx"),
    "fileType, rare": ({"file_type": "png"}, "images_by_file_type_idx"),
    "userId": ({"user_id": 1}, "images_by_user_idx"),
    "status": ({"status": "ready"}, "images_by_status_idx"),
    "status, rare": ({"status": "failed"}, "images_by_status_idx"),
    "laterality": ({"laterality": "R"}, "images_by_laterality_idx"),
    "view": ({"view": "CC"}, "images_by_view_idx"),
    "view, rare": ({"view": "SIO"}, "images_by_view_idx"),
    "modality": ({"modality": "MG"}, "images_by_modality_idx"),
    "studyId": ({"study_id": 1}, "images_by_study_idx"),
    "user+type": ({"user_id": 1, "file_type": "dicom"}, "images_by_user_and_file_type_idx"),
    "user+status": ({"user_id": 1, "status": "ready"}, "images_by_user_and_status_idx"),
    "date+type": ({"file_type": "dicom", "created_from": MAY, "created_to": JUNE}, "images_by_file_type_idx"),
    "view+side": ({"view": "CC", "laterality": "R"}, "images_by_view_and_laterality_idx"),
}
SIFTED: dict[str, dict[str, Any]] = {
    "status+view+user": {"status": "failed", "view": "CC", "user_id": 1},
    "modality+view, never": {"modality": "US", "view": "SIO"},
    "type+side, never": {"file_type": "png", "laterality": "L"},
    "q, one letter": {"q": "s"},
    "q, part of a name": {"q": "an_12345"},
    "q, patient": {"q": "P1234"},
    "q, nothing": {"q": "zzqqxx"},
    "q, no letter": {"q": "%_"},
    "q+status": {"q": "scan", "status": "failed"},
}
PLACES = {
    "first": PageRequest(limit=LIMIT),
    "last": PageRequest(limit=LIMIT, direction="prev"),
    "older": PageRequest(limit=LIMIT, cursor=MIDDLE),
    "newer": PageRequest(limit=LIMIT, cursor=MIDDLE, direction="prev"),
}


@pytest.fixture(scope="module")
async def many(migrated_database: str) -> AsyncIterator[asyncpg.Pool]:
    """Rows of this file alone; emptied by whoever comes next."""
    await empty_database(migrated_database)
    pool = await open_pool(migrated_database, size=2, application_name="tests")
    await pool.execute(_FILL, timeout=120)
    yield pool
    await pool.close()


async def plans_of(pool: asyncpg.Pool, read: Any, *, generic: bool = False) -> list[dict[str, Any]]:
    """The plan of each statement that `read` sends, with the rows that were really met. `generic`: as PostgreSQL plans
    a statement that it has been asked often, without a look at the values."""
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        notes = Explainer(cast(asyncpg.Connection, connection))
        await read(notes)
        plans = []
        for sql, values in notes.statements:
            await connection.execute(f"SET LOCAL plan_cache_mode = force_{'generic' if generic else 'custom'}_plan")
            told = await _explain(connection, sql, values)
            plans.append(json.loads(told)[0]["Plan"])
        return plans


async def _explain(connection: Any, sql: str, values: tuple[Any, ...]) -> str:
    """By PREPARE, for an EXPLAIN with values of its own is planned with them."""
    literals = [await connection.fetchval("SELECT quote_nullable($1::text)", _text(value)) for value in values]
    await connection.execute(f"PREPARE planned AS {sql}")
    arguments = f"({', '.join(literals)})" if literals else ""
    told = await connection.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE planned{arguments}")
    await connection.execute("DEALLOCATE planned")
    return told


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


def _reads_all(node: dict[str, Any], table: str) -> bool:
    return node["Node Type"] == "Seq Scan" and node["Relation Name"] == table


def rows_met(node: dict[str, Any]) -> int:
    """Those that came out and those that were read in vain, over all its loops."""
    removed = sum(node.get(name, 0) for name in ("Rows Removed by Filter", "Rows Removed by Index Recheck"))
    return round((node["Actual Rows"] + removed) * node["Actual Loops"])


@pytest.mark.parametrize("generic", [False, True], ids=["these values", "any values"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", WALKED)
async def test_a_page_walks_its_own_index_and_reads_what_it_shows(
    many: asyncpg.Pool, name: str, place: str, generic: bool
) -> None:
    filters, index = WALKED[name]
    plans = await plans_of(
        many, lambda db: page_after(db, PLACES[place], ImageFilters(**filters), EVERYBODY), generic=generic
    )
    met = [node for plan in plans for node in nodes(plan)]
    assert not [node for node in met if node["Node Type"] == "Incremental Sort" or _reads_all(node, "images")]
    of_images = [node for node in met if node.get("Index Name", "").startswith("images_")]
    # Of a pair, the first one's index may do, where nearly all that it leaves match.
    is_pair = index.count("_and_") == 1
    also = {f"{index.partition('_and_')[0]}_idx"} if is_pair else set()
    assert {node["Index Name"] for node in of_images} <= {index} | also
    assert all(rows_met(node) <= (LIMIT + 1) * (3 if is_pair else 1) for node in of_images)
    assert all(rows_met(node) <= LIMIT + 1 for node in met if node["Node Type"] == "Sort")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", SIFTED)
async def test_what_has_no_index_reads_a_bounded_number_of_rows(many: asyncpg.Pool, name: str, place: str) -> None:
    plans = await plans_of(many, lambda db: page_after(db, PLACES[place], ImageFilters(**SIFTED[name]), EVERYBODY))
    for node in (node for plan in plans for node in nodes(plan)):
        assert not _reads_all(node, "images"), name
        if node.get("Index Name", "").startswith("images_") and "Bitmap" not in node["Node Type"]:
            assert rows_met(node) <= SIFT_ROWS, (name, node["Index Name"], rows_met(node))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", ["1", "x", "12"])
async def test_a_short_text_is_found_where_it_begins_a_name_not_any_word(
    many: asyncpg.Pool, text: str, place: str
) -> None:
    """The file names have numbers that begin so, which the search by trigrams would all read."""
    plans = await plans_of(many, lambda db: page_after(db, PLACES[place], ImageFilters(q=text), EVERYBODY))
    met = [node for plan in plans for node in nodes(plan)]
    gathered = {node["Index Name"] for node in met if node["Node Type"] == "Bitmap Index Scan"}
    # What is shown beside an image may be gathered too, where there are few renditions.
    assert {name for name in gathered if name.startswith("images_")} <= {"images_beginnings_idx"}
    assert all(rows_met(node) <= SIFT_ROWS for node in met), [node for node in met if rows_met(node) > SIFT_ROWS]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "chosen", [{}, {"status": "active"}, {"status": "pending"}, {"role": "user"}], ids=lambda chosen: str(chosen)
)
async def test_a_page_of_users_walks_its_own_index(many: asyncpg.Pool, chosen: dict[str, Any], place: str) -> None:
    plans = await plans_of(many, lambda db: list_users(db, PLACES[place], **chosen))
    met = [node for plan in plans for node in nodes(plan)]
    of_users = {node["Index Name"] for node in met if "Index Name" in node}
    assert of_users == {f"users_by_{next(iter(chosen))}_idx" if chosen else "users_created_at_id_idx"}
    assert not [node for node in met if node["Node Type"] in ("Sort", "Seq Scan", "Incremental Sort")]
    assert all(rows_met(node) <= LIMIT + 1 for node in met)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "chosen", [{"prefix": "zzqq"}, {"prefix": "person4999"}, {"status": "pending", "role": "technologist"}], ids=str
)
async def test_a_search_for_users_never_reads_the_whole_table(
    many: asyncpg.Pool, chosen: dict[str, Any], place: str
) -> None:
    plans = await plans_of(many, lambda db: list_users(db, PLACES[place], **chosen))
    met = [node for plan in plans for node in nodes(plan)]
    assert "Seq Scan" not in {node["Node Type"] for node in met}
    if "prefix" in chosen:
        gathered = {node["Index Name"] for node in met if node["Node Type"] == "Bitmap Index Scan"}
        assert gathered <= {"users_by_email_prefix_idx", "users_by_name_prefix_idx"}
        assert all(rows_met(node) <= SIFT_ROWS for node in met)


async def test_no_list_skips_rows(many: asyncpg.Pool) -> None:
    for filters in [*(filters for filters, _ in WALKED.values()), *SIFTED.values()]:
        async with many.acquire() as connection:
            notes = Explainer(cast(asyncpg.Connection, connection))
            page: Any = page_after(cast(Any, notes), PLACES["older"], ImageFilters(**filters), EVERYBODY)
            await page
        assert not [sql for sql, _ in notes.statements if "OFFSET" in sql]


async def test_the_document_names_every_index_and_no_other(many: asyncpg.Pool) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    tables = re.findall(r"^## (\w+)$", text, re.MULTILINE)
    rows = await many.fetch("SELECT indexname FROM pg_indexes WHERE tablename = ANY($1::text[])", tables)
    assert {"images", "renditions", "users", "studies", "job_queue"} <= set(tables)
    assert sorted(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == sorted(row["indexname"] for row in rows)
