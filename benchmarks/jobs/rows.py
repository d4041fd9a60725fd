"""A million rows of `job_queue` in a few seconds of SQL: queues, people, states and reasons in the proportions of an
installation that has run for years. Rows only; neither images nor files nor Redis know of them."""

from __future__ import annotations

import asyncpg

HEAVY_USER, LIGHT_USER = 1, 40  # four jobs in ten, and one in two hundred
COMMON_REASON, RARE_REASON = "unsupported_transfer_syntax", "decoder_time_out"

# md5 would cost a minute: odd multipliers scatter well enough, and the same rows come out everywhere.
_FILL = """
INSERT INTO job_queue (id, queue, type, status, image_id, user_id, priority, attempts_made, error_code, error, result,
                       created_at, enqueued_at, started_at, finished_at, updated_at)
SELECT CASE queue WHEN 'dicom-conversion' THEN 'dicom-' WHEN 'thumbnail' THEN 'thumbnail-' ELSE 'sweep-' END || n,
       queue,
       CASE queue WHEN 'dicom-conversion' THEN 'convert_dicom' WHEN 'thumbnail' THEN 'remake_renditions'
                  ELSE 'sweep_storage' END,
       status, CASE WHEN queue <> 'maintenance' THEN n * 2 / 3 END,
       CASE WHEN queue <> 'maintenance' THEN CASE WHEN n * 7919 % 10 < 4 THEN 1 ELSE 2 + n * 7919 % 119 END END,
       CASE queue WHEN 'thumbnail' THEN 10 ELSE 0 END, 1,
       CASE status WHEN 'rejected' THEN 'unsupported_transfer_syntax'
                   WHEN 'failed' THEN CASE WHEN n * 31 % 50 = 0 THEN 'decoder_time_out' ELSE 'decoder_crash' END
                   WHEN 'cancelled' THEN 'cancelled' END,
       CASE WHEN status IN ('rejected', 'failed', 'cancelled') THEN 'A sentence for people about this reason.' END,
       CASE status WHEN 'completed' THEN '{"recipeVersion": 2}'::jsonb END,
       at, at, at, CASE WHEN status IN ('completed', 'rejected', 'failed', 'cancelled') THEN at END, at
FROM (SELECT n, now() - interval '2 years' + n * (interval '2 years' / $1::integer) AS at,
             CASE WHEN n % 3 = 0 THEN 'thumbnail' WHEN n % 500 = 1 THEN 'maintenance' ELSE 'dicom-conversion' END
                 AS queue,
             CASE WHEN n > $1::integer - $1::integer / 500 THEN
                      CASE n % 20 WHEN 0 THEN 'active' WHEN 1 THEN 'delayed' WHEN 2 THEN 'pending' ELSE 'waiting' END
                  WHEN n * 13 % 50 = 0 THEN 'rejected' WHEN n * 13 % 100 = 1 THEN 'failed'
                  WHEN n * 13 % 500 = 2 THEN 'cancelled' ELSE 'completed' END AS status
      FROM generate_series(1::bigint, $1::integer) n) each_row
"""


async def fill(connection: asyncpg.Connection, rows: int) -> None:
    """Analysed, as autovacuum would leave them."""
    await connection.execute(_FILL, rows, timeout=600)
    await connection.execute("VACUUM ANALYZE job_queue", timeout=600)
