"""How the queues are, in one cheap question: what waits for how long, and who is there to do it. For `/health`, which
everybody may ask."""

from __future__ import annotations

from dataclasses import dataclass

from mammogram_viewer.jobs import tally_queries
from mammogram_viewer.jobs.queries import Database


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """`forsaken`: some queue has unfinished jobs and no live worker that serves it."""

    oldest_waiting_seconds: float | None
    workers_alive: int
    forsaken: bool


async def feel_pulse(db: Database) -> Pulse:
    """Of all queues together; a handful of index look-ups, however many jobs there are."""
    queues = await tally_queries.look_at_queues(db)
    waiting = [queue["oldest_waiting_seconds"] for queue in queues if queue["oldest_waiting_seconds"] is not None]
    return Pulse(
        oldest_waiting_seconds=max(waiting, default=None),
        workers_alive=await tally_queries.count_live_workers(db),
        forsaken=any(queue["has_unfinished"] and not queue["workers"] for queue in queues),
    )


async def list_ended_lately(db: Database) -> list[tuple[str, str, str, int]]:
    """Kind, end state, reason ("" without one) and how many jobs ended so within the hour."""
    rows = await tally_queries.count_ended_lately(db)
    return [(row["type"], row["status"], row["error_code"] or "", row["jobs"]) for row in rows]
