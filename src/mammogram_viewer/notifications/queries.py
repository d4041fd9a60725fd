"""SQL of notifications: ended jobs as news, read marks, wishes, and what is due. Typed calls, no logic."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from mammogram_viewer.foundation.keyset import Condition, Page, PageRequest, read_page
from mammogram_viewer.notifications.models import Channel, DueJob, JobMoved, Notification, Preferences, Wanted

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Database = Connection | asyncpg.Pool

# Word for word the condition of the index job_queue_notifications_idx.
_IS_NEWS = """finished_at IS NOT NULL
      AND (type IN ('convert_dicom', 'render_picture')
           AND (status IN ('completed', 'rejected', 'failed') OR status = 'cancelled' AND error_code = 'cancelled')
           OR type IN ('render_on_demand', 'remake_renditions') AND status = 'failed')"""
_FOUND = "SELECT j.* FROM job_queue j"
# `error` of a completed job is that of an earlier attempt, if anything.
_SHOWN = """
SELECT j.id, j.type, j.image_id, i.original_name, notification_state(j.type, j.status, j.error_code) AS state,
       j.error_code, j.error, j.finished_at,
       coalesce(j.finished_at > s.read_up_to, true) AS unread, {any_behind} AS any_behind
FROM ({found}) j
LEFT JOIN images i ON i.id = j.image_id AND i.user_id = j.user_id
LEFT JOIN notification_settings s ON s.user_id = j.user_id"""
_LOOKUP = "SELECT finished_at FROM job_queue WHERE id = $1"


async def list_notifications(db: asyncpg.Pool, request: PageRequest, user_id: int) -> Page[Notification]:
    page: Page[Any] = await read_page(
        db,
        base=_FOUND,
        around=_SHOWN,
        conditions=[Condition("j.user_id = {}", user_id), Condition(_IS_NEWS)],
        request=request,
        lookup=_LOOKUP,
        created_at="j.finished_at",
        id_column="j.id",
        row_keys=("finished_at", "id"),
    )
    return page.with_rows([_notification(row) for row in page.rows])


def _notification(row: asyncpg.Record) -> Notification:
    ready = row["state"] == "ready"
    return Notification(
        job_id=row["id"],
        kind=row["type"],
        image_id=row["image_id"],
        file_name=row["original_name"],
        state=row["state"],
        reason_code=None if ready else row["error_code"],
        reason=None if ready else row["error"],
        at=row["finished_at"],
        unread=row["unread"],
    )


async def count_unread(db: Database, user_id: int, *, limit: int) -> int:
    """At most `limit`."""
    unread: int | None = await db.fetchval(
        f"""SELECT count(*) FROM (
                SELECT FROM job_queue
                WHERE user_id = $1 AND {_IS_NEWS}
                  AND finished_at > coalesce(
                      (SELECT read_up_to FROM notification_settings WHERE user_id = $1), '-infinity')
                LIMIT $2) unread""",
        user_id,
        limit,
    )
    return unread or 0


async def set_read(db: Database, user_id: int, up_to: datetime) -> None:
    """Never backwards, and never into the future: what ends later is unread. Tells the user's other pages."""
    await db.execute(
        """WITH marked AS (
               INSERT INTO notification_settings AS s (user_id, read_up_to) VALUES ($1, least($2, now()))
               ON CONFLICT (user_id) DO UPDATE
                   SET read_up_to = greatest(s.read_up_to, excluded.read_up_to), updated_at = now()
               RETURNING user_id)
           SELECT pg_notify('job_events', user_id || '::read') FROM marked""",
        user_id,
        up_to,
    )


# --- where jobs stand ------------------------------------------------------------------------------------------

_MOVED = "id, user_id, image_id, status AS state, progress, error_code AS reason_code, updated_at AS at"


def _moved(rows: list[asyncpg.Record]) -> list[JobMoved]:
    return [JobMoved(**dict(row)) for row in rows]


async def list_moved(db: Database, job_ids: list[str]) -> list[JobMoved]:
    return _moved(
        await db.fetch(
            f"""SELECT {_MOVED} FROM job_queue
                WHERE id = ANY($1::text[]) AND user_id IS NOT NULL AND image_id IS NOT NULL""",
            job_ids,
        )
    )


async def list_newest(db: Database, user_id: int, *, limit: int) -> list[JobMoved]:
    """The user's newest jobs of images, whatever their state (index by user and created_at)."""
    return _moved(
        await db.fetch(
            f"""SELECT {_MOVED} FROM job_queue WHERE user_id = $1 AND image_id IS NOT NULL
                ORDER BY created_at DESC, id DESC LIMIT {int(limit)}""",
            user_id,
        )
    )


async def list_ended_since(db: Database, user_id: int, since: datetime, *, limit: int) -> list[JobMoved]:
    """What has become news since then, newest first."""
    return _moved(
        await db.fetch(
            f"""SELECT {_MOVED} FROM job_queue WHERE user_id = $1 AND {_IS_NEWS} AND finished_at >= $2
                ORDER BY finished_at DESC, id DESC LIMIT {int(limit)}""",
            user_id,
            since,
        )
    )


async def database_time(db: Database) -> datetime:
    now: datetime | None = await db.fetchval("SELECT now()")
    assert now is not None
    return now


async def watch(db: Database, hub_id: UUID, user_ids: list[int], *, seconds: float) -> None:
    """Have the jobs of these users tell when they move; what has run out goes."""
    await db.execute(
        """WITH gone AS (DELETE FROM event_watchers WHERE until_at < now() - interval '1 minute')
           INSERT INTO event_watchers (user_id, hub_id, until_at)
           SELECT user_id, $2, now() + make_interval(secs => $3) FROM unnest($1::bigint[]) AS users (user_id)
           ON CONFLICT (user_id, hub_id) DO UPDATE SET until_at = excluded.until_at""",
        user_ids,
        hub_id,
        seconds,
    )


async def unwatch(db: Database, hub_id: UUID) -> None:
    await db.execute("DELETE FROM event_watchers WHERE hub_id = $1", hub_id)


# --- wishes ----------------------------------------------------------------------------------------------------


async def find_preferences(db: Database, user_id: int) -> Preferences | None:
    """None when there is no such user; the defaults when nothing was ever chosen."""
    row = await db.fetchrow(
        """SELECT u.id AS user_id, u.email, u.status = 'active' AS is_active, s.webhook_url, s.webhook_secret,
                  coalesce(s.webhook_on, 'never') AS webhook_on, coalesce(s.email_on, 'never') AS email_on
           FROM users u LEFT JOIN notification_settings s ON s.user_id = u.id WHERE u.id = $1""",
        user_id,
    )
    return None if row is None else Preferences(**dict(row))


async def set_preferences(
    connection: Connection,
    user_id: int,
    *,
    webhook_url: str | None,
    webhook_secret: str | None,
    webhook_on: Wanted,
    email_on: Wanted,
) -> None:
    await connection.execute(
        """INSERT INTO notification_settings (user_id, webhook_url, webhook_secret, webhook_on, email_on)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (user_id) DO UPDATE
               SET webhook_url = excluded.webhook_url, webhook_secret = excluded.webhook_secret,
                   webhook_on = excluded.webhook_on, email_on = excluded.email_on, updated_at = now()""",
        user_id,
        webhook_url,
        webhook_secret,
        webhook_on,
        email_on,
    )


async def lock_user(connection: Connection, user_id: int) -> None:
    """One change of a user's wishes at a time, also of the first one."""
    await connection.execute("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id)


# --- what is due -----------------------------------------------------------------------------------------------


async def list_due(db: Database, *, digest_seconds: float, limit: int) -> list[tuple[int, Channel]]:
    """To whom something is to be sent now: a failure when nothing was sent for that long, all else when it has
    waited for that long."""
    rows = await db.fetch(
        """SELECT d.user_id, d.channel
           FROM notifications_due d LEFT JOIN notification_settings s ON s.user_id = d.user_id
           GROUP BY d.user_id, d.channel, s.webhook_sent_at, s.email_sent_at
           HAVING min(d.created_at) <= now() - make_interval(secs => $1)
               OR bool_or(d.state <> 'ready')
                  AND coalesce(CASE d.channel WHEN 'webhook' THEN s.webhook_sent_at ELSE s.email_sent_at END
                               <= now() - make_interval(secs => $1), true)
           ORDER BY min(d.created_at) LIMIT $2""",
        digest_seconds,
        limit,
    )
    return [(row["user_id"], row["channel"]) for row in rows]


async def take_due(connection: Connection, user_id: int, channel: Channel, *, limit: int) -> list[DueJob]:
    """Remove the oldest ones; the caller puts them into a delivery in the same transaction."""
    rows = await connection.fetch(
        """DELETE FROM notifications_due WHERE id IN (
               SELECT id FROM notifications_due WHERE user_id = $1 AND channel = $2
               ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED)
           RETURNING id, job_id, state""",
        user_id,
        channel,
        limit,
    )
    return sorted((DueJob(**dict(row)) for row in rows), key=lambda due: due.id)


async def note_sent(connection: Connection, user_id: int, channel: Channel) -> None:
    column = "webhook_sent_at" if channel == "webhook" else "email_sent_at"
    await connection.execute(f"UPDATE notification_settings SET {column} = now() WHERE user_id = $1", user_id)


async def list_by_job(db: Database, job_ids: list[str]) -> list[Notification]:
    """Those jobs as they stand now, in the order of their end; one that was started over since is not among them."""
    rows = await db.fetch(
        f"""SELECT id, type, image_id, NULL AS original_name,
                   notification_state(type, status, error_code) AS state, error_code, error, finished_at,
                   true AS unread
            FROM job_queue WHERE id = ANY($1::text[]) AND {_IS_NEWS} ORDER BY finished_at, id""",
        job_ids,
    )
    return [_notification(row) for row in rows]


async def list_delivery_jobs(db: Database, user_id: int, *, limit: int) -> list[str]:
    """Ids of the newest deliveries to this user."""
    rows = await db.fetch(
        """SELECT id FROM job_queue WHERE user_id = $1 AND type IN ('notify_webhook', 'notify_email')
           ORDER BY created_at DESC, id DESC LIMIT $2""",
        user_id,
        limit,
    )
    return [row["id"] for row in rows]
