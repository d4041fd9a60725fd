"""Words of the job queue: states, kinds, and the row that is the truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

JobState = Literal["pending", "waiting", "active", "delayed", "completed", "rejected", "failed", "cancelled"]
UNFINISHED: tuple[JobState, ...] = ("pending", "waiting", "active", "delayed")
RETRYABLE: tuple[JobState, ...] = ("rejected", "failed", "cancelled")

DICOM_CONVERSION = "dicom-conversion"
THUMBNAIL = "thumbnail"
MAINTENANCE = "maintenance"
QUEUES = (DICOM_CONVERSION, THUMBNAIL, MAINTENANCE)

# Stable kinds (job_queue.type): imperative, never renamed, because rows and Redis may hold old ones.
CONVERT_DICOM = "convert_dicom"
RENDER_PICTURE = "render_picture"
REMAKE_RENDITIONS = "remake_renditions"  # with a newer recipe, while the old ones are shown
RENDER_ON_DEMAND = "render_on_demand"  # what somebody asked for beside them: another VOI, 16 bits, another frame
# The kinds whose end is the image's: of the others an image that is shown never hears.
DECIDES_IMAGE = frozenset({CONVERT_DICOM, RENDER_PICTURE})
BULK_PRIORITY = 5  # a person sent it, but nobody waits for it
BACK_FILL_PRIORITY = 10


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A job to be added in the caller's transaction. `input` stays in the row; Redis gets ids alone."""

    id: str
    queue: str
    type: str
    image_id: int | None
    user_id: int
    priority: int = 0
    max_attempts: int = 3
    input: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One row of `job_queue`."""

    id: str
    queue: str
    type: str
    status: JobState
    image_id: int | None
    user_id: int | None
    priority: int
    attempts_made: int
    max_attempts: int
    interruptions: int
    progress: float
    error_code: str | None
    error: str | None
    created_at: datetime
    enqueued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    result: dict[str, Any] | None
    input: dict[str, Any]

    @property
    def is_finished(self) -> bool:
        return self.status not in UNFINISHED

    @property
    def decides_image(self) -> bool:
        """Whether the image's status follows this job's."""
        return self.type in DECIDES_IMAGE


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One run of a job, as `job_attempts` keeps it; unfinished while `outcome` is None."""

    id: int
    worker: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    error_code: str | None
    error: str | None


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to run a job once: its row and the attempt that was opened for it. `ends` gets the row as `complete` or
    `reject` leave it, true once their transaction has committed: it saves asking for it."""

    job: Job
    attempt_id: int
    ends: list[Job] = field(default_factory=list, compare=False)


def job_id_for_image(file_type: str, image_id: int) -> str:
    """`dicom-<imageId>` for a DICOM upload, `thumbnail-<imageId>` for a plain picture."""
    return f"{'dicom' if file_type == 'dicom' else 'thumbnail'}-{image_id}"


def job_id_for_remake(image_id: int, recipe_version: int) -> str:
    """`thumbnail-<imageId>-<recipe>`."""
    return f"thumbnail-{image_id}-{recipe_version}"


def job_id_on_demand(image_id: int, recipe_version: int, kind: str) -> str:
    """`rendition-<imageId>-<recipe>-<kind>`."""
    return f"rendition-{image_id}-{recipe_version}-{kind}"


@dataclass(frozen=True, kw_only=True)
class QueueSettings:
    """One row of `queues`. `concurrency` None: as each worker's settings say."""

    name: str
    paused_at: datetime | None
    paused_by: int | None
    paused_by_name: str | None
    concurrency: int | None


@dataclass(frozen=True, kw_only=True)
class QueueCounts:
    """What a queue holds, and how it went lately. `waiting` is what was just uploaded, `prioritized` what comes behind
    it; `pending` rows count with them. Rates are of the last 15 minutes, the failure rate of 24 hours."""

    waiting: int
    prioritized: int
    active: int
    delayed: int
    completed: int
    rejected: int
    failed: int
    cancelled: int
    oldest_waiting_seconds: float | None
    jobs_per_minute: float
    ended_in_24_hours: int
    failed_in_24_hours: int

    @property
    def eta_seconds(self) -> float | None:
        """How long until everything is done at the pace of the last 15 minutes; None when nothing has ended in it."""
        left = self.waiting + self.prioritized + self.active + self.delayed
        if not left:
            return 0.0
        return left / self.jobs_per_minute * 60 if self.jobs_per_minute else None

    @property
    def failure_rate(self) -> float | None:
        """The share of failed ones among those that ended within 24 hours; None when none did."""
        return self.failed_in_24_hours / self.ended_in_24_hours if self.ended_in_24_hours else None


@dataclass(frozen=True, kw_only=True)
class WorkerSeen:
    """One row of `workers`."""

    id: UUID
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
