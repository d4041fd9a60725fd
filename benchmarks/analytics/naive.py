"""The questions of each chart as one writes them at first: grouped by the local day, on the raw tables with their
B-trees. `$1` and `$2` are the ends of the range, `$3` the time zone."""

from __future__ import annotations

_DAY = "(created_at AT TIME ZONE $3)::date"

ACTIVITY = f"""
SELECT {_DAY} AS day, activity_type, count(*) AS n FROM user_activity
WHERE created_at >= $1 AND created_at < $2 GROUP BY 1, 2 ORDER BY 1, 2"""

ACTIVE_USERS = """
SELECT count(DISTINCT user_id) AS people FROM user_activity
WHERE created_at >= $1 AND created_at < $2 AND $3::text IS NOT NULL"""

ACTIVE_USERS_BY_DAY = f"""
SELECT {_DAY} AS day, count(DISTINCT user_id) AS people FROM user_activity
WHERE created_at >= $1 AND created_at < $2 GROUP BY 1 ORDER BY 1"""

UPLOADS = f"""
SELECT {_DAY} AS day, count(*) AS uploads, sum((metadata ->> 'byteCount')::bigint) AS bytes FROM user_activity
WHERE activity_type = 'upload' AND created_at >= $1 AND created_at < $2 GROUP BY 1 ORDER BY 1"""

# What was there at the end of each day: everything since the beginning counts.
STORAGE = """
SELECT day, bytes, images FROM (
    SELECT (at AT TIME ZONE $3)::date AS day, sum(sum(bytes)) OVER days AS bytes, sum(sum(images)) OVER days AS images
    FROM image_stock WHERE at < $2 GROUP BY 1 WINDOW days AS (ORDER BY (at AT TIME ZONE $3)::date)) grown
WHERE day >= ($1::timestamptz AT TIME ZONE $3)::date ORDER BY day"""

FILE_TYPES = """
SELECT file_type, count(*) AS images, sum(byte_count) AS bytes, avg(byte_count), min(byte_count) AS least,
       max(byte_count) AS most
FROM images GROUP BY 1 ORDER BY 1"""

MOST_VIEWED = """
SELECT v.image_id, count(*) AS views FROM image_views v JOIN images i ON i.id = v.image_id
WHERE v.viewed_at >= $1 AND v.viewed_at < $2 AND $3::text IS NOT NULL
GROUP BY 1 ORDER BY 2 DESC, 1 DESC LIMIT 10"""
