"""SQL of patients, studies, series, images and renditions. Typed calls, no logic; the caller owns the
transaction. Only `archive/` writes these tables."""

from __future__ import annotations

import asyncpg

from mammogram_viewer.archive.models import Image, NewImage, NewRendition, StudyOfImage, image_from
from mammogram_viewer.archive.selections import SELECT_IMAGE
from mammogram_viewer.dicom.header import ImageHeader

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Database = Connection | asyncpg.Pool


async def insert_image(connection: Connection, image: NewImage) -> int | None:
    """The new id, or None when this user has the same bytes already (waits for a concurrent upload of them)."""
    return await connection.fetchval(
        """INSERT INTO images (user_id, file_type, original_name, byte_count, sha256, storage_key)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (user_id, sha256) DO NOTHING
           RETURNING id""",
        image.user_id,
        image.file_type,
        image.original_name,
        image.byte_count,
        image.sha256,
        image.storage_key,
    )


async def find_image_by_digest(db: Database, user_id: int, sha256: bytes) -> asyncpg.Record | None:
    """id, file_type, status and storage_key of this user's image with these bytes."""
    return await db.fetchrow(
        "SELECT id, file_type, status, storage_key FROM images WHERE user_id = $1 AND sha256 = $2", user_id, sha256
    )


async def find_image(db: Database, image_id: int) -> Image | None:
    row = await db.fetchrow(f"{SELECT_IMAGE} WHERE i.id = $1", image_id)
    return None if row is None else image_from(row)


async def find_study_of_image(db: Database, image_id: int) -> StudyOfImage | None:
    row = await db.fetchrow(
        """SELECT s.id, s.study_instance_uid, i.study_description, i.study_at, i.accession_number,
                  e.id AS series_id, e.series_instance_uid, e.series_description,
                  e.modality AS series_modality, e.manufacturer, e.station_name
           FROM images i JOIN series e ON e.id = i.series_id JOIN studies s ON s.id = i.study_id
           WHERE i.id = $1""",
        image_id,
    )
    return None if row is None else StudyOfImage(**dict(row))


async def lock_image(connection: Connection, image_id: int) -> asyncpg.Record | None:
    """user_id, status, storage_key and sha256, held until the caller's transaction ends."""
    return await connection.fetchrow(
        "SELECT user_id, status, storage_key, sha256 FROM images WHERE id = $1 FOR UPDATE", image_id
    )


async def set_status(
    connection: Connection, image_id: int, status: str, reason_code: str | None, reason: str | None
) -> None:
    await connection.execute(
        """UPDATE images SET status = $2, reason_code = $3, reason = $4, updated_at = now() WHERE id = $1""",
        image_id,
        status,
        reason_code,
        reason,
    )


async def set_statuses(
    connection: Connection, image_ids: list[int], status: str, reason_code: str | None, reason: str | None
) -> None:
    """Of many images at once; those that are shown stay as they are."""
    await connection.execute(
        """UPDATE images SET status = $2, reason_code = $3, reason = $4, updated_at = now()
           WHERE id = ANY($1::bigint[]) AND status <> 'ready'""",
        image_ids,
        status,
        reason_code,
        reason,
    )


async def _new_id(connection: Connection, sql: str, *values: object) -> int:
    """The id that an upsert answers; it always answers one."""
    row_id: int | None = await connection.fetchval(sql, *values)
    assert row_id is not None
    return row_id


async def upsert_patient(connection: Connection, header: ImageHeader) -> int:
    """The patient's row; what is known already is kept, what was unknown is filled in."""
    return await _new_id(
        connection,
        """INSERT INTO patients AS p
               (patient_id, issuer_of_patient_id, patient_name, patient_birth_date, patient_sex)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (patient_id, issuer_of_patient_id) DO UPDATE
               SET patient_name = COALESCE(p.patient_name, excluded.patient_name),
                   patient_birth_date = COALESCE(p.patient_birth_date, excluded.patient_birth_date),
                   patient_sex = COALESCE(p.patient_sex, excluded.patient_sex)
           RETURNING id""",
        header.patient_id,
        header.issuer_of_patient_id or "",
        header.patient_name,
        header.patient_birth_date,
        header.patient_sex,
    )


async def upsert_study(connection: Connection, header: ImageHeader, patient_id: int | None) -> int:
    return await _new_id(
        connection,
        """INSERT INTO studies AS s
               (study_instance_uid, patient_id, study_id, accession_number, study_description, study_at)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (study_instance_uid) DO UPDATE
               SET patient_id = COALESCE(s.patient_id, excluded.patient_id),
                   study_description = COALESCE(s.study_description, excluded.study_description),
                   study_at = COALESCE(s.study_at, excluded.study_at)
           RETURNING id""",
        header.study_instance_uid,
        patient_id,
        header.study_id,
        header.accession_number,
        header.study_description,
        header.study_at,
    )


async def upsert_series(connection: Connection, header: ImageHeader, study_id: int) -> int:
    return await _new_id(
        connection,
        """INSERT INTO series AS e (series_instance_uid, study_id, modality, series_number,
                                    series_description, manufacturer, station_name)
           VALUES ($1, $2, $3, $4, $5, $6, $7)
           ON CONFLICT (study_id, series_instance_uid) DO UPDATE
               SET series_description = COALESCE(e.series_description, excluded.series_description)
           RETURNING id""",
        header.series_instance_uid,
        study_id,
        header.modality,
        header.series_number,
        header.series_description,
        header.manufacturer,
        header.station_name,
    )


async def lock_sop_instance_uid(connection: Connection, sop_instance_uid: str) -> None:
    """One filing at a time for a SOP Instance UID, so that two at once cannot both believe to be the first."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7))", sop_instance_uid)


async def find_first_with_sop_instance_uid(
    connection: Connection, sop_instance_uid: str, *, image_id: int, sha256: bytes
) -> int | None:
    """The earliest other image that carries this UID with other bytes."""
    return await connection.fetchval(
        """SELECT id FROM images
           WHERE sop_instance_uid = $1 AND id <> $2 AND sha256 <> $3
           ORDER BY id LIMIT 1""",
        sop_instance_uid,
        image_id,
        sha256,
    )


async def update_header(
    connection: Connection,
    image_id: int,
    header: ImageHeader,
    *,
    study_id: int | None,
    series_id: int | None,
    conflicts_with: int | None,
) -> None:
    await connection.execute(
        """UPDATE images
           SET study_id = $2, series_id = $3, conflicts_with = $4, sop_class_uid = $5, sop_instance_uid = $6,
               transfer_syntax_uid = $7, modality = $8, laterality = $9, laterality_source = $10,
               view_position = $11, view_position_source = $12, instance_number = $13, acquired_at = $14,
               presentation_intent_type = $15, photometric_interpretation = $16, rows = $17, columns = $18,
               number_of_frames = $19, bits_stored = $20, voi_source = $21, warnings = $22, patient_id = $23,
               patient_name = $24, accession_number = $25, study_description = $26, study_at = $27,
               object_kind = $28, view_modifiers = $29, updated_at = now()
           WHERE id = $1""",
        image_id,
        study_id,
        series_id,
        conflicts_with,
        header.sop_class_uid,
        header.sop_instance_uid,
        header.transfer_syntax_uid,
        header.modality,
        header.laterality,
        header.laterality_source,
        header.view_position,
        header.view_position_source,
        header.instance_number,
        header.acquired_at,
        header.presentation_intent_type,
        header.photometric_interpretation,
        header.rows,
        header.columns,
        header.number_of_frames,
        header.bits_stored,
        header.voi_source,
        list(header.warnings),
        header.patient_id,
        header.patient_name,
        header.accession_number,
        header.study_description,
        header.study_at,
        header.object_kind,
        list(header.view_modifiers),
    )


async def list_outdated_images(
    db: Database, recipe_version: int, *, after: tuple[int, int], limit: int
) -> list[asyncpg.Record]:
    """recipe_version, id and user_id of images that an older recipe shows, in the order of the index on these two."""
    return await db.fetch(
        """SELECT recipe_version, id, user_id FROM images
           WHERE recipe_version < $1 AND (recipe_version, id) > ($2, $3) AND status = 'ready'
           ORDER BY recipe_version, id LIMIT $4""",
        recipe_version,
        *after,
        limit,
    )


async def add_warning(connection: Connection, image_id: int, warning: str) -> None:
    """Once, however often it is added."""
    await connection.execute(
        """UPDATE images SET warnings = warnings || $2::jsonb, updated_at = now()
           WHERE id = $1 AND NOT warnings @> $2::jsonb""",
        image_id,
        [warning],
    )


async def insert_renditions(connection: Connection, image_id: int, renditions: list[NewRendition]) -> None:
    await connection.executemany(
        """INSERT INTO renditions
               (image_id, kind, recipe_version, storage_key, content_type, byte_count, width, height, frame_offsets)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        [
            (
                image_id,
                r.kind,
                r.recipe_version,
                r.storage_key,
                r.content_type,
                r.byte_count,
                r.width,
                r.height,
                r.frame_offsets,
            )
            for r in renditions
        ],
    )


async def delete_replaced_renditions(
    connection: Connection, image_id: int, kinds: list[str], recipe_version: int, *, older: bool
) -> list[str]:
    """Remove the rows of these kinds and this recipe, and with `older` those of every other recipe; the keys whose
    files are to go."""
    rows = await connection.fetch(
        """DELETE FROM renditions
           WHERE image_id = $1 AND ((recipe_version = $3 AND kind = ANY($2::text[])) OR ($4 AND recipe_version <> $3))
           RETURNING storage_key""",
        image_id,
        kinds,
        recipe_version,
        older,
    )
    return [row["storage_key"] for row in rows]


async def show_recipe(connection: Connection, image_id: int, recipe_version: int) -> None:
    await connection.execute(
        """UPDATE images
           SET recipe_version = $2, status = 'ready', reason_code = NULL, reason = NULL, updated_at = now()
           WHERE id = $1""",
        image_id,
        recipe_version,
    )


async def find_owner(db: Database, image_id: int) -> int | None:
    return await db.fetchval("SELECT user_id FROM images WHERE id = $1", image_id)


async def request_removals(connection: Connection, keys: list[str]) -> None:
    await connection.execute(
        "INSERT INTO storage_removals (storage_key) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING", keys
    )


async def list_removals(db: Database, limit: int) -> list[str]:
    rows = await db.fetch("SELECT storage_key FROM storage_removals ORDER BY requested_at LIMIT $1", limit)
    return [row["storage_key"] for row in rows]


async def forget_removals(db: Database, keys: list[str]) -> None:
    await db.execute("DELETE FROM storage_removals WHERE storage_key = ANY($1::text[])", keys)


async def list_known_keys(db: Database, keys: list[str]) -> set[str]:
    """Those of the keys that a row speaks of."""
    rows = await db.fetch(
        """SELECT storage_key FROM images WHERE storage_key = ANY($1::text[])
           UNION ALL SELECT storage_key FROM renditions WHERE storage_key = ANY($1::text[])
           UNION ALL SELECT storage_key FROM storage_removals WHERE storage_key = ANY($1::text[])
           UNION ALL SELECT key FROM withdrawn_images, unnest(storage_keys) AS key WHERE key = ANY($1::text[])""",
        keys,
    )
    return {row["storage_key"] for row in rows}


async def list_originals_after(db: Database, image_id: int, limit: int) -> list[asyncpg.Record]:
    """id, storage_key, byte_count and sha256 in the order of ids."""
    return await db.fetch(
        "SELECT id, storage_key, byte_count, sha256 FROM images WHERE id > $1 ORDER BY id LIMIT $2", image_id, limit
    )


async def list_renditions_after(db: Database, rendition_id: int, limit: int) -> list[asyncpg.Record]:
    """id, image_id, storage_key and byte_count in the order of ids."""
    return await db.fetch(
        "SELECT id, image_id, storage_key, byte_count FROM renditions WHERE id > $1 ORDER BY id LIMIT $2",
        rendition_id,
        limit,
    )


async def find_rendition(db: Database, image_id: int, kind: str) -> asyncpg.Record | None:
    """Whose the image is and how it stands (user_id, status, reason_code, reason), and its rendition of a kind, if it
    has one (else storage_key is null): that of the recipe that is shown; of one made on demand, which may be ahead of
    it, else the newest. None: no such image. One question, for thumbnails are most of what is asked."""
    return await db.fetchrow(
        """SELECT i.user_id, i.status, i.reason_code, i.reason, r.storage_key, r.content_type, r.byte_count,
                  r.id::text || '-' || r.recipe_version::text AS etag
           FROM images i LEFT JOIN renditions r ON r.image_id = i.id AND r.kind = $2
           WHERE i.id = $1
           ORDER BY r.recipe_version = i.recipe_version DESC NULLS LAST, r.recipe_version DESC NULLS LAST
           LIMIT 1""",
        image_id,
        kind,
    )
