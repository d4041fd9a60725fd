"""Webhook calls and e-mails, as jobs of the queue `maintenance`.

    a job ends  -> a row of notifications_due in the same transaction (migrations/0010), only if its owner wants it
    Dispatcher  -> what is due for one user and channel becomes one delivery job, in one transaction
    Deliverer   -> one attempt; the row decides whether another follows, as for every job

A first failure is told at once; what follows within `notification_digest_seconds` is told together, so that a bulk
upload is one message a minute and not a thousand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import asyncpg

from mammogram_viewer.adapters.mail import send_mail
from mammogram_viewer.foundation.outcomes import Outcome
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.jobs import outbox
from mammogram_viewer.jobs.models import MAINTENANCE, Claim, NewJob
from mammogram_viewer.jobs.service import QueueService
from mammogram_viewer.notifications import queries
from mammogram_viewer.notifications.models import (
    JOB_TYPES,
    NOTIFY_EMAIL,
    NOTIFY_WEBHOOK,
    Channel,
    Notification,
    Preferences,
)
from mammogram_viewer.notifications.webhook import call
from mammogram_viewer.notifications.words import mail_subject, mail_text, webhook_body
from mammogram_viewer.renditions.jobs import AttemptFailed

log = logging.getLogger(__name__)
NOT_DELIVERED = "not_delivered"
DELIVERY_REFUSED = "delivery_refused"
_LOOK_SECONDS = 1.0
_USERS_AT_ONCE = 100
_JOBS_AT_ONCE = 200
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Dispatcher:
    """Makes deliveries of what is due. Runs in every worker; rows that another one holds are passed over."""

    def __init__(self, db: asyncpg.Pool, queue: QueueService, settings: Settings) -> None:
        self._db = db
        self._queue = queue
        self._settings = settings

    async def run_forever(self) -> None:
        """PostgreSQL being away is waited out; what is due stays due."""
        while True:
            try:
                await self.dispatch()
            except _AWAY as problem:
                log.warning("dispatcher_waits", extra={"problem": type(problem).__name__})
            except Exception:  # the outer loop: one look that breaks must not end all later ones
                log.exception("dispatcher_failed")
            await asyncio.sleep(_LOOK_SECONDS)

    async def dispatch(self) -> int:
        """One look; answers how many deliveries it made."""
        due = await queries.list_due(
            self._db, digest_seconds=self._settings.notification_digest_seconds, limit=_USERS_AT_ONCE
        )
        made = 0
        for user_id, channel in due:
            made += await self._make_delivery(user_id, channel)
        return made

    async def _make_delivery(self, user_id: int, channel: Channel) -> bool:
        async with self._db.acquire() as connection, connection.transaction():
            jobs = await queries.take_due(connection, user_id, channel, limit=_JOBS_AT_ONCE)
            if not jobs:
                return False
            delivery = NewJob(
                id=f"notify-{channel}-{user_id}-{jobs[-1].id}",
                queue=MAINTENANCE,
                type=JOB_TYPES[channel],
                image_id=None,
                user_id=user_id,
                max_attempts=self._settings.delivery_attempts,
                input={"jobs": [job.job_id for job in jobs]},
            )
            await outbox.add_jobs(connection, [delivery])
            await queries.note_sent(connection, user_id, channel)
        await self._queue.wake([delivery])
        return True


class Deliverer:
    """Runs deliveries. One instance a worker process."""

    def __init__(self, db: asyncpg.Pool, settings: Settings) -> None:
        self._db = db
        self._settings = settings

    @property
    def runners(self) -> dict[str, Callable[[Claim], Awaitable[None]]]:
        """By kind of job."""
        return {NOTIFY_WEBHOOK: self.run_webhook, NOTIFY_EMAIL: self.run_email}

    async def run_webhook(self, claim: Claim) -> None:
        """One attempt of `notify_webhook`."""
        preferences, jobs = await self._look_up(claim)
        if preferences is None or preferences.webhook_on == "never" or not jobs:
            await self._end(claim, {"skipped": True})
            return
        assert preferences.webhook_url is not None
        assert preferences.webhook_secret is not None
        body = webhook_body(self._settings, claim.job.id, jobs)
        outcome = await call(self._settings, preferences.webhook_url, preferences.webhook_secret, body, claim.job.id)
        await self._judge(claim, outcome, len(jobs))

    async def run_email(self, claim: Claim) -> None:
        """One attempt of `notify_email`."""
        preferences, jobs = await self._look_up(claim)
        if preferences is None or preferences.email_on == "never" or not jobs or not self._settings.sends_email:
            await self._end(claim, {"skipped": True})
            return
        subject, text = mail_subject(jobs), mail_text(self._settings, jobs)
        outcome = await send_mail(self._settings, preferences.email, subject, text, claim.job.id)
        await self._judge(claim, outcome, len(jobs))

    async def _look_up(self, claim: Claim) -> tuple[Preferences | None, list[Notification]]:
        """Wishes and jobs as they are now; None when the user is gone or may not sign in any more."""
        assert claim.job.user_id is not None
        preferences = await queries.find_preferences(self._db, claim.job.user_id)
        if preferences is None or not preferences.is_active:
            return None, []
        return preferences, await queries.list_by_job(self._db, claim.job.input["jobs"])

    async def _judge(self, claim: Claim, outcome: Outcome, jobs: int) -> None:
        if outcome.delivered:
            await self._end(claim, {"status": outcome.status, "jobs": jobs})
        elif outcome.refused:
            raise AttemptFailed(DELIVERY_REFUSED, outcome.detail, attempts_allowed=1)
        else:
            raise AttemptFailed(NOT_DELIVERED, outcome.detail, attempts_allowed=self._settings.delivery_attempts)

    async def _end(self, claim: Claim, result: dict[str, object]) -> None:
        async with self._db.acquire() as connection, connection.transaction():
            if await outbox.hold(connection, claim):
                await outbox.complete(connection, claim, result)
