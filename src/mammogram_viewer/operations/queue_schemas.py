"""Wire shapes of queues, their workers and lists of jobs."""

from __future__ import annotations

from datetime import datetime

from mammogram_viewer.foundation.wire import Wire, WireRequest
from mammogram_viewer.jobs.models import QueueCounts, QueueSettings, WorkerSeen
from mammogram_viewer.jobs.schemas import JobAnswer, QueueFigures, queue_figures


class QueueAnswer(QueueFigures, frozen=True):
    """One queue, with who serves it and who has paused it."""

    paused_at: datetime | None
    paused_by: int | None
    paused_by_name: str | None
    workers: int
    concurrency: int | None
    running_concurrency: int


class WorkerAnswer(Wire, frozen=True):
    """One worker process; `alive` when it gave a sign of life within 30 seconds."""

    id: str
    host: str
    pid: int
    version: str
    queues: dict[str, int]
    current_jobs: list[str]
    memory_bytes: int
    started_at: datetime
    seen_at: datetime
    stopped_at: datetime | None
    alive: bool


class QueueStatsAnswer(Wire, frozen=True):
    """`GET /api/admin/queue/stats`."""

    queues: list[QueueAnswer]
    workers: list[WorkerAnswer]
    redis: str


class JobPage(Wire, frozen=True):
    """One page of jobs, newest first."""

    jobs: list[JobAnswer]
    next_cursor: str | None
    prev_cursor: str | None
    has_more: bool
    limit: int


class QueueChange(WireRequest, frozen=True):
    """`PATCH /api/admin/queue/{queue}`; null goes back to what the workers' settings say."""

    concurrency: int | None


class QueueChanged(Wire, frozen=True):
    """What became of an act: how many jobs it moved, or whether it changed anything."""

    queue: str
    jobs: int | None = None
    changed: bool | None = None


def queue_answer(settings: QueueSettings, counts: QueueCounts, workers: list[WorkerSeen]) -> QueueAnswer:
    serving = [worker for worker in workers if worker.alive and settings.name in worker.queues]
    return QueueAnswer(
        **queue_figures(settings.name, counts, paused=settings.paused_at is not None),
        paused_at=settings.paused_at,
        paused_by=settings.paused_by,
        paused_by_name=settings.paused_by_name,
        workers=len(serving),
        concurrency=settings.concurrency,
        running_concurrency=sum(worker.queues[settings.name] for worker in serving),
    )


def worker_answer(worker: WorkerSeen) -> WorkerAnswer:
    return WorkerAnswer(
        id=str(worker.id),
        host=worker.host,
        pid=worker.pid,
        version=worker.version,
        queues=worker.queues,
        current_jobs=worker.current_jobs,
        memory_bytes=worker.memory_bytes,
        started_at=worker.started_at,
        seen_at=worker.seen_at,
        stopped_at=worker.stopped_at,
        alive=worker.alive,
    )
