"""The exam list walks its index, or sifts a bounded number of rows; its search goes through the search index."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
from benchmarks.explain import Explainer, Measured

from conftest import empty_database  # pyright: ignore[reportAttributeAccessIssue] - of tests/, not of tests/features
from mammogram_viewer.accounts.models import Principal, Role
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.foundation.errors import NotFound
from mammogram_viewer.foundation.keyset import PageRequest, parse_page_request
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.gallery import exam_service
from mammogram_viewer.gallery.exam_filters import ExamFilters, parse_day

EXAMS = 4_000  # more than are sifted
# Half an exam each, and one in a hundred images that failed; two people have sent them.
_FILL = """
WITH people AS (
    INSERT INTO users (email, name, role, status)
    SELECT n || '@example.org', '', 'user', 'active' FROM generate_series(1, 2) n RETURNING id
), made AS (
    INSERT INTO studies (study_instance_uid, study_at, created_at)
    SELECT '1.2.' || n, timestamp '2024-01-01' + n * interval '1 hour',
           timestamptz '2024-01-01Z' + n * interval '1 hour'
    FROM generate_series(1, $1::integer) n RETURNING id
)
INSERT INTO images (user_id, created_at, file_type, original_name, byte_count, sha256, storage_key, study_id, modality,
                    laterality, view_position, status, study_at, patient_id)
SELECT (SELECT min(id) FROM people) + m.id % 2, timestamptz '2024-01-01Z' + m.id * interval '1 hour', 'dicom',
       'IM' || m.id || '-' || k, 1, sha256(convert_to(m.id || '-' || k, 'UTF8')), m.id || '-' || k, m.id, 'MG', 'R',
       CASE k WHEN 0 THEN 'CC' ELSE 'MLO' END, CASE WHEN (m.id + k) % 20 = 0 THEN 'rejected' ELSE 'ready' END,
       timestamp '2024-01-01' + m.id * interval '1 hour', 'P' || m.id
FROM made m, generate_series(0, 1) k ORDER BY m.id, k"""
# A page of twenty shows about a hundred pictures and names; each is a walk down an index or two.
BLOCKS_OF_A_PAGE = 3_000
WALKED = "exam_tallies_created_at_idx"
SEARCHED = "exam_tallies_search_idx"
FREQUENT = [
    ExamFilters(),
    ExamFilters(laterality="R"),
    ExamFilters(view="CC"),
    ExamFilters(laterality="R", view="MLO"),
    ExamFilters(modality="MG"),
    ExamFilters(status="ready"),
    ExamFilters(status="rejected"),
    ExamFilters(study_from=parse_day("", "2000-01-01")),
]
RARE = [
    ExamFilters(modality="ZZ"),
    ExamFilters(view="XCCL", status="failed", modality="MR"),
    ExamFilters(user_id=999_999),
    ExamFilters(q="nobody of that name"),
]


@pytest.fixture(scope="module")
async def archive(migrated_database: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool on a database of its own rows; emptied again by whoever comes next."""
    await empty_database(migrated_database)
    pool = await open_pool(migrated_database, size=2, application_name="tests")
    await pool.execute(_FILL, EXAMS)
    await pool.execute("VACUUM ANALYZE")
    yield pool
    await pool.close()
    await empty_database(migrated_database)


def person(role: Role, user_id: int = 999_999) -> Principal:
    return Principal(user_id=user_id, email="", name="", role=role)


async def page_of(
    db: asyncpg.Pool, filters: ExamFilters, request: PageRequest, role: Role = "admin", user_id: int = 999_999
) -> Measured:
    explainer = Explainer(db)
    await exam_service.page_after(explainer, request, filters, person(role, user_id), Settings())  # type: ignore[arg-type] - a stand-in that explains
    return explainer.measured


@pytest.mark.parametrize("filters", FREQUENT, ids=repr)
async def test_a_page_walks_the_list_and_reads_no_more_than_it_shows(archive: asyncpg.Pool, filters: ExamFilters):
    middle = await archive.fetchval(
        "SELECT created_at FROM exam_tallies WHERE viewer_id = 0 ORDER BY created_at OFFSET $1 LIMIT 1", EXAMS // 2
    )
    cursor = f"{middle.isoformat().replace('+00:00', 'Z')}_1"
    for request in (
        PageRequest(),
        parse_page_request(cursor, "next", 20),
        parse_page_request(cursor, "prev", 20),
    ):
        page = await page_of(archive, filters, request)
        assert WALKED in page.indexes, page.nodes
        assert page.blocks < BLOCKS_OF_A_PAGE


@pytest.mark.parametrize("filters", RARE, ids=repr)
async def test_what_is_rare_is_found_by_the_search_index(archive: asyncpg.Pool, filters: ExamFilters):
    page = await page_of(archive, filters, PageRequest())
    assert SEARCHED in page.indexes, page.nodes
    assert page.blocks < BLOCKS_OF_A_PAGE


async def test_what_is_gathered_from_afar_is_each_exam_once_and_only_the_callers(archive: asyncpg.Pool):
    """Looked for far behind a cursor, so that the rows nearby are not enough."""
    owner = await archive.fetchval("SELECT min(user_id) FROM images")
    rare = ExamFilters(study_from=parse_day("", "2024-01-02"), study_to=parse_day("", "2024-01-04"))
    people: list[tuple[Role, int, int]] = [("admin", 999_999, 1), ("user", owner, 2)]
    for role, user_id, share in people:
        page = await exam_service.page_after(archive, PageRequest(limit=100), rare, person(role, user_id), Settings())
        assert len(page.rows) == len({study.id for study in page.rows}) == 48 / share
        assert all(study.image_count == 2 for study in page.rows)
        assert role == "admin" or {one.id for study in page.rows for one in study.uploaders} == {owner}


async def test_who_sees_their_own_images_alone_walks_their_own_exams(archive: asyncpg.Pool):
    owner = await archive.fetchval("SELECT user_id FROM images ORDER BY id LIMIT 1")
    for filters in (ExamFilters(), ExamFilters(laterality="R"), ExamFilters(status="ready")):
        page = await page_of(archive, filters, PageRequest(), "user", owner)
        assert WALKED in page.indexes, page.nodes
        assert page.blocks < BLOCKS_OF_A_PAGE
    stranger = await page_of(archive, ExamFilters(), PageRequest(), "user", 999_999)
    assert stranger.blocks < 20


async def test_a_page_reads_the_same_whatever_its_exams_hold(archive: asyncpg.Pool):
    """Counts and views come from the tally: a study of a thousand images costs no more than one of four."""
    study_id = await archive.fetchval("SELECT exam_id FROM exam_tallies WHERE viewer_id = 0 ORDER BY created_at DESC")
    before = await page_of(archive, ExamFilters(), PageRequest(limit=1))
    await archive.execute(
        """INSERT INTO images (user_id, file_type, original_name, byte_count, sha256, storage_key, study_id, modality)
           SELECT user_id, 'dicom', 'slice', 1, sha256(convert_to('slice' || n, 'UTF8')), 'slice-' || n, study_id,
                  'MR'
           FROM images, generate_series(1, 1000) n
           WHERE id = (SELECT min(id) FROM images WHERE study_id = $1)""",
        study_id,
    )
    after = await page_of(archive, ExamFilters(), PageRequest(limit=1))
    assert after.blocks < before.blocks + 20


async def order_of(archive: asyncpg.Pool, viewer_id: int) -> list[int]:
    """Every exam of a viewer's list, the newest first."""
    rows = await archive.fetch(
        """SELECT exam_id FROM exam_tallies WHERE viewer_id = $1 AND image_count > 0
           ORDER BY created_at DESC, exam_id DESC""",
        viewer_id,
    )
    return [row["exam_id"] for row in rows]


async def test_neighbours_are_those_of_the_list_with_its_filters_and_of_the_viewer(archive: asyncpg.Pool):
    owner = await archive.fetchval("SELECT min(user_id) FROM images")
    people: list[tuple[Role, int, int]] = [("admin", 999_999, 0), ("user", owner, owner)]
    for role, user_id, viewer_id in people:
        listed = await order_of(archive, viewer_id)
        for at in (0, 1, len(listed) // 2, len(listed) - 1):
            around = await exam_service.neighbours(archive, listed[at], ExamFilters(), person(role, user_id))
            before = listed[at - 1] if at else None
            assert around == (before, listed[at + 1] if at + 1 < len(listed) else None)
    listed = await order_of(archive, 0)
    rejected = [row[0] for row in await archive.fetch("SELECT study_id FROM images WHERE status = 'rejected'")]
    kept = [exam for exam in listed if exam in set(rejected)]
    middle = kept[len(kept) // 2]
    for one in (middle, listed[listed.index(middle) + 1]):  # that one fits, and this one, next to it, may not
        at = listed.index(one)
        newer = [exam for exam in kept if listed.index(exam) < at]
        older = [exam for exam in kept if listed.index(exam) > at]
        found = await exam_service.neighbours(archive, one, ExamFilters(status="rejected"), person("admin"))
        assert found == (newer[-1], older[0])
    few = ExamFilters(study_from=parse_day("", "2024-01-02"), study_to=parse_day("", "2024-01-04"))  # from afar
    oldest = await archive.fetchval(
        "SELECT exam_id FROM exam_tallies WHERE viewer_id = 0 AND study_on = '2024-01-03' ORDER BY created_at DESC"
    )
    assert await exam_service.neighbours(archive, listed[0], few, person("admin")) == (None, oldest)
    with pytest.raises(NotFound):
        await exam_service.neighbours(archive, listed[0], ExamFilters(), person("user", 999_999))


@pytest.mark.parametrize("filters", [*FREQUENT, *RARE], ids=repr)
async def test_neighbours_cost_the_same_at_the_end_of_the_list_as_at_its_beginning(
    archive: asyncpg.Pool, filters: ExamFilters
):
    listed = await order_of(archive, 0)
    for one in (listed[10], listed[len(listed) // 2], listed[-10]):
        explainer = Explainer(archive)
        await exam_service.neighbours(explainer, one, filters, person("admin"))  # type: ignore[arg-type] - a stand-in that explains
        page = explainer.measured
        assert page.indexes & {WALKED, SEARCHED}, page.nodes
        assert not any(node.startswith("Seq Scan") for node in page.nodes), page.nodes
        assert not any("OFFSET" in sql for sql, _ in explainer.statements if filters.q is None)
        assert page.blocks < (60 if filters == ExamFilters() else BLOCKS_OF_A_PAGE)
