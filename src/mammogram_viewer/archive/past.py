"""Images of a demonstration get the moments of a past that never was. Nothing else changes when an image came."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mammogram_viewer.archive.queries import Connection

_MOMENTS = "(SELECT * FROM unnest($1::bigint[], $2::timestamptz[]) AS m (image_id, at)) m"
_STATEMENTS = (
    f"""UPDATE images i SET created_at = m.at, updated_at = m.at + (i.updated_at - i.created_at)
        FROM {_MOMENTS} WHERE i.id = m.image_id""",
    f"UPDATE renditions r SET created_at = m.at FROM {_MOMENTS} WHERE r.image_id = m.image_id",
    # The triggers note what comes and goes, not when it is said to have come.
    f"UPDATE image_stock s SET at = m.at FROM {_MOMENTS} WHERE s.image_id = m.image_id AND s.images = 1",
    """UPDATE studies s SET created_at = f.at
       FROM (SELECT study_id, min(created_at) AS at FROM images
             WHERE study_id IN (SELECT study_id FROM images WHERE id = ANY ($1::bigint[])) GROUP BY 1) f
       WHERE s.id = f.study_id""",
    """UPDATE patients p SET created_at = f.at
       FROM (SELECT s.patient_id, min(s.created_at) AS at FROM studies s
             WHERE s.patient_id IN (SELECT o.patient_id FROM studies o JOIN images i ON i.study_id = o.id
                                    WHERE i.id = ANY ($1::bigint[])) GROUP BY 1) f
       WHERE p.id = f.patient_id""",
    # Where the lists of exams put them: by the study, and by the viewer's own first image.
    """UPDATE exam_tallies e SET created_at = f.at
       FROM (SELECT i.study_id, v.viewer_id, min(CASE v.viewer_id WHEN 0 THEN s.created_at ELSE i.created_at END) AS at
             FROM images i JOIN studies s ON s.id = i.study_id
             CROSS JOIN LATERAL (VALUES (0::bigint), (i.user_id)) AS v (viewer_id)
             WHERE i.study_id IN (SELECT study_id FROM images WHERE id = ANY ($1::bigint[])) GROUP BY 1, 2) f
       WHERE e.exam_id = f.study_id AND e.viewer_id = f.viewer_id""",
)
_REMOVED = """
UPDATE image_stock s SET at = m.at
FROM (SELECT * FROM unnest($1::bigint[], $2::timestamptz[]) AS m (image_id, at)) m
WHERE s.image_id = m.image_id AND s.images = -1"""


async def move_into_past(
    connection: Connection, came_at: Mapping[int, datetime], removed_at: Mapping[int, datetime]
) -> None:
    """Each image came at `came_at`, and those of `removed_at` went then. The caller holds the lock of
    fold_activity(), and the roll-ups are right again when this ends; they commit with the caller."""
    await connection.execute("LOCK TABLE image_stock, image_views IN SHARE ROW EXCLUSIVE MODE")
    for statement in _STATEMENTS:
        values = [list(came_at), list(came_at.values())]
        await connection.execute(statement, *values[: 2 if "$2" in statement else 1])
    await connection.execute(_REMOVED, list(removed_at), list(removed_at.values()))
    await connection.execute("SELECT rebuild_stock_and_views()")
