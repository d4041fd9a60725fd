"""Who looked at which image, and for how long: counted beside the request, never in its way.

An opening is noted in memory and written within a second, together with all others, into `image_views` and, where it
begins a view, as a `view` into `user_activity`. That somebody has opened an image is in the audit log before the answer
leaves; what is counted here is how popular images are. So nothing here waits for the database or raises: what it cannot
take for long is dropped, counted (`docs/metrics.md`) and told once.

**Invariant:** a flush is one transaction and may be repeated: what it has begun is then only continued."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from mammogram_viewer.activity.addresses import family_of, network_of
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.view_queries import Row, write_views
from mammogram_viewer.adapters.database.away import AWAY
from mammogram_viewer.foundation.settings import Settings

log = logging.getLogger(__name__)
# Below the time that a lock of a migration or of an operator may last; the looks wait in memory meanwhile.
_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '3s'"
_FLUSH_TIMEOUT_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 10.0
_TROUBLE = (*AWAY, asyncpg.PostgresError)


@dataclass(frozen=True, slots=True)
class Look:
    """One person at one image at one moment: an opening (`actor`), or seconds that they have gone on looking."""

    user_id: int
    image_id: int
    at: datetime
    seconds: int = 0
    actor: Actor | None = None


class ViewTracker:
    """One in each process."""

    def __init__(self, db: asyncpg.Pool, settings: Settings) -> None:
        self._db = db
        self._settings = settings
        self._waiting: list[Look] = []
        self._in_hand: list[Look] = []
        self._something, self._full = asyncio.Event(), asyncio.Event()
        self._flushing = asyncio.Lock()
        self._trouble = 0
        self._dropped = 0
        self._dropping = False
        self._readings = 0

    @property
    def waiting(self) -> int:
        """Openings and heartbeats that are not yet written."""
        return len(self._waiting) + len(self._in_hand)

    @property
    def dropped(self) -> int:
        """Those that never were, since the process began."""
        return self._dropped

    def note_opening(self, actor: Actor, image_id: int) -> None:
        """Somebody has opened the picture of an image. Takes microseconds and never fails."""
        if actor.user_id is not None:
            self._note(Look(actor.user_id, image_id, datetime.now(UTC), actor=actor))

    def note_looking(self, user_id: int, image_id: int, seconds: int) -> None:
        """They have looked at it for so many seconds since they last said so; counts where a view is under way."""
        self._note(Look(user_id, image_id, datetime.now(UTC), seconds=seconds))

    def note_reading(self, user_id: int, image_ids: Sequence[int], seconds: int) -> None:
        """They have looked at several images side by side: the time counts once, shared out among them."""
        self._readings += 1
        for image_id, share in zip(image_ids, shares(seconds, len(image_ids), self._readings), strict=True):
            self._note(Look(user_id, image_id, datetime.now(UTC), seconds=share))

    def _note(self, look: Look) -> None:
        if self.waiting >= self._settings.view_buffer_events:
            self._drop(1)
            return
        self._waiting.append(look)
        self._something.set()
        if len(self._waiting) >= self._settings.view_flush_events:
            self._full.set()

    def _drop(self, count: int) -> None:
        self._dropped += count
        if count and not self._dropping:
            self._dropping = True
            log.error("views_dropped", extra={"waiting": self.waiting})

    async def run_forever(self) -> None:
        """Write what waits, a moment after it came; after a failure later and later."""
        while True:
            await self._something.wait()
            try:
                async with asyncio.timeout(self._pause_seconds()):
                    await self._full.wait()
            except TimeoutError:
                pass
            else:
                if self._trouble:  # being full makes nothing faster while the database does not take anything
                    await asyncio.sleep(self._pause_seconds())
            await self.flush()

    def _pause_seconds(self) -> float:
        pause = self._settings.view_flush_seconds * 2 ** min(self._trouble, 10)
        return min(pause, max(_LONGEST_PAUSE_SECONDS, self._settings.view_flush_seconds))

    async def flush(self) -> bool:
        """Write what waits; False when the database did not take it, and it waits on. Safe to repeat."""
        async with self._flushing:
            self._in_hand, self._waiting = self._in_hand + self._waiting, []
            self._something.clear()
            self._full.clear()
            try:
                async with asyncio.timeout(_FLUSH_TIMEOUT_SECONDS):
                    await self._write(self._in_hand)
            except _TROUBLE as problem:
                self._keep_for_later(problem)
                return False
            self._in_hand, self._trouble, self._dropping = [], 0, False
            return True

    async def _write(self, looks: list[Look]) -> None:
        rows = list(_rows(looks, timedelta(seconds=self._settings.view_continues_seconds)))
        if not rows:
            return
        async with self._db.acquire() as connection, connection.transaction():
            await connection.execute(_LOCK_TIMEOUT)
            await write_views(connection, rows, continues_seconds=self._settings.view_continues_seconds)

    def _keep_for_later(self, problem: Exception) -> None:
        self._trouble += 1
        if self._trouble == 1:  # once, however long it lasts
            log.warning("views_wait", extra={"problem": type(problem).__name__, "waiting": self.waiting})
        horizon = datetime.now(UTC) - timedelta(seconds=self._settings.view_keep_seconds)
        kept = [look for look in self._in_hand if look.at >= horizon]
        gone, self._in_hand = len(self._in_hand) - len(kept), kept
        self._drop(gone)
        if self._in_hand:
            self._something.set()

    async def aclose(self) -> None:
        """Write what waits, as far as the database takes it now."""
        if self.waiting and not await self.flush():
            self._drop(self.waiting)
            log.error("views_lost_at_the_end", extra={"views": self.waiting})


def shares(seconds: int, count: int, turn: int) -> list[int]:
    """Whole seconds shared out among `count` images, whose sum is `seconds` and of which no two differ by more than
    one. `turn` is another one each time: whoever gets a second more then changes from time to time."""
    each, over = divmod(seconds, count)
    return [each + ((place - turn * over) % count < over) for place in range(count)]


def _rows(looks: list[Look], gap: timedelta) -> Iterator[Row]:
    """What was seen of one image by one person without a longer pause, as one row, the oldest first."""
    by_pair: dict[tuple[int, int], list[Look]] = defaultdict(list)
    for look in sorted(looks, key=lambda look: look.at):
        by_pair[look.user_id, look.image_id].append(look)
    for pair in by_pair.values():
        run: list[Look] = []
        for look in pair:
            if run and look.at > run[-1].at + gap:
                yield _row(run)
                run = []
            run.append(look)
        yield _row(run)


def _row(run: list[Look]) -> Row:
    opening = next((look for look in run if look.actor is not None), None)
    actor = opening.actor if opening is not None else None
    return (
        run[0].user_id,
        run[0].image_id,
        None if opening is None else opening.at,
        run[0].at,
        run[-1].at,
        sum(look.seconds for look in run),
        None if actor is None else network_of(actor.ip),
        None if actor is None else family_of(actor.user_agent),
    )
