"""How PostgreSQL finds what quality is computed from."""

from __future__ import annotations

from datetime import UTC, date, datetime

import asyncpg

from mammogram_viewer.quality.selections import files_of


async def test_the_files_of_a_range_are_found_by_the_indexes_on_their_dates(db: asyncpg.Pool) -> None:
    user_id = await db.fetchval(
        "INSERT INTO users (email, role, status) VALUES ('a@b.c', 'user', 'active') RETURNING id"
    )
    await db.execute(
        """INSERT INTO images (user_id, created_at, file_type, original_name, byte_count, sha256, storage_key,
               modality, acquired_at)
           SELECT $1, t, 'dicom', 'a', 1, sha256(n::text::bytea), n::text, 'MG', CASE WHEN n % 5 > 0 THEN t END
           FROM generate_series(1, 6000) n, LATERAL (SELECT '2026-01-01'::timestamp + n * interval '1 hour' AS t) x""",
        user_id,
    )
    await db.execute("ANALYZE images")
    plan = "\n".join(
        row[0]
        for row in await db.fetch(
            f"EXPLAIN WITH {files_of('station')} SELECT count(*) FROM files",
            date(2026, 3, 1),
            date(2026, 3, 7),
            datetime(2026, 3, 1, tzinfo=UTC),
            datetime(2026, 3, 8, tzinfo=UTC),
            "UTC",
            None,
            None,
        )
    )
    assert "images_acquired_at_idx" in plan
    assert "images_not_dated_idx" in plan
