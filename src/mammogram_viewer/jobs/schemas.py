"""Wire shapes of a job and its timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mammogram_viewer.foundation.wire import Wire
from mammogram_viewer.jobs.models import Attempt, Job, JobState, QueueCounts


class TimelineEvent(Wire, frozen=True):
    """One thing that happened to a job."""

    at: datetime
    event: str
    attempt: int | None = None
    worker: str | None = None
    duration_ms: int | None = None
    detail: str | None = None


class JobAnswer(Wire, frozen=True):
    """A job as the person who waits for it sees it; `timeline` is empty in lists."""

    id: str
    name: str
    queue: str
    state: JobState
    attempts_made: int
    attempts: int
    progress: float
    error_code: str | None
    error: str | None
    image_id: int | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    timeline: list[TimelineEvent]


def job_answer(job: Job, attempts: list[Attempt] | None = None) -> JobAnswer:
    """The wire shape, with the timeline when the attempts are given."""
    return JobAnswer(
        id=job.id,
        name=job.type,
        queue=job.queue,
        state=job.status,
        attempts_made=job.attempts_made,
        attempts=job.max_attempts,
        progress=job.progress,
        error_code=job.error_code,
        error=job.error,
        image_id=job.image_id,
        created_at=job.created_at,
        updated_at=job.updated_at,
        finished_at=job.finished_at,
        timeline=[] if attempts is None else _timeline(job, attempts),
    )


def _timeline(job: Job, attempts: list[Attempt]) -> list[TimelineEvent]:
    events = [TimelineEvent(at=job.created_at, event="received")]
    if job.enqueued_at is not None:
        events.append(TimelineEvent(at=job.enqueued_at, event="queued"))
    for number, attempt in enumerate(attempts, start=1):
        events.append(TimelineEvent(at=attempt.started_at, event="started", attempt=number, worker=attempt.worker))
        if attempt.finished_at is not None:
            took = attempt.finished_at - attempt.started_at
            events.append(
                TimelineEvent(
                    at=attempt.finished_at,
                    event=attempt.outcome or "interrupted",
                    attempt=number,
                    duration_ms=round(took.total_seconds() * 1000),
                    detail=attempt.error,
                )
            )
    if job.status == "cancelled" and job.finished_at is not None:
        events.append(TimelineEvent(at=job.finished_at, event="cancelled"))
    return sorted(events, key=lambda event: event.at)


class QueueFigures(Wire, frozen=True):
    """What a queue holds and how it goes, wherever it is told. Rates are of the last 15 minutes, `failureRate` of 24
    hours; null where nothing has ended."""

    name: str
    waiting: int
    prioritized: int
    active: int
    delayed: int
    completed: int
    rejected: int
    failed: int
    cancelled: int
    paused: bool
    jobs_per_minute: float
    oldest_waiting_seconds: float | None
    eta_seconds: float | None
    failure_rate: float | None


def queue_figures(name: str, counts: QueueCounts, *, paused: bool) -> dict[str, Any]:
    """The members of `QueueFigures`, for it and for shapes that add to it."""
    elsewhere = {"name": name, "paused": paused, "jobs_per_minute": round(counts.jobs_per_minute, 2)}
    counted = (field for field in QueueFigures.__struct_fields__ if field not in elsewhere)
    return {**elsewhere, **{field: getattr(counts, field) for field in counted}}
