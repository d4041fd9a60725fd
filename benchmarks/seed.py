"""An archive of 100,000 images in one minute of SQL: patients, studies of four views, series, images in every state,
renditions of those that are ready. Rows only; no file lies behind them."""

from __future__ import annotations

import asyncpg

VIEWS_PER_STUDY = 4
RECIPE_VERSION = 1

# md5 stands for everything that must differ from row to row; the same rows come out on every machine.
_STATEMENTS = (
    """INSERT INTO users (email, name, role, status)
       SELECT 'uploader' || n || '@example.org', 'Uploader ' || n, 'user', 'active' FROM generate_series(1, 20) n""",
    """INSERT INTO patients (patient_id, patient_name, patient_birth_date, patient_sex)
       SELECT 'BENCH-' || n, 'Synthetic^Exam ' || n, date '1950-01-01' + n % 12000, 'F'
       FROM generate_series(1, $1::integer) n""",
    """INSERT INTO studies (study_instance_uid, patient_id, study_id, accession_number, study_description, study_at)
       SELECT '2.25.9' || p.id, p.id, p.id::text, 'A' || p.id, 'Synthetic screening mammography',
              timestamp '2020-01-01' + p.id * interval '1 hour'
       FROM patients p ORDER BY p.id LIMIT $1""",
    """INSERT INTO series (series_instance_uid, study_id, modality, series_number, manufacturer)
       SELECT '2.25.8' || s.id, s.id, 'MG', 1, 'Mammogram Viewer' FROM studies s ORDER BY s.id LIMIT $1""",
    """INSERT INTO images (user_id, created_at, file_type, original_name, byte_count, sha256, storage_key, status,
                           reason_code, reason, study_id, series_id, sop_class_uid, sop_instance_uid,
                           transfer_syntax_uid, modality, laterality, laterality_source, view_position,
                           view_position_source, instance_number, acquired_at, presentation_intent_type,
                           photometric_interpretation, rows, columns, number_of_frames, bits_stored, voi_source,
                           warnings, recipe_version, patient_id, patient_name)
       SELECT u.first + n % 20, timestamptz '2024-01-01 00:00:00Z' + n * interval '61.000123 seconds', 'dicom',
              'image-' || n || '.dcm', 27262976 + n, sha256(n::text::bytea), 'benchmark/' || n, k.status,
              CASE k.status WHEN 'rejected' THEN 'unsupported_transfer_syntax' END,
              CASE k.status WHEN 'rejected' THEN 'The file uses an encoding that cannot be read here.' END,
              e.study_id, e.id, '1.2.840.10008.5.1.4.1.1.1.2', '2.25.7' || n, '1.2.840.10008.1.2.1', 'MG',
              CASE WHEN n % 2 = 0 THEN 'R' ELSE 'L' END, 'ImageLaterality',
              CASE WHEN n % 4 < 2 THEN 'CC' ELSE 'MLO' END, 'ViewPosition', n % 4 + 1,
              timestamp '2020-01-01' + n * interval '15 minutes', 'FOR PRESENTATION', 'MONOCHROME2', 4096, 3328, 1,
              12, 'sigmoid', '[]', CASE k.status WHEN 'ready' THEN $2::integer END,
              'BENCH' || n / 4, 'Benchmark^' || n / 4
       FROM generate_series(0, $1::integer * 4 - 1) n
       CROSS JOIN (SELECT min(id) AS first FROM users WHERE email LIKE 'uploader%') u
       JOIN series e ON e.id = (SELECT min(id) FROM series) + n / 4
       CROSS JOIN LATERAL (SELECT CASE WHEN n % 50 = 0 THEN 'rejected' WHEN n % 50 = 1 THEN 'pending'
                                       WHEN n % 200 = 2 THEN 'failed' ELSE 'ready' END AS status) k""",
    """INSERT INTO renditions (image_id, kind, recipe_version, storage_key, content_type, byte_count, width, height)
       SELECT i.id, k.kind, i.recipe_version, 'benchmark/' || i.id || '/' || k.kind, k.content_type, 40000,
              k.width, k.height
       FROM images i
       CROSS JOIN (VALUES ('png8', 'image/png', 3328, 4096), ('thumbnail256', 'image/jpeg', 208, 256),
                          ('thumbnail512', 'image/jpeg', 416, 512)) k (kind, content_type, width, height)
       WHERE i.status = 'ready' AND i.storage_key LIKE 'benchmark/%' AND $1::integer > 0""",
)


async def fill(database_url: str, images: int) -> None:
    """`images` rows (a multiple of four), analysed, as autovacuum would leave them."""
    studies = max(1, images // VIEWS_PER_STUDY)
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            for statement in _STATEMENTS:
                values = (studies, RECIPE_VERSION)[: statement.count("$1") and 1 + ("$2" in statement)]
                await connection.execute(statement, *values, timeout=120)
        await connection.execute("VACUUM ANALYZE", timeout=120)
    finally:
        await connection.close()


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
