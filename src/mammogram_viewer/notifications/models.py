"""Words of notifications: what is told, to whom, and by which way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

EndState = Literal["ready", "rejected", "failed"]
Channel = Literal["webhook", "email"]
Wanted = Literal["never", "failures", "all"]

CHANNELS: tuple[Channel, ...] = ("webhook", "email")
# Stable kinds of jobs (job_queue.type), as those of jobs/models.py.
NOTIFY_WEBHOOK = "notify_webhook"
NOTIFY_EMAIL = "notify_email"
JOB_TYPES: dict[Channel, str] = {"webhook": NOTIFY_WEBHOOK, "email": NOTIFY_EMAIL}


@dataclass(frozen=True, kw_only=True)
class Notification:
    """One ended job, as its uploader hears of it. `file_name` None: the image has been deleted since."""

    job_id: str
    kind: str
    image_id: int
    file_name: str | None
    state: EndState
    reason_code: str | None
    reason: str | None
    at: datetime
    unread: bool


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What one user wants to hear beside the page. `email` is the account's address."""

    user_id: int
    email: str
    is_active: bool
    webhook_url: str | None
    webhook_secret: str | None
    webhook_on: Wanted
    email_on: Wanted


@dataclass(frozen=True, kw_only=True)
class JobMoved:
    """Where a job stands now, for those who watch it."""

    id: str
    user_id: int
    image_id: int
    state: str
    progress: float
    reason_code: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DueJob:
    """An ended job that a delivery is to tell."""

    id: int
    job_id: str
    state: EndState
