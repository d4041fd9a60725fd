"""Last month's report by e-mail, to administrators, once.

    a look, every ten minutes in every worker -> a row a month and recipient, with its job, in one transaction
    the job of the queue `maintenance` -> the PDF -> the mail server -> the row says so

Which month is over is judged by the days of MAMMOGRAM_VIEWER_TIME_ZONE. A worker that dies after the mail server has
taken a message, and before that is written down, sends it again under the same Message-ID, as every e-mail of ours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import date, timedelta

import asyncpg

from mammogram_viewer.adapters.database.local_days import check_time_zone, today_in
from mammogram_viewer.adapters.mail import Attachment, send_mail
from mammogram_viewer.adapters.mailboxes import AWAY
from mammogram_viewer.analytics import report_queries
from mammogram_viewer.analytics.ranges import Asked
from mammogram_viewer.analytics.report import MEDIA_TYPE, Reports, report_name
from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.jobs import outbox
from mammogram_viewer.jobs.models import MAINTENANCE, Claim, NewJob
from mammogram_viewer.jobs.service import QueueService
from mammogram_viewer.renditions.jobs import AttemptFailed

log = logging.getLogger(__name__)
# Stable kind of jobs (job_queue.type), as those of jobs/models.py.
MAIL_REPORT = "mail_report"
NOT_DELIVERED = "not_delivered"
_LOOK_SECONDS = 600.0


class MonthlyReports:
    """Plans and sends. One instance a worker process."""

    def __init__(self, db: asyncpg.Pool, queue: QueueService, reports: Reports, settings: Settings) -> None:
        self._db = db
        self._queue = queue
        self._reports = reports
        self._settings = settings

    @property
    def runners(self) -> dict[str, Callable[[Claim], Awaitable[None]]]:
        """By kind of job."""
        return {MAIL_REPORT: self.run}

    async def run_forever(self) -> None:
        """PostgreSQL being away is waited out: the next look finds what is to be sent."""
        while True:
            try:
                await self.plan()
            except AWAY as problem:
                log.warning("monthly_reports_wait", extra={"problem": type(problem).__name__})
            except Invalid as problem:  # a time zone that this PostgreSQL does not know
                log.error("monthly_reports_wait", extra={"problem": problem.code})
            await asyncio.sleep(_LOOK_SECONDS)

    async def plan(self) -> int:
        """One look: a job for everyone who has not got last month's report. Answers how many; safe to repeat."""
        settings = self._settings
        if not (settings.report_monthly and settings.sends_email):
            return 0
        today = await today_in(self._db, await check_time_zone(self._db, settings.time_zone))
        this_month, month = today.replace(day=1), month_before(today)
        async with self._db.acquire() as connection, connection.transaction():
            users = await report_queries.make_mails(connection, month, this_month, settings.time_zone)
            jobs = [self._job(month, user_id) for user_id in users]
            if jobs:
                await outbox.add_jobs(connection, jobs)
        if jobs:
            await self._queue.wake(jobs)
        return len(jobs)

    def _job(self, month: date, user_id: int) -> NewJob:
        return NewJob(
            id=f"report-{month:%Y-%m}-{user_id}",
            queue=MAINTENANCE,
            type=MAIL_REPORT,
            image_id=None,
            user_id=user_id,
            max_attempts=self._settings.delivery_attempts,
            input={"month": month.isoformat()},
        )

    async def run(self, claim: Claim) -> None:
        """One attempt of `mail_report`. Whoever wants it no longer gets none."""
        assert claim.job.user_id is not None
        month = date.fromisoformat(claim.job.input["month"])
        recipient = await report_queries.find_recipient(self._db, claim.job.user_id, month)
        if recipient is None or recipient.sent or not recipient.wanted or not self._settings.sends_email:
            await outbox.complete(self._db, claim, {"skipped": True})
            return
        last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        range_, pdf = await self._reports.make(
            Asked(first=month.isoformat(), last=last.isoformat(), tz=self._settings.time_zone)
        )
        outcome = await send_mail(
            self._settings,
            recipient.email,
            f"Mammogram Viewer: analytics of {month:%B %Y}",
            mail_text(self._settings, month),
            claim.job.id,
            attachments=[Attachment(name=report_name(range_), media_type=MEDIA_TYPE, content=pdf)],
        )
        if not outcome.delivered:
            raise AttemptFailed(NOT_DELIVERED, outcome.detail, attempts_allowed=self._settings.delivery_attempts)
        async with self._db.acquire() as connection, connection.transaction():
            await report_queries.note_sent(connection, claim.job.user_id, month)
            if await outbox.hold(connection, claim):
                await outbox.complete(connection, claim, {"status": outcome.status})


def month_before(today: date) -> date:
    """The first day of the last month that is over."""
    return (today.replace(day=1) - timedelta(days=1)).replace(day=1)


def mail_text(settings: Settings, month: date) -> str:
    """What goes with the PDF. Numbers are in the PDF alone."""
    base = settings.public_url.rstrip("/") or f"http://localhost:{settings.port}"
    return (
        f"The analytics report of {month:%B %Y} is attached.\n\n"
        f"What happens now: {base}/analytics\n\n"
        "You get this because you are an administrator of this installation. To end it for yourself alone, send "
        '{"monthly": false} with PUT to /api/analytics/report/settings; docs/reports.md tells more.\n'
    )
