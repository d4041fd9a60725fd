"""After whatever people and workers do, an exam says exactly what its images say."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import empty_database  # pyright: ignore[reportAttributeAccessIssue] - of tests/, not of tests/features
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.archive import corrections, exams, service, withdrawals
from mammogram_viewer.archive.models import NewImage
from mammogram_viewer.dicom.header import ImageHeader
from mammogram_viewer.foundation.errors import MammogramViewerError
from mammogram_viewer.foundation.keyset import PageRequest, parse_page_request
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.gallery import exam_service
from mammogram_viewer.gallery.exam_filters import ExamFilters
from mammogram_viewer.gallery.exam_schemas import Study

USERS = (1, 2)
STUDIES = 5
PATIENTS = (None, None, "A", "A", None, "B")  # of study 0, which is none, to 5
TECHNOLOGIST = Principal(user_id=9, email="", name="", role="technologist")

numbers = st.integers(min_value=0, max_value=11)
studies = st.integers(min_value=1, max_value=STUDIES)
headers = st.builds(
    lambda study, side, view, raw, spot, modality: ImageHeader(
        study_instance_uid=f"1.2.{study}" if study else None,
        series_instance_uid=f"1.2.{study}.1" if study else None,
        sop_instance_uid=None,
        patient_id=PATIENTS[study],
        patient_name=PATIENTS[study],
        modality=modality,
        laterality=side,
        view_position=view,
        presentation_intent_type="FOR PROCESSING" if raw else "FOR PRESENTATION",
        view_modifiers=("spot_compression",) if spot else (),
    ),
    st.integers(min_value=0, max_value=STUDIES),
    st.sampled_from(("R", "L", "B", None)),
    st.sampled_from(("CC", "MLO", "ML", None)),
    st.booleans(),
    st.booleans(),
    st.sampled_from(("MG", "MG", "MG", "US", None)),
)
acts = st.one_of(
    st.tuples(st.just("file"), numbers, headers),
    st.tuples(st.just("status"), numbers, st.sampled_from(("ready", "rejected", "failed", "pending"))),
    st.tuples(st.just("correct"), numbers, st.sampled_from(("R", "L", None))),
    st.tuples(st.just("delete"), numbers, numbers),
    st.tuples(st.just("restore"), numbers, numbers),
    st.tuples(st.just("group"), studies, studies),
    st.tuples(st.just("ungroup"), studies, studies),
)


# Each study has an image or two before the story begins.
BEFORE = [
    ("file", number, ImageHeader(study_instance_uid=f"1.2.{study}", series_instance_uid=f"1.2.{study}.1",
                                 patient_id=PATIENTS[study], modality="MG", laterality="R", view_position="CC"))
    for number, study in enumerate((1, 2, 3, 4, 5, 1, 2, 3))
]  # fmt: skip


async def do(db: asyncpg.Pool, act: tuple[Any, ...]) -> None:
    """One act; what the archive refuses changes nothing. Images are numbered 0 to 11, studies by their UIDs."""
    kind, one, other = act
    async with db.acquire() as connection, connection.transaction():
        if kind == "file":
            image_id = await known_image(connection, one)
            await service.file_header(connection, image_id, other)
        elif kind == "status":
            for image_id in await present(connection, [one]):
                await service.mark_ended(connection, image_id, other, "test", "test")
        elif kind == "correct":
            for image_id in await present(connection, [one]):
                await corrections.correct(connection, image_id, "laterality", other, user_id=USERS[0])
        elif kind == "delete":
            ids = await present(connection, [one, other])
            await withdrawals.withdraw_images(connection, ids, deleted_by=1, undo_seconds=60, cancelled_jobs=[])
        elif kind == "restore":
            rows = await connection.fetch("SELECT image_id FROM withdrawn_images ORDER BY image_id")
            ids = [row["image_id"] for row in rows][one % 3 :]
            await withdrawals.restore_images(connection, ids, owner_id=None)
        else:
            head, member = await study_ids(connection, one, other)
            if kind == "group":
                await exams.group(connection, head, [member], most_members=10)
            else:
                await exams.ungroup(connection, head, [member])


async def known_image(connection: Any, number: int) -> int:
    """The image of that number, uploaded when it is not there: even ones by one person, odd ones by another."""
    image = NewImage(
        user_id=USERS[number % 2],
        file_type="dicom",
        original_name=f"{number}.dcm",
        byte_count=1,
        sha256=bytes([number]) * 32,
        storage_key=f"originals/{number}-{await connection.fetchval('SELECT clock_timestamp()')}",
    )
    return (await service.register_image(connection, image)).id


async def present(connection: Any, wanted: list[int]) -> list[int]:
    digests = [bytes([number]) * 32 for number in wanted]
    rows = await connection.fetch("SELECT id FROM images WHERE sha256 = ANY($1::bytea[])", digests)
    return [row["id"] for row in rows]


async def study_ids(connection: Any, *numbers: int) -> list[int]:
    """-1, which no study has, for one that is not there."""
    uids = [f"1.2.{number}" for number in numbers]
    return [
        await connection.fetchval("SELECT id FROM studies WHERE study_instance_uid = $1", uid) or -1 for uid in uids
    ]


# --- what should be there, counted another way ------------------------------------------------------------------


async def recount(db: asyncpg.Pool, viewer: int | None) -> dict[int, dict[str, Any]]:
    """By exam: how many images, of which status, and which views, from the images alone."""
    rows = await db.fetch(
        """SELECT coalesce(s.grouped_into, s.id) AS exam_id, i.status, i.laterality, i.view_position, i.modality,
                  i.presentation_intent_type, a.view_modifiers
           FROM images i JOIN studies s ON s.id = i.study_id LEFT JOIN image_acquisitions a ON a.image_id = i.id
           WHERE $1::bigint IS NULL OR i.user_id = $1""",
        viewer,
    )
    wanted: dict[int, dict[str, Any]] = {}
    for exam_id in {row["exam_id"] for row in rows}:
        images = [row for row in rows if row["exam_id"] == exam_id]
        taken: Counter[tuple[str, bool]] = Counter()
        extra = set()
        for image in images:
            if image["modality"] != "MG" or image["status"] in ("rejected", "failed"):
                continue
            if image["laterality"] not in ("R", "L") or image["view_position"] is None:
                continue
            view = f"{image['laterality']} {image['view_position']}"
            if image["view_modifiers"]:
                extra.add(" ".join((view, *image["view_modifiers"])))
            else:
                taken[view, image["presentation_intent_type"] == "FOR PROCESSING"] += 1
                if image["view_position"] == "ML":
                    extra.add(view)
        present = {view for view, _ in taken} & {"R CC", "L CC", "R MLO", "L MLO"}
        is_mammogram = bool(taken or extra)
        wanted[exam_id] = {
            "image_count": len(images),
            "statuses": Counter(image["status"] for image in images),
            "present": present,
            "missing": {"R CC", "L CC", "R MLO", "L MLO"} - present if is_mammogram else set(),
            "repeated": {view for (view, _), count in taken.items() if count > 1},
            "extra": extra,
        }
    return wanted


def told(study: Study) -> dict[str, Any]:
    counts = {status: getattr(study.status_counts, status) for status in study.status_counts.__struct_fields__}
    return {
        "image_count": study.image_count,
        "statuses": Counter({status: count for status, count in counts.items() if count}),
        **{name: set(getattr(study.views, name)) for name in ("present", "missing", "repeated", "extra")},
    }


async def listed(db: asyncpg.Pool, principal: Principal, settings: Settings) -> list[Study]:
    """All exams, in pages of two; none twice, and in the list's order."""
    found: list[Study] = []
    request = PageRequest(limit=2)
    while True:
        page = await exam_service.page_after(db, request, ExamFilters(), principal, settings)
        found += page.rows
        if page.next_cursor is None:
            break
        request = parse_page_request(page.next_cursor, "next", 2)
    places = [(study.created_at, study.id) for study in found]
    assert places == sorted(set(places), reverse=True)
    return found


async def check(db: asyncpg.Pool, settings: Settings) -> None:
    viewers: list[Principal] = [TECHNOLOGIST]
    viewers += [Principal(user_id=user_id, email="", name="", role="user") for user_id in USERS]
    for principal in viewers:
        wanted = await recount(db, principal.owner_filter)
        found = await listed(db, principal, settings)
        assert {study.id: told(study) for study in found} == wanted
        counts = await exam_service.count(db, ExamFilters(), principal, settings)
        assert counts.total.count == len(wanted)
        assert {status: n.count for status, n in counts.status.items()} == Counter(
            status for exam in wanted.values() for status in exam["statuses"]
        )
        for study in found:
            hung = {place.slot for place in study.hanging if place.image is not None}
            assert set(study.views.present) <= hung
            slots = {f"{p.image.laterality} {p.image.view_position}" for p in study.hanging if p.image is not None}
            assert slots == hung


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(acts, min_size=10, max_size=40))
def test_exams_say_what_a_count_of_their_images_says(migrated_database: str, story: list[tuple[Any, ...]]) -> None:
    asyncio.run(tell(migrated_database, story))


async def tell(database_url: str, story: list[tuple[Any, ...]]) -> None:
    await empty_database(database_url)
    db = await open_pool(database_url, size=2, application_name="tests")
    try:
        await db.executemany(
            """INSERT INTO users (id, email, name, role, status) OVERRIDING SYSTEM VALUE
               VALUES ($1, $2, '', 'user', 'active')""",
            [(user_id, f"{user_id}@example.org") for user_id in USERS],
        )
        for act in [*BEFORE, *story]:
            with suppress(MammogramViewerError):
                await do(db, act)
        await check(db, Settings())
        # Taken apart again, every study is where it was and says what it said.
        groups = await db.fetch("SELECT id, grouped_into FROM studies WHERE grouped_into IS NOT NULL")
        for row in groups:
            async with db.acquire() as connection, connection.transaction():
                with suppress(MammogramViewerError):
                    await exams.ungroup(connection, row["grouped_into"], [row["id"]])
        await check(db, Settings())
        kept = await db.fetch("SELECT exam_id, viewer_id, tally FROM exam_tallies ORDER BY 1, 2")
        await db.execute("SELECT recount_exams(ARRAY(SELECT id FROM studies))")
        assert kept == await db.fetch("SELECT exam_id, viewer_id, tally FROM exam_tallies ORDER BY 1, 2")
    finally:
        await db.close()
