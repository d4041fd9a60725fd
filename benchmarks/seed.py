"""An archive that has run for years, made by SQL: people who upload much or little, exams of four views and of more or
fewer, tomosynthesis stored slice by slice, plain pictures, files in every state, renditions of those that are ready.

A million images take about a minute. Rows only; no file lies behind them. The same rows come out on every
machine, and the newest ones are alike whatever the size: an exam's nature hangs on how many came after it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import asyncpg

from benchmarks.bulk import without_indexes
from mammogram_viewer.imaging.order import RECIPE_VERSION

IMAGES_PER_EXAM = 20
# One exam in fifty minutes, up to this moment.
NEWEST_AT = "2025-12-31 18:00:00.000457Z"
APART = "52 minutes 0.000123 seconds"
# The newest images are all ready, so that the first screens of a large and a small archive show the same.
ALL_READY = 400
KEY_PREFIX = "benchmark/"
_BULK_FROM = 50_000
_TABLES = ["images", "renditions", "series", "exam_tallies"]

# md5 for whatever must look like chance, once an exam; a million of them would take a minute.
_ROLL = """
CREATE FUNCTION pg_temp.roll(what text, among integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ('x' || substr(md5(what), 1, 7))::bit(28)::integer % among
$$"""

_USERS = """
WITH made AS (
    INSERT INTO users (email, name, role, status, created_at)
    SELECT 'uploader' || n || '@example.org',
           (ARRAY['Ada','Ben','Chloe','Dana','Emil','Fay','Gus','Hana','Ivo','Jun','Kai','Lea','Mia','Noor','Otto','Pia'])
               [1 + n % 16] || ' ' ||
           (ARRAY['Abel','Brandt','Costa','Dahl','Eriksen','Fischer','Garcia','Haas','Ito','Jansen','Kim','Lund'])
               [1 + n / 16 % 12] || ' ' || n,
           CASE WHEN n % 40 = 1 THEN 'radiologist' WHEN n % 25 = 2 THEN 'technologist' ELSE 'user' END,
           CASE WHEN n % 50 = 7 THEN 'disabled' WHEN n % 100 = 8 THEN 'pending' ELSE 'active' END,
           timestamptz '2020-01-01 00:00:00Z' + n * interval '5 hours 7 seconds'
    FROM generate_series(0, $1::integer - 1) n ORDER BY n
    RETURNING id
)
SELECT min(id) FROM made"""

# One exam and the loose files that arrive until the next one. `back` counts from the newest. One person has sent a
# fifth of everything; of the others the first ones much, the last ones little.
_BLOCKS = """
CREATE TEMPORARY TABLE seed_blocks ON COMMIT DROP AS
SELECT back, $2::integer - back AS block, sizes.sizes[1 + back % 25] AS exam_size,
       timestamptz '{newest_at}' - back * interval '{apart}' AS at,
       CASE WHEN pg_temp.roll('some' || back, 10) = 0 THEN interval '0' ELSE interval '1.370021 seconds' END AS step,
       $4::bigint + CASE WHEN pg_temp.roll('who' || back, 100) < 20 THEN 0
                         ELSE least($3::integer - 1, 1 + floor(($3::integer - 1)
                              * power(pg_temp.roll('whom' || back, 9973) / 9973.0, 3)))::bigint END AS user_id,
       pg_temp.roll('patient' || back, greatest(1, $2::integer * 5 / 8)) AS patient,
       pg_temp.roll('modality' || back, 1000) AS kind, pg_temp.roll('sides' || back, 100) AS sides
FROM generate_series(0, $2::integer - 1) back
CROSS JOIN (SELECT ARRAY[4,4,2,4,4,6,4,4,60,4,1,4,4,8,4,4,90,4,3,4,4,10,4,130,5] AS sizes) sizes
WHERE $1::integer > 0"""

_LOOSE = """
CREATE TEMPORARY TABLE seed_arrivals ON COMMIT DROP AS
WITH loose AS (SELECT $1::integer - sum(exam_size) AS files, count(*) AS blocks FROM seed_blocks),
arrived AS (
    SELECT b.block, k, true AS in_exam, b.at + k * b.step AS at FROM seed_blocks b, generate_series(0, exam_size - 1) k
    UNION ALL
    SELECT b.block, k, false, b.at + interval '9 minutes' + k * interval '61.000017 seconds'
    FROM seed_blocks b, loose l,
         generate_series(0, (b.block * l.files / l.blocks)::bigint - ((b.block - 1) * l.files / l.blocks)::bigint - 1) k
)
SELECT row_number() OVER (ORDER BY at, block, k) - 1 AS n, * FROM arrived"""

_PATIENTS = """
INSERT INTO patients (patient_id, patient_name, patient_birth_date, patient_sex)
SELECT CASE p % 6 WHEN 0 THEN 'MRN' || lpad(p::text, 7, '0') WHEN 1 THEN 'P-' || 2000 + p % 25 || '-' || p
                  WHEN 2 THEN (100000000 + p)::text WHEN 3 THEN 'KLN/' || p WHEN 4 THEN 'scr_' || p
                  ELSE 'BENCH-' || p END,
       (ARRAY['ABEL','ÅBERG','BRANDT','COSTA','DAHL','ERIKSEN','FISCHER','GARCIA','HAAS','ITO','JANSEN','KIM','LUND',
              'MEYER','NOVAK','OLSEN','PETIT','QUINN','ROSSI','SATO','TAMM','URBAN','VOGEL','WEISS'])[1 + p % 24]
       || '^' ||
       (ARRAY['ANNA','BEATE','CLARA','DORA','EVA','FREJA','GRETA','HELGA','INES','JUDIT','KARIN','LINDA','MARTA','NINA'])
           [1 + p / 24 % 14],
       date '1935-01-01' + p % 18000, 'F'
FROM generate_series(0, greatest(1, $1::integer * 5 / 8) - 1) p ORDER BY p
ON CONFLICT DO NOTHING"""

_STUDIES = """
WITH made AS (
    INSERT INTO studies (study_instance_uid, patient_id, study_id, accession_number, study_description, study_at,
                         created_at)
    SELECT '2.25.9' || lpad(block::text, 9, '0'), p.first + least(patient, p.last - p.first), block::text,
           'A' || 20000000 + block,
           CASE kind % 3 WHEN 0 THEN 'Screening mammography' WHEN 1 THEN 'Diagnostic mammography'
                         ELSE 'MAMMO BILATERAL' END,
           date_trunc('second', at AT TIME ZONE 'UTC') - interval '35 minutes', at
    FROM seed_blocks
    CROSS JOIN (SELECT max(id) - greatest(1, $1::integer * 5 / 8) + 1 AS first, max(id) AS last FROM patients) p
    ORDER BY block
    RETURNING id
)
SELECT min(id) FROM made"""

_SERIES = """
WITH made AS (
    INSERT INTO series (series_instance_uid, study_id, modality, series_number, manufacturer)
    SELECT '2.25.8' || lpad(block::text, 9, '0'), $1::bigint + block - 1, m.modality, 1, 'Mammogram Viewer'
    FROM seed_blocks b CROSS JOIN LATERAL (SELECT {modality} AS modality) m ORDER BY block
    RETURNING id
)
SELECT min(id) FROM made"""

_MODALITY = """CASE WHEN b.kind < 940 THEN 'MG' WHEN b.kind < 960 THEN 'US' WHEN b.kind < 975 THEN 'MR'
     WHEN b.kind < 990 THEN 'CR' WHEN b.kind < 999 THEN 'DX' ELSE 'OT' END"""

_IMAGES = """
INSERT INTO images (user_id, created_at, updated_at, file_type, original_name, byte_count, sha256, storage_key, status,
                    reason_code, reason, study_id, series_id, patient_id, patient_name, accession_number,
                    study_description, study_at, sop_class_uid, sop_instance_uid, transfer_syntax_uid, modality,
                    laterality, laterality_source, view_position, view_position_source, instance_number, acquired_at,
                    presentation_intent_type, photometric_interpretation, rows, columns, number_of_frames, bits_stored,
                    voi_source, warnings, recipe_version)
SELECT b.user_id, a.at, a.at, f.file_type,
       CASE WHEN a.in_exam THEN
           CASE b.kind % 4 WHEN 0 THEN 'IM' || lpad(a.n::text, 7, '0') WHEN 1 THEN '1.2.826.0.1.' || a.n || '.dcm'
               WHEN 2 THEN coalesce(f.laterality || ' ' || f.view_position, 'image') || ' ' || a.n || '.dcm'
               ELSE 'screening_' || to_char(a.at, 'YYYYMMDD') || '_' || a.k || '.dcm' END
       ELSE CASE a.n % 3 WHEN 0 THEN 'scan-' WHEN 1 THEN 'DSC_' ELSE 'Film ' END || a.n || '.' || f.file_type END,
       CASE f.file_type WHEN 'dicom' THEN 27262976 ELSE 900000 END + a.n, sha256(a.n::text::bytea),
       '{prefix}' || a.n || '-' || md5(a.n::text), s.status,
       CASE s.status WHEN 'rejected' THEN 'unsupported_transfer_syntax' WHEN 'failed' THEN 'decoder_crash' END,
       CASE s.status WHEN 'rejected' THEN 'The file uses an encoding that cannot be read here.'
                     WHEN 'failed' THEN 'Reading the file failed.' END,
       t.id, CASE WHEN a.in_exam THEN $3::bigint + b.block - 1 END, p.patient_id, p.patient_name, t.accession_number,
       t.study_description, t.study_at,
       CASE WHEN a.in_exam THEN '1.2.840.10008.5.1.4.1.1.1.2' END, CASE WHEN a.in_exam THEN '2.25.7' || a.n END,
       CASE WHEN f.file_type = 'dicom' THEN '1.2.840.10008.1.2.1' END, CASE WHEN a.in_exam THEN {modality} END,
       f.laterality, CASE WHEN f.laterality IS NOT NULL THEN 'ImageLaterality' END,
       f.view_position, CASE WHEN f.view_position IS NOT NULL THEN 'ViewPosition' END,
       CASE WHEN a.in_exam THEN a.k + 1 END, t.study_at + a.k * interval '75 seconds',
       CASE WHEN a.in_exam THEN 'FOR PRESENTATION' END, 'MONOCHROME2', CASE WHEN a.in_exam THEN 4096 ELSE 1600 END,
       CASE WHEN a.in_exam THEN 3328 ELSE 1200 END, 1, CASE WHEN a.in_exam THEN 12 ELSE 8 END,
       CASE WHEN a.in_exam THEN 'sigmoid' END, '[]', CASE s.status WHEN 'ready' THEN $4::integer END
FROM seed_arrivals a
JOIN seed_blocks b ON b.block = a.block
LEFT JOIN studies t ON a.in_exam AND t.id = $2::bigint + b.block - 1
LEFT JOIN patients p ON p.id = t.patient_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN a.in_exam THEN 'dicom' WHEN a.n % 20 < 9 THEN 'png' WHEN a.n % 20 < 15 THEN 'jpeg'
                WHEN a.n % 20 = 15 THEN 'tiff' WHEN a.n >= $1::integer - {all_ready} THEN 'png'
                ELSE 'dicom' END AS file_type,
           CASE WHEN a.in_exam AND b.sides >= 3 THEN
                CASE WHEN b.sides = 50 THEN 'B' WHEN a.k % 2 = 0 THEN 'R' ELSE 'L' END END AS laterality,
           CASE WHEN a.in_exam AND b.sides >= 3 THEN
                CASE WHEN a.k = 5 THEN 'ML' WHEN a.k = 7 THEN 'XCCL'
                     WHEN a.k % 4 < 2 THEN 'CC' ELSE 'MLO' END END AS view_position) f
CROSS JOIN LATERAL (
    SELECT CASE WHEN a.n >= $1::integer - {all_ready} THEN 'ready'
                WHEN a.in_exam THEN CASE WHEN a.n % 97 = 0 THEN 'rejected' WHEN a.n % 499 = 1 THEN 'failed'
                                         WHEN a.n % 4999 = 2 THEN 'processing' ELSE 'ready' END
                WHEN f.file_type = 'dicom' THEN CASE WHEN a.n % 7 < 3 THEN 'pending' WHEN a.n % 7 < 5 THEN 'rejected'
                                                     ELSE 'failed' END
                WHEN a.n % 31 = 0 THEN 'rejected' ELSE 'ready' END AS status) s
ORDER BY a.n"""

# What recount_exams() would write. Images that count alike are counted together first: a tenth of the work.
_EXAMS = """
INSERT INTO exam_tallies (exam_id, viewer_id, created_at, tally)
SELECT study_id, viewer_id, min(at), jsonb_object_agg(key, n)
FROM (SELECT study_id, viewer_id, key, sum(n) AS n,
             min(CASE viewer_id WHEN 0 THEN study_created_at ELSE first_at END) AS at
      FROM (SELECT i.study_id, i.user_id, s.created_at AS study_created_at, count(*) AS n,
                   min(i.created_at) AS first_at,
                   exam_keys(i.user_id, i.status, i.object_kind, i.modality, i.laterality, i.view_position,
                             i.view_modifiers, i.presentation_intent_type, i.number_of_frames, i.patient_id,
                             i.patient_name, i.study_at) AS keys
            FROM images i JOIN studies s ON s.id = i.study_id
            WHERE s.id >= $1
            GROUP BY i.study_id, i.user_id, s.created_at, i.status, i.object_kind, i.modality, i.laterality,
                     i.view_position, i.view_modifiers, i.presentation_intent_type, i.number_of_frames, i.patient_id,
                     i.patient_name, i.study_at) alike
      CROSS JOIN LATERAL unnest(keys) key
      CROSS JOIN LATERAL (VALUES (0::bigint), (user_id)) AS viewer (viewer_id)
      GROUP BY study_id, viewer_id, key) counted
GROUP BY study_id, viewer_id"""

_RENDITIONS = """
INSERT INTO renditions (image_id, kind, recipe_version, storage_key, content_type, byte_count, width, height,
                        created_at)
SELECT i.id, k.kind, i.recipe_version, i.storage_key || '/' || k.kind, k.content_type, 40000,
       CASE WHEN k.height IS NULL THEN i.columns ELSE k.height * i.columns / i.rows END, coalesce(k.height, i.rows),
       i.created_at
FROM images i
CROSS JOIN (VALUES ('png8', 'image/png', NULL), ('thumbnail256', 'image/webp', 256),
                   ('thumbnail512', 'image/webp', 512)) k (kind, content_type, height)
WHERE i.status = 'ready' AND i.storage_key LIKE '{prefix}%'
ORDER BY i.id"""


async def fill(
    database_url: str,
    images: int,
    *,
    exams: int | None = None,
    users: int | None = None,
    newest_at: str = NEWEST_AT,
    apart: str = APART,
) -> None:
    """`images` rows of `images` and what belongs to them, analysed, as autovacuum would leave them. Once a database.

    `apart` is the interval between exams, the last of which came at `newest_at`."""
    exams = exams or max(1, images // IMAGES_PER_EXAM)
    users = users or max(20, min(images // 100, 10_000))
    connection = await asyncpg.connect(database_url)
    try:
        async with quick(connection, images), connection.transaction():
            await connection.execute("SET LOCAL work_mem = '256MB'")
            async with without_indexes(connection, _TABLES) if images >= _BULK_FROM else contextlib.nullcontext():
                times = {"newest_at": newest_at, "apart": apart}
                await _insert(connection, images, exams, users, times)
        await connection.execute("VACUUM ANALYZE", timeout=300)
    finally:
        await connection.close()


async def _insert(connection: asyncpg.Connection, images: int, exams: int, users: int, times: dict[str, str]) -> None:
    await connection.execute(_ROLL)
    first_user = await connection.fetchval(_USERS, users)
    await connection.execute(_BLOCKS.format(**times), images, exams, users, first_user)
    await connection.execute(_LOOSE, images, timeout=300)
    await connection.execute(_PATIENTS, exams)
    first_study = await connection.fetchval(_STUDIES, exams, timeout=120)
    first_series = await connection.fetchval(_SERIES.format(modality=_MODALITY), first_study, timeout=120)
    words = {"prefix": KEY_PREFIX, "all_ready": ALL_READY, "modality": _MODALITY}
    # Their triggers would count exams as if all images arrived at this moment.
    await connection.execute("ALTER TABLE images DISABLE TRIGGER USER")
    await connection.execute("ANALYZE seed_blocks, seed_arrivals, studies, patients")
    await connection.execute(_IMAGES.format(**words), images, first_study, first_series, RECIPE_VERSION, timeout=600)
    await connection.execute("ALTER TABLE images ENABLE TRIGGER USER")
    await connection.execute("ANALYZE images")
    await connection.execute(_EXAMS, first_study, timeout=600)
    await connection.execute(_RENDITIONS.format(**words), timeout=600)


@contextlib.asynccontextmanager
async def quick(connection: asyncpg.Connection, images: int) -> AsyncIterator[None]:
    """Fewer checkpoints while gigabytes are written; afterwards the server is set as it was."""
    if images < _BULK_FROM:
        yield
        return
    settings = {"max_wal_size": "8GB", "checkpoint_timeout": "1h", "autovacuum": "off"}
    for name, value in settings.items():
        await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    await connection.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        for name in settings:
            await connection.execute(f"ALTER SYSTEM RESET {name}")
        await connection.execute("SELECT pg_reload_conf()")


async def random_cursors(database_url: str, count: int) -> list[str]:
    """Places all over the list, in the API's own writing; the same for every run."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(
            """SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '_' || id AS cursor
               FROM images ORDER BY md5(id::text) LIMIT $1""",
            count,
        )
        return [row["cursor"] for row in rows]
    finally:
        await connection.close()
