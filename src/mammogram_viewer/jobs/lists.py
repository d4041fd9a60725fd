"""Lists of jobs for administrators and for those who wait: one keyset page, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import asyncpg

from mammogram_viewer.foundation.keyset import Condition, Page, PageRequest, read_page
from mammogram_viewer.jobs.models import Job, JobState
from mammogram_viewer.jobs.queries import COLUMNS

_BASE = f"SELECT {COLUMNS} FROM job_queue"
_LOOKUP = "SELECT created_at FROM job_queue WHERE id = $1"


@dataclass(frozen=True, kw_only=True)
class JobFilters:
    """What is None does not filter. `reason` is the code of a failure or rejection."""

    queue: str | None = None
    states: tuple[JobState, ...] = ()
    user_id: int | None = None
    image_id: int | None = None
    reason: str | None = None


async def list_jobs(db: asyncpg.Pool, request: PageRequest, filters: JobFilters) -> Page[Job]:
    """One page of the jobs that the filters let through."""
    page = await read_page(db, base=_BASE, conditions=_conditions(filters), request=request, lookup=_LOOKUP)
    return page.with_rows([Job(**dict(row)) for row in page.rows])


def _conditions(filters: JobFilters) -> list[Condition]:
    conditions = []
    if filters.queue is not None:
        conditions.append(Condition("queue = {}", filters.queue))
    if len(filters.states) == 1:
        # An equality walks the index in order; a list of states would have to be sorted.
        conditions.append(Condition("status = {}", filters.states[0]))
    elif filters.states:
        conditions.append(Condition("status = ANY({}::text[])", list(filters.states)))
    if filters.user_id is not None:
        conditions.append(Condition("user_id = {}", filters.user_id))
    if filters.image_id is not None:
        conditions.append(Condition("image_id = {}", filters.image_id))
    if filters.reason is not None:
        conditions.append(Condition("error_code = {}", filters.reason))
    return conditions


async def find_last_result(db: asyncpg.Pool, queue: str, job_type: str) -> dict[str, Any] | None:
    """What the newest completed job of a kind has answered."""
    return await db.fetchval(
        """SELECT result FROM job_queue WHERE queue = $1 AND status = 'completed' AND type = $2
           ORDER BY created_at DESC, id DESC LIMIT 1""",
        queue,
        job_type,
    )
