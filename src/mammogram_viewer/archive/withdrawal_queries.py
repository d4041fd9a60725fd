"""SQL of `withdrawn_images`: rows of an image move into one, and back. Typed calls, no logic."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from mammogram_viewer.archive.queries import Connection

# Whatever hangs on an image by a foreign key, and the column of it; the image itself first. A test compares this with
# the database's own list.
TABLES = {
    "images": "id",
    "renditions": "image_id",
    "image_acquisitions": "image_id",
    "image_corrections": "image_id",
    "annotations": "image_id",
    "key_images": "image_id",
}

_RECORD = ", ".join(
    f"""'{table}', (SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM {table} t WHERE t.{column} = i.id)"""
    for table, column in TABLES.items()
)


async def lock_images(connection: Connection, image_ids: list[int]) -> list[int]:
    """Those that are still there, in the order of ids; held until the caller's transaction ends."""
    rows = await connection.fetch(
        "SELECT id FROM images WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE", image_ids
    )
    return [row["id"] for row in rows]


async def undo_until(connection: Connection, undo_seconds: float) -> datetime:
    """The very instant that `move_out` of the same transaction writes."""
    row = await connection.fetchrow("SELECT now() + make_interval(secs => $1) AS at", undo_seconds)
    assert row is not None
    return row["at"]


async def move_out(
    connection: Connection,
    image_ids: list[int],
    *,
    deleted_by: int | None,
    undo_seconds: float,
    jobs: list[tuple[int, str]],
) -> list[asyncpg.Record]:
    """Rows that the caller has locked into `withdrawn_images`; `jobs` are pairs of image and job. Answers id,
    file_type, byte_count and sha256."""
    await connection.execute(
        f"""INSERT INTO withdrawn_images (image_id, user_id, study_id, series_id, deleted_by, undo_until, storage_keys,
                                          cancelled_jobs, record)
            SELECT i.id, i.user_id, i.study_id, i.series_id, $2, now() + make_interval(secs => $3),
                   i.storage_key || ARRAY(SELECT storage_key FROM renditions WHERE image_id = i.id),
                   coalesce(j.ids, '{{}}'), jsonb_build_object({_RECORD})
            FROM images i
            LEFT JOIN (SELECT image_id, array_agg(job_id) AS ids
                       FROM unnest($4::bigint[], $5::text[]) AS j (image_id, job_id) GROUP BY image_id) j
                   ON j.image_id = i.id
            WHERE i.id = ANY($1::bigint[])""",
        image_ids,
        deleted_by,
        undo_seconds,
        [image_id for image_id, _ in jobs],
        [job_id for _, job_id in jobs],
    )
    return await connection.fetch(
        "DELETE FROM images WHERE id = ANY($1::bigint[]) RETURNING id, file_type, byte_count, sha256", image_ids
    )


async def lock_withdrawn(connection: Connection, image_ids: list[int]) -> list[asyncpg.Record]:
    """image_id, user_id and whether the time to undo is over; held until the caller's transaction ends."""
    return await connection.fetch(
        """SELECT image_id, user_id, undo_until <= now() AS is_over FROM withdrawn_images
           WHERE image_id = ANY($1::bigint[]) ORDER BY image_id FOR UPDATE""",
        image_ids,
    )


async def move_back_images(connection: Connection, image_ids: list[int]) -> list[int]:
    """Answers those that are back: one whose owner has the same bytes again stays out. In the order of digests, as
    uploads insert, so that neither waits for the other. What was being rendered waits again."""
    columns = await _columns(connection, "images", image_ids)
    rows = await connection.fetch(
        f"""INSERT INTO images ({columns}) OVERRIDING SYSTEM VALUE
            SELECT {columns} FROM (
                SELECT r.* FROM withdrawn_images w
                CROSS JOIN LATERAL jsonb_populate_recordset(NULL::images, w.record -> 'images') r
                WHERE w.image_id = ANY($1::bigint[]) ORDER BY r.sha256) r
            ON CONFLICT (user_id, sha256) DO NOTHING
            RETURNING id""",
        image_ids,
    )
    restored = [row["id"] for row in rows]
    await connection.execute(
        "UPDATE images SET status = 'pending' WHERE id = ANY($1::bigint[]) AND status = 'processing'", restored
    )
    return restored


async def move_back_children(connection: Connection, image_ids: list[int]) -> None:
    """What hangs on images that are back."""
    for table in list(TABLES)[1:]:
        columns = await _columns(connection, table, image_ids)
        if columns:
            await connection.execute(
                f"""INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE
                    SELECT {columns} FROM (
                        SELECT r.* FROM withdrawn_images w
                        CROSS JOIN LATERAL jsonb_populate_recordset(NULL::{table}, w.record -> '{table}') r
                        WHERE w.image_id = ANY($1::bigint[])) r""",
                image_ids,
            )


async def _columns(connection: Connection, table: str, image_ids: list[int]) -> str:
    """The columns that are to be filled: those that the oldest record knows, so that one added since gets its default,
    and none that PostgreSQL computes itself. Empty when no record has a row of this table."""
    names: str | None = await connection.fetchval(
        """SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
           FROM pg_attribute a
           WHERE a.attrelid = $2::text::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
             AND a.attname IN (
                 SELECT jsonb_object_keys(record -> $2::text -> 0) FROM (
                     SELECT record FROM withdrawn_images
                     WHERE image_id = ANY($1::bigint[]) AND record -> $2::text -> 0 IS NOT NULL
                     ORDER BY deleted_at LIMIT 1) oldest)""",
        image_ids,
        table,
    )
    return names or ""


async def mark_conflicts(connection: Connection, image_ids: list[int]) -> None:
    """Later images with the SOP Instance UID of one that is back, filed while it was away, conflict with it."""
    await connection.execute(
        """UPDATE images later SET conflicts_with = back.id
           FROM images back
           WHERE back.id = ANY($1::bigint[]) AND later.sop_instance_uid = back.sop_instance_uid
             AND later.id > back.id AND later.sha256 <> back.sha256 AND later.conflicts_with IS NULL""",
        image_ids,
    )


async def forget(connection: Connection, image_ids: list[int]) -> list[str]:
    """Remove the rows of images that are back; answers the jobs that the deletion had cancelled."""
    rows = await connection.fetch(
        "DELETE FROM withdrawn_images WHERE image_id = ANY($1::bigint[]) RETURNING cancelled_jobs", image_ids
    )
    return [job_id for row in rows for job_id in row["cancelled_jobs"]]


async def purge(connection: Connection, limit: int) -> list[asyncpg.Record]:
    """Remove the oldest rows whose time to undo is over and put their files down for removal; answers study_id and
    series_id of each. One that somebody is bringing back, or another process is purging, is left alone."""
    return await connection.fetch(
        """WITH gone AS (
               DELETE FROM withdrawn_images WHERE image_id IN (
                   SELECT image_id FROM withdrawn_images WHERE undo_until <= now()
                   ORDER BY undo_until LIMIT $1 FOR UPDATE SKIP LOCKED)
               RETURNING study_id, series_id, storage_keys
           ), files AS (
               INSERT INTO storage_removals (storage_key) SELECT unnest(storage_keys) FROM gone ON CONFLICT DO NOTHING
           )
           SELECT study_id, series_id FROM gone""",
        limit,
    )


async def delete_empty_parents(connection: Connection, study_ids: list[int], series_ids: list[int]) -> None:
    """Series, studies and patients without an image left, nor one that may come back: names and birth dates go with the
    last one. A filing at the same moment meets the foreign key, fails and is tried again."""
    await connection.execute(
        """DELETE FROM series e WHERE e.id = ANY($1::bigint[])
             AND NOT EXISTS (SELECT FROM images WHERE series_id = e.id)
             AND NOT EXISTS (SELECT FROM withdrawn_images WHERE series_id = e.id)""",
        series_ids,
    )
    rows = await connection.fetch(
        """DELETE FROM studies s WHERE s.id = ANY($1::bigint[])
             AND NOT EXISTS (SELECT FROM images WHERE study_id = s.id)
             AND NOT EXISTS (SELECT FROM withdrawn_images WHERE study_id = s.id)
             AND NOT EXISTS (SELECT FROM series WHERE study_id = s.id)
           RETURNING patient_id""",
        study_ids,
    )
    await connection.execute(
        """DELETE FROM patients p WHERE p.id = ANY($1::bigint[])
             AND NOT EXISTS (SELECT FROM studies WHERE patient_id = p.id)""",
        [row["patient_id"] for row in rows if row["patient_id"] is not None],
    )
