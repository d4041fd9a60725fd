"""What a webhook and an e-mail say. Ids, states, reasons and links: never a file's name, never a patient."""

from __future__ import annotations

from datetime import UTC, datetime

from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.foundation.wire import Wire, encode_json
from mammogram_viewer.notifications.models import Notification

_MAIL_LINES = 50
_STATES = ("failed", "rejected", "ready")


class ToldJob(Wire, frozen=True):
    """One ended job in a webhook's body."""

    job_id: str
    image_id: int
    kind: str
    state: str
    reason_code: str | None
    reason: str | None
    at: datetime
    link: str


class WebhookBody(Wire, frozen=True):
    """`event` is `jobs_ended`, or `test` without any jobs. The same `deliveryId` may come twice."""

    event: str
    delivery_id: str
    sent_at: datetime
    jobs: list[ToldJob]


def image_link(settings: Settings, image_id: int) -> str:
    base = settings.public_url.rstrip("/") or f"http://localhost:{settings.port}"
    return f"{base}/images/{image_id}"


def webhook_body(settings: Settings, delivery_id: str, jobs: list[Notification], *, event: str = "jobs_ended") -> bytes:
    told = [
        ToldJob(
            job_id=job.job_id,
            image_id=job.image_id,
            kind=job.kind,
            state=job.state,
            reason_code=job.reason_code,
            reason=job.reason,
            at=job.at,
            link=image_link(settings, job.image_id),
        )
        for job in jobs
    ]
    return encode_json(WebhookBody(event=event, delivery_id=delivery_id, sent_at=datetime.now(UTC), jobs=told))


def mail_subject(jobs: list[Notification]) -> str:
    """As in `Mammogram Viewer: 1 failed, 12 ready`."""
    counts = [(state, sum(job.state == state for job in jobs)) for state in _STATES]
    return "Mammogram Viewer: " + ", ".join(f"{count} {state}" for state, count in counts if count)


def mail_text(settings: Settings, jobs: list[Notification]) -> str:
    """What went wrong first, each with its reason; then what is ready."""
    ordered = sorted(jobs, key=lambda job: (_STATES.index(job.state), job.at))
    lines = ["Your uploads have been worked on:", ""]
    for job in ordered[:_MAIL_LINES]:
        lines.append(f"Image {job.image_id}: {job.state}. {job.reason or ''}".rstrip())
        lines += [f"  {image_link(settings, job.image_id)}", ""]
    if len(ordered) > _MAIL_LINES:
        lines += [f"And {len(ordered) - _MAIL_LINES} more; the page lists all of them.", ""]
    lines.append("You get this because you asked for it in your account; there you can also turn it off.")
    return "\n".join(lines) + "\n"
