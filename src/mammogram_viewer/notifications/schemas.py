"""Wire shapes of notifications and of the events that pages hear."""

from __future__ import annotations

from datetime import datetime

import msgspec

from mammogram_viewer.foundation.wire import Wire, WireRequest
from mammogram_viewer.jobs.models import JobState, QueueCounts
from mammogram_viewer.jobs.schemas import JobAnswer, QueueFigures, queue_figures
from mammogram_viewer.notifications.models import EndState, JobMoved, Notification, Wanted


class NotificationAnswer(Wire, frozen=True):
    """One ended job of the caller's. `kind` is the job's (`convert_dicom`, `render_picture`, `render_on_demand`,
    `remake_renditions`); `fileName` is null once the image has been deleted."""

    job_id: str
    kind: str
    image_id: int
    file_name: str | None
    state: EndState
    reason_code: str | None
    reason: str | None
    at: datetime
    unread: bool


class NotificationPage(Wire, frozen=True):
    """A keyset page, newest end first. `unread` counts all of them, not this page's; it stops at 1000."""

    notifications: list[NotificationAnswer]
    unread: int
    next_cursor: str | None
    prev_cursor: str | None
    has_more: bool
    limit: int


class ReadUpTo(WireRequest, frozen=True):
    """`upTo`: the `at` of the newest notification that was seen."""

    up_to: datetime


class Unread(Wire, frozen=True):
    """How many are unread; stops at 1000."""

    unread: int


class NotificationSettings(Wire, frozen=True):
    """What the caller hears beside the page. `webhookSecret` is there once: in the answer that has made it."""

    webhook_url: str | None
    webhook_on: Wanted
    has_webhook_secret: bool
    email_on: Wanted
    email: str
    email_available: bool  # false: this installation has no mail server
    webhook_private: bool  # whether private addresses and plain http are allowed here
    webhook_secret: str | None = None


class NotificationSettingsChange(WireRequest, frozen=True):
    """What is left out stays. A new `webhookUrl` gets a new secret; null takes the webhook away."""

    webhook_url: str | msgspec.UnsetType | None = msgspec.UNSET
    webhook_on: Wanted | msgspec.UnsetType = msgspec.UNSET
    email_on: Wanted | msgspec.UnsetType = msgspec.UNSET


class WebhookTested(Wire, frozen=True):
    """What became of a test call. `status` is the receiver's answer, null when there was none."""

    delivered: bool
    status: int | None
    detail: str


class Deliveries(Wire, frozen=True):
    """The newest webhook calls and e-mails to the caller, newest first, as the jobs that they are."""

    deliveries: list[JobAnswer]


# --- events -----------------------------------------------------------------------------------------------------


class JobEvent(Wire, frozen=True):
    """Event `job`: where one of the caller's jobs stands. Of two about the same job the one with the later `at`
    counts."""

    id: str
    image_id: int
    state: JobState
    progress: float
    reason_code: str | None
    at: datetime


class SnapshotEvent(Wire, frozen=True):
    """Event `snapshot`, first on every connection and whenever something may have been missed: the caller's newest
    200 jobs, and what has ended since the event that `Last-Event-ID` names. `complete` false: more than 500 have;
    ask for the lists again."""

    jobs: list[JobEvent]
    unread: int
    complete: bool


class QueueEvent(QueueFigures, frozen=True):
    """Counts of one queue, as `GET /api/admin/queue/stats` has them."""


class QueuesEvent(Wire, frozen=True):
    """Event `queues`, with `scope=queues`: every second, while something changes."""

    queues: list[QueueEvent]


def notification_answer(notification: Notification) -> NotificationAnswer:
    return NotificationAnswer(**vars(notification))


def job_event(job: JobMoved) -> JobEvent:
    return JobEvent(
        id=job.id,
        image_id=job.image_id,
        state=job.state,  # pyright: ignore[reportArgumentType] - the column holds no other words
        progress=job.progress,
        reason_code=job.reason_code,
        at=job.at,
    )


def queue_event(name: str, counts: QueueCounts, *, paused: bool) -> QueueEvent:
    return QueueEvent(**queue_figures(name, counts, paused=paused))
