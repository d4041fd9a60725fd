"""SQL of exams. Typed calls, no logic; the caller owns the transaction. `exam_tallies` is written by the triggers of
migration 0015 alone."""

from __future__ import annotations

import msgspec

from mammogram_viewer.archive.exam_models import Candidate, Exam, ExamImage, ExamMember, ExamsShown, StudyToGroup
from mammogram_viewer.archive.queries import Connection, Database

# What a page of exams shows beside its tally, around rows of `exam_tallies e` that are found already. `{any_behind}`
# and `{found}` are those of foundation/keyset.py.
SHOW_FOUND_EXAMS = """
SELECT e.exam_id AS id, e.created_at, e.tally, m.ids AS study_ids, f.study_instance_uid, f.study_at,
       f.study_description, f.accession_number, f.patient_id, f.patient_name, {any_behind} AS any_behind
FROM ({found}) e
CROSS JOIN LATERAL (
    SELECT array_agg(s.id ORDER BY s.grouped_into NULLS FIRST, s.id) AS ids
    FROM studies s WHERE s.id = e.exam_id OR s.grouped_into = e.exam_id) m
LEFT JOIN LATERAL (
    SELECT s.study_instance_uid, i.study_at, i.study_description, i.accession_number, i.patient_id, i.patient_name
    FROM unnest(m.ids) WITH ORDINALITY AS part (id, place)
    JOIN studies s ON s.id = part.id
    CROSS JOIN LATERAL (
        SELECT * FROM images WHERE study_id = part.id AND (e.viewer_id = 0 OR user_id = e.viewer_id)
        ORDER BY created_at, id LIMIT 1) i
    ORDER BY part.place LIMIT 1) f ON true"""
_PICTURE = """i.id, i.status, i.object_kind, i.laterality, i.view_position, i.recipe_version,
       (i.file_type = 'dicom' AND i.status = 'ready') AS has_tags, t.width AS thumbnail_width,
       t.height AS thumbnail_height"""
_THUMBNAIL = """LEFT JOIN renditions t
       ON t.image_id = i.id AND t.kind = 'thumbnail512' AND t.recipe_version = i.recipe_version"""
_OWN = "((SELECT $5::bigint) = 0 OR user_id = (SELECT $5::bigint))"


def _exams(exam_ids: str, study_ids: str) -> str:
    return f"""(SELECT exam_id, array_agg(study_id) AS study_ids
      FROM unnest((SELECT {exam_ids}::bigint[]), (SELECT {study_ids}::bigint[])) AS part (exam_id, study_id)
      GROUP BY exam_id) e"""


# For each place the best picture: one that can be shown, meant for presentation, without a modifier, no slices, the
# newest. The viewer hangs by the same order (frontend/src/viewer/hanging/choose.ts), where it knows more of an image.
_HUNG = f"""
SELECT e.exam_id, v.side || ' ' || v.view AS slot, {_PICTURE}
FROM {_exams("$1", "$2")}
CROSS JOIN (VALUES ('R', 'CC'), ('L', 'CC'), ('R', 'MLO'), ('L', 'MLO')) AS v (side, view)
CROSS JOIN LATERAL (
    SELECT id, status, object_kind, laterality, view_position, recipe_version, file_type FROM images
    WHERE study_id = ANY(e.study_ids) AND laterality = v.side AND view_position = v.view
      AND modality = 'MG' AND object_kind = 'image' AND 'specimen' <> ALL (view_modifiers) AND {_OWN}
    ORDER BY status = 'ready' DESC, status NOT IN ('rejected', 'failed') DESC,
             presentation_intent_type IS DISTINCT FROM 'FOR PROCESSING' DESC, cardinality(view_modifiers),
             coalesce(number_of_frames, 1) > 1, acquired_at DESC NULLS LAST, id DESC
    LIMIT 1) i
{_THUMBNAIL}"""

_FIRST = f"""
SELECT e.exam_id, NULL AS slot, {_PICTURE}
FROM {_exams("$3", "$4")}
CROSS JOIN LATERAL (
    SELECT first.* FROM unnest(e.study_ids) WITH ORDINALITY AS part (id, place)
    CROSS JOIN LATERAL (
        SELECT id, status, object_kind, laterality, view_position, recipe_version, file_type, created_at FROM images
        WHERE study_id = part.id AND {_OWN} ORDER BY created_at, id LIMIT {{first:d}}) first
    ORDER BY part.place, first.created_at, first.id LIMIT {{first:d}}) i
{_THUMBNAIL}
ORDER BY e.exam_id, i.created_at, i.id"""

_CANDIDATES = """
SELECT s.id AS exam_id, o.id, t.tally::text, s.patient_id IS NOT NULL AS same_patient,
       coalesce(abs(extract(epoch FROM o.study_at - s.study_at)) <= $8::float8 * 86400, false) AS same_days
FROM unnest((SELECT $7::bigint[])) AS asked (id)
JOIN studies s ON s.id = asked.id AND s.grouped_into IS NULL
CROSS JOIN LATERAL (
    (SELECT id, study_at FROM studies
     WHERE patient_id = s.patient_id AND grouped_into IS NULL
       AND study_at BETWEEN s.study_at - make_interval(secs => $8::float8 * 86400)
                        AND s.study_at + make_interval(secs => $8::float8 * 86400)
     ORDER BY study_at LIMIT {candidates:d})
    UNION
    (SELECT id, study_at FROM studies
     WHERE patient_id = s.patient_id AND grouped_into IS NULL
       AND created_at BETWEEN s.created_at - make_interval(secs => $9::float8 * 60)
                          AND s.created_at + make_interval(secs => $9::float8 * 60)
     ORDER BY created_at LIMIT {candidates:d})
    UNION
    (SELECT id, study_at FROM studies
     WHERE s.patient_id IS NULL AND patient_id IS NULL AND grouped_into IS NULL
       AND created_at BETWEEN s.created_at - make_interval(secs => $9::float8 * 60)
                          AND s.created_at + make_interval(secs => $9::float8 * 60)
     ORDER BY created_at LIMIT {candidates:d})) o
JOIN exam_tallies t ON t.exam_id = o.id AND t.viewer_id = 0 AND t.image_count > 0
WHERE o.id <> s.id
  AND NOT EXISTS (SELECT FROM dismissed_suggestions d
                  WHERE d.study_id = least(s.id, o.id) AND d.other_study_id = greatest(s.id, o.id))
ORDER BY s.id, o.id"""

# Everything that rows of a list show beside their tallies, in one round trip. `(SELECT $1)` hides how long an array is,
# and whose images: seeing it, PostgreSQL would plan this anew for every page, which takes as long as the answer.
_SHOWN = f"""
SELECT ARRAY(SELECT ROW(p.*) FROM ({_HUNG}) p) AS hung, ARRAY(SELECT ROW(p.*) FROM ({_FIRST}) p) AS first,
       ARRAY(SELECT ROW(asked.id, coalesce((SELECT name FROM users WHERE id = asked.id), ''))
             FROM unnest((SELECT $6::bigint[])) AS asked (id)) AS names,
       ARRAY(SELECT ROW(c.*) FROM ({_CANDIDATES}) c) AS candidates"""


def find_exams(viewer_id: int) -> str:
    """The rows of one viewer as `e`, of exams that hold an image; one an exam. The viewer stands inside, so that
    whatever a list asks for by the id of an exam, it never meets another viewer's row."""
    return f"SELECT e.* FROM (SELECT * FROM exam_tallies WHERE viewer_id = {viewer_id:d}::bigint AND image_count > 0) e"


def _parts(exams: list[Exam]) -> tuple[list[int], list[int]]:
    pairs = [(exam.id, study_id) for exam in exams for study_id in exam.study_ids]
    return [exam_id for exam_id, _ in pairs], [study_id for _, study_id in pairs]


async def list_shown(
    db: Database,
    *,
    hanging: list[Exam],
    others: list[Exam],
    viewer_id: int,
    user_ids: list[int],
    incomplete: list[int],
    days: float,
    minutes: float,
    first: int,
    candidates: int,
) -> ExamsShown:
    """Of `hanging` at most one picture for each of the four places, of `others` the first ones as they came, and the
    names of `user_ids`. For each of `incomplete` up to `candidates` other exams by each of: taken within `days`,
    arrived within `minutes`, of the same patient, or, where nobody is known, by arrival alone; none that a person has
    dismissed."""
    row = await db.fetchrow(
        _SHOWN.format(first=first, candidates=candidates),
        *_parts(hanging),
        *_parts(others),
        viewer_id,
        user_ids,
        incomplete,
        days,
        minutes,
    )
    assert row is not None  # a SELECT without FROM
    return ExamsShown(
        hung=[ExamImage(*one) for one in row["hung"]],
        first=[ExamImage(*one) for one in row["first"]],
        names=dict(row["names"]),
        candidates=[
            Candidate(
                exam_id=exam_id,
                id=other_id,
                tally=msgspec.json.decode(tally),  # within a record asyncpg does not know jsonb
                same_patient=same_patient,
                same_days=same_days,
            )
            for exam_id, other_id, tally, same_patient, same_days in row["candidates"]
        ],
    )


async def find_exam(db: Database, study_id: int, viewer_id: int) -> Exam | None:
    """The exam that a study is or belongs to, if the viewer has an image in it."""
    found = """SELECT e.exam_id, e.viewer_id, e.created_at, e.tally FROM exam_tallies e
               WHERE e.exam_id = (SELECT coalesce(grouped_into, id) FROM studies WHERE id = $1)
                 AND e.viewer_id = $2 AND e.image_count > 0"""
    row = await db.fetchrow(SHOW_FOUND_EXAMS.format(found=found, any_behind="false"), study_id, viewer_id)
    return None if row is None else Exam(*row[: len(Exam.__struct_fields__)])


async def list_exams_with_file(db: Database, pattern: str, viewer_id: int, most_images: int) -> list[int] | None:
    """Exams of the images whose name is like `pattern`; None when there are more than `most_images` of them."""
    rows = await db.fetch(
        """SELECT coalesce(s.grouped_into, s.id) AS exam_id
           FROM (SELECT study_id FROM images
                 WHERE original_name ILIKE $1 AND study_id IS NOT NULL AND ($2 = 0 OR user_id = $2) LIMIT $3) i
           JOIN studies s ON s.id = i.study_id""",
        pattern,
        viewer_id,
        most_images + 1,
    )
    return None if len(rows) > most_images else sorted({row["exam_id"] for row in rows})


async def list_parts(db: Database, study_id: int) -> list[int]:
    rows = await db.fetch("SELECT id FROM studies WHERE id = $1 OR grouped_into = $1 ORDER BY id", study_id)
    return [row["id"] for row in rows]


async def list_members(db: Database, study_ids: list[int], viewer_id: int) -> list[ExamMember]:
    """The studies in which the viewer has an image, in the order given."""
    rows = await db.fetch(
        """SELECT s.id, s.study_instance_uid, f.study_at, f.study_description, n.image_count
           FROM unnest($1::bigint[]) WITH ORDINALITY AS part (id, place)
           JOIN studies s ON s.id = part.id
           CROSS JOIN LATERAL (
               SELECT study_at, study_description FROM images
               WHERE study_id = part.id AND ($2 = 0 OR user_id = $2) ORDER BY created_at, id LIMIT 1) f
           CROSS JOIN LATERAL (
               SELECT count(*) AS image_count FROM images
               WHERE study_id = part.id AND ($2 = 0 OR user_id = $2)) n
           ORDER BY part.place""",
        study_ids,
        viewer_id,
    )
    return [ExamMember(**dict(row)) for row in rows]


async def lock_studies(connection: Connection, study_ids: list[int]) -> list[StudyToGroup]:
    """These studies and those grouped into one of them, in the order of ids, held until the caller's transaction ends.
    Nobody files an image under them meanwhile."""
    await connection.execute(
        """SELECT FROM studies WHERE id = ANY($1::bigint[]) OR grouped_into = ANY($1::bigint[])
           ORDER BY id FOR UPDATE""",
        study_ids,
    )
    rows = await connection.fetch(
        """SELECT s.id, p.patient_id, p.issuer_of_patient_id AS issuer, s.grouped_into,
                  EXISTS (SELECT FROM studies m WHERE m.grouped_into = s.id) AS has_members,
                  EXISTS (SELECT FROM images WHERE study_id = s.id) AS has_images
           FROM studies s LEFT JOIN patients p ON p.id = s.patient_id
           WHERE s.id = ANY($1::bigint[]) OR s.grouped_into = ANY($1::bigint[]) ORDER BY s.id""",
        study_ids,
    )
    return [StudyToGroup(**dict(row)) for row in rows]


async def set_group(connection: Connection, study_ids: list[int], head_id: int | None) -> None:
    """None: they stand alone again. The caller recounts."""
    await connection.execute(
        """UPDATE studies SET grouped_into = $2, grouped_at = CASE WHEN $2::bigint IS NULL THEN NULL ELSE now() END
           WHERE id = ANY($1::bigint[])""",
        study_ids,
        head_id,
    )


async def recount(connection: Connection, exam_ids: list[int]) -> None:
    """The tallies of these exams anew, from their images."""
    await connection.execute("SELECT recount_exams($1::bigint[])", exam_ids)


async def list_known_studies(db: Database, study_ids: list[int]) -> set[int]:
    """Those that hold an image, or are the head of an exam that does."""
    rows = await db.fetch(
        """SELECT s.id FROM studies s WHERE s.id = ANY($1::bigint[])
             AND EXISTS (SELECT FROM exam_tallies t WHERE t.exam_id = coalesce(s.grouped_into, s.id)
                         AND t.viewer_id = 0 AND t.image_count > 0)""",
        study_ids,
    )
    return {row["id"] for row in rows}


async def dismiss(connection: Connection, pairs: list[tuple[int, int]]) -> int:
    """Pairs of ids, the smaller first; answers how many are new."""
    rows = await connection.fetch(
        """INSERT INTO dismissed_suggestions (study_id, other_study_id) SELECT * FROM unnest($1::bigint[], $2::bigint[])
           ON CONFLICT DO NOTHING RETURNING study_id""",
        [one for one, _ in pairs],
        [other for _, other in pairs],
    )
    return len(rows)


async def suggest_again(connection: Connection, pairs: list[tuple[int, int]]) -> int:
    rows = await connection.fetch(
        """DELETE FROM dismissed_suggestions
           WHERE (study_id, other_study_id) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[])) RETURNING study_id""",
        [one for one, _ in pairs],
        [other for _, other in pairs],
    )
    return len(rows)
