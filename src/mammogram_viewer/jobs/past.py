"""Jobs of a demonstration move into a past that never was, each as long as it really took."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mammogram_viewer.jobs.queries import Connection

_MOVE = """
WITH moved AS (
    SELECT j.id, m.at - j.created_at AS back
    FROM unnest($1::bigint[], $2::timestamptz[]) AS m (image_id, at) JOIN job_queue j ON j.image_id = m.image_id
), attempts AS (
    UPDATE job_attempts a SET started_at = started_at + back, finished_at = finished_at + back
    FROM moved WHERE a.job_id = moved.id
)
UPDATE job_queue j SET created_at = created_at + back, enqueued_at = enqueued_at + back,
    started_at = started_at + back, finished_at = finished_at + back, updated_at = updated_at + back
FROM moved WHERE j.id = moved.id"""


async def move_into_past(connection: Connection, came_at: Mapping[int, datetime]) -> None:
    """The jobs of each image were added when it came; the caller commits."""
    await connection.execute(_MOVE, list(came_at), list(came_at.values()))
