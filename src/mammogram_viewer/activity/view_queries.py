"""The one statement that writes views from the buffer; no logic."""

from __future__ import annotations

from datetime import datetime

from mammogram_viewer.activity.queries import AnyConnection

# One flush at a time in the whole installation, so that two processes never begin the same view each. The lock has to
# be a statement of its own: the next one then sees what the flush before has committed.
_LOCK = "SELECT pg_advisory_xact_lock(7226004)"

# What a row of image_views reaches, half an hour around it, is never another view. Duration is never longer than the
# time since the view began, however many windows show the picture.
_WRITE = """
WITH looks AS (
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
                         $6::integer[], $7::inet[], $8::text[])
        AS l (user_id, image_id, opened_at, first_at, last_at, seconds, ip_truncated, user_agent_family)
), placed AS (
    SELECT l.*, v.id AS view_id
    FROM looks l
    LEFT JOIN LATERAL (
        SELECT id, last_seen_at FROM image_views
        WHERE user_id = l.user_id AND image_id = l.image_id AND viewed_at <= l.last_at + make_interval(secs => $9)
        ORDER BY viewed_at DESC LIMIT 1
    ) v ON v.last_seen_at >= l.first_at - make_interval(secs => $9)
), continued AS (
    SELECT view_id, max(last_at) AS last_at, sum(seconds) AS seconds FROM placed
    WHERE view_id IS NOT NULL GROUP BY view_id
), extended AS (
    UPDATE image_views v SET
        last_seen_at = greatest(v.last_seen_at, c.last_at),
        duration_seconds = CASE WHEN c.seconds = 0 THEN v.duration_seconds ELSE
            least(coalesce(v.duration_seconds, 0) + c.seconds,
                  floor(extract(epoch FROM greatest(v.last_seen_at, c.last_at) - v.viewed_at))) END
    FROM continued c WHERE v.id = c.view_id
), begun AS (
    INSERT INTO image_views (user_id, image_id, viewed_at, last_seen_at, duration_seconds)
    SELECT user_id, image_id, opened_at, last_at,
           CASE WHEN seconds > 0 THEN least(seconds, floor(extract(epoch FROM last_at - opened_at))) END
    FROM placed WHERE view_id IS NULL AND opened_at IS NOT NULL ORDER BY opened_at
)
INSERT INTO user_activity
    (user_id, activity_type, resource_type, resource_id, ip_truncated, user_agent_family, created_at)
SELECT user_id, 'view', 'image', image_id, ip_truncated, user_agent_family, opened_at
FROM placed WHERE view_id IS NULL AND opened_at IS NOT NULL ORDER BY opened_at
"""

# A row a look: user, image, opened at (None: a heartbeat alone), first and last seen at, seconds, network, family.
Row = tuple[int, int, datetime | None, datetime, datetime, int, str | None, str | None]


async def write_views(connection: AnyConnection, rows: list[Row], *, continues_seconds: int) -> None:
    await connection.execute(_LOCK)
    await connection.execute(_WRITE, *map(list, zip(*rows, strict=True)), float(continues_seconds))
