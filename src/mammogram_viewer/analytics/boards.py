"""Boards of the images viewed most: what makes the answer quick, and how it stays exact.

A board (table `view_boards`) counts the views of a window up to `until_at`, some minutes ago, and lists the first
thousand images. Whoever asks adds the views since; an image that is not listed but was viewed since is counted anew.
What remains has fewer views than the last one listed, so that every place above that one is certain. A window that
begins a little later than a board's (another zone, the next day) takes off the views between the two beginnings.

No image has more views in a window than it has in all. So the board of a long window that somebody waits for is counted
of the images with most views ever alone; it lists those that come before whatever was left out. Where that are too few,
every view of the window is counted.

Views that come late, are deleted or changed make PostgreSQL forget the boards that had counted their time (triggers of
migration 0024). `until_at` lies ten minutes back, so that no transaction still under way belongs before it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
from asyncpg import Pool

from mammogram_viewer.adapters.database.away import AWAY
from mammogram_viewer.analytics import queries_boards as queries
from mammogram_viewer.analytics.pieces import DAY, END, floor
from mammogram_viewer.foundation.local_days import STANDARD_DAYS

log = logging.getLogger(__name__)
LISTED = 1000
_SETTLED = timedelta(minutes=10)
_BORROWED = timedelta(days=3)  # how much earlier a board may begin that another window is answered from
_WITH_VIEWERS = 110  # places; the longest list asked for is a hundred
_MANY_VIEWS = 200  # of one image: from here its viewers are kept with the board
_TOO_MANY_VIEWS = 5000  # of one image: more are not gone through while somebody waits
_MUCH_TO_ADD = 2000  # views that an answer had to go through: the board is renewed
_MANY_TO_COUNT = 1000  # views whose people an answer counted: they are kept with the board
_LONG = timedelta(days=21)  # windows in which few images are worth counting alone
_CANDIDATES = 4000
_KEPT = timedelta(days=3)
_RENEW_SECONDS = 300.0
_RENEW_AFTER_SECONDS = 2.0  # the rest of the page goes before
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

Span = tuple[datetime, datetime]
Place = tuple[int, int]  # views, image id: higher is better


@dataclass(frozen=True)
class Board:
    """`counts` by image; images that are not in it come below `last`, and there are none when it is None."""

    span: Span
    until_at: datetime
    counts: dict[int, int]
    last: Place | None


@dataclass(frozen=True)
class Ranking:
    """Images viewed most (image id, views), certain to the last one; `complete`: no other was viewed at all."""

    places: list[tuple[int, int]]
    complete: bool
    board: Board | None


class Boards:
    """The boards as one process asks for them. What was slow to answer is made ready in the background."""

    def __init__(self, db: Pool) -> None:
        self._db = db
        self._renewing: dict[Span, asyncio.Task[None]] = {}

    async def rank(self, from_at: datetime, to_at: datetime) -> Ranking:
        """The images viewed most in a span, whether they are still there or not."""
        span = (from_at, END if to_at > datetime.now(UTC) - _SETTLED else to_at)
        board = await self.find(span)
        if board is None:
            board = await make_board(self._db, span, with_viewers=False)
        ranking, added = await _brought_up(self._db, board, from_at, to_at)
        if added > _MUCH_TO_ADD:
            self._renew(span)
        return ranking

    async def find(self, span: Span) -> Board | None:
        """The board of this window, or one that it can be told from."""
        borrowed = _BORROWED if span[1] == END else timedelta(0)
        row = await queries.fetch_board(self._db, *span, borrowed)
        return None if row is None else _board_from(row)

    async def count_viewers(self, ranking: Ranking, shown: Sequence[tuple[int, int]], span: Span) -> dict[int, int]:
        """People who opened each of these images (id, views) in the span. Images viewed very often have an answer once
        the board of just this window is made, which is then under way."""
        board = ranking.board
        found: dict[int, int] = {}
        many = [image_id for image_id, views in shown if views > _MANY_VIEWS]
        if board is not None and board.span[0] == span[0] and many:
            since = max(board.until_at, span[0])
            found = await queries.count_viewers_on_board(self._db, board.span, many, since, span[1])
        few = [image_id for image_id, views in shown if image_id not in found and views <= _TOO_MANY_VIEWS]
        if few:
            found |= await queries.count_viewers(self._db, few, *span)
        counted = sum(views for image_id, views in shown if image_id in few and views > _MANY_VIEWS)
        if len(found) < len(shown) or counted > _MANY_TO_COUNT:
            self._renew((span[0], END if board is None else board.span[1]))
        return found

    def _renew(self, span: Span) -> None:
        if span in self._renewing:
            return
        task = asyncio.create_task(self._renewed(span))
        self._renewing[span] = task
        task.add_done_callback(lambda _: self._renewing.pop(span, None))

    async def _renewed(self, span: Span) -> None:
        await asyncio.sleep(_RENEW_AFTER_SECONDS)
        try:
            await make_board(self._db, span)
        except (*AWAY, asyncpg.PostgresError) as problem:  # the next one who asks orders it again
            log.warning("board_not_made", extra={"problem": type(problem).__name__})

    async def keep_forever(self) -> None:
        """Keep the boards of the standard windows; those of all zones can be told from them."""
        while True:
            try:
                await keep_boards(self._db)
            except (*AWAY, asyncpg.PostgresError) as problem:
                log.warning("boards_not_kept", extra={"problem": type(problem).__name__})
            await asyncio.sleep(_RENEW_SECONDS)

    async def aclose(self) -> None:
        tasks = list(self._renewing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def keep_boards(db: Pool) -> None:
    """Bring up the board of each standard window that begins with a UTC day, a day before UTC's own window: no zone's
    begins earlier; and the one of all time. Boards that nobody has asked for in days are dropped."""
    await queries.drop_old_boards(db, _KEPT)
    today = floor(datetime.now(UTC), DAY)
    for days in STANDARD_DAYS:
        await make_board(db, (today - days * DAY, END), thorough=True)
    await make_board(db, (BEGINNING, END))


async def make_board(db: Pool, span: Span, *, with_viewers: bool = True, thorough: bool = False) -> Board:
    """Make the board of a window, or bring up the one that is there. `thorough`: a new one is as long as it can be."""
    async with db.acquire() as connection, connection.transaction():
        now = await queries.lock_boards(connection)
        until_at = max(min(now - _SETTLED, span[1]), span[0])
        row = await queries.fetch_board(connection, *span, timedelta(0))
        before = None if row is None else _board_from(row)
        if before is None or before.until_at > until_at:
            ranked, complete = await _ranked(connection, span[0], until_at, thorough=thorough)
        else:
            ranking, _ = await _brought_up(connection, before, span[0], until_at)
            ranked, complete = ranking.places, ranking.complete and len(ranking.places) <= LISTED
        ranked = ranked[:LISTED]
        await queries.save_board(connection, span, until_at, ranked, complete)
        if with_viewers:
            hot = [image_id for image_id, views in ranked[:_WITH_VIEWERS] if views > _MANY_VIEWS]
            counted = span[0] if before is None else before.until_at
            await queries.save_viewers(connection, span, hot, until_at, counted)
    last = None if complete or not ranked else (ranked[-1][1], ranked[-1][0])
    return Board(span, until_at, dict(ranked), last)


async def _ranked(
    db: queries.Database, from_at: datetime, until_at: datetime, *, thorough: bool
) -> tuple[list[tuple[int, int]], bool]:
    """The images viewed most (id, views), and whether no other was viewed."""
    if not thorough and until_at - from_at > _LONG:
        counted, bound = await queries.count_top_views_by_totals(db, from_at, until_at, _CANDIDATES)
        places = sorted(((views, image_id) for image_id, views in counted), reverse=True)
        certain = [(image_id, views) for views, image_id in places if bound is None or (views, image_id) >= bound]
        if bound is None or len(certain) >= _WITH_VIEWERS:
            return certain, bound is None and len(certain) <= LISTED
    ranked = await queries.count_top_views(db, from_at, until_at, LISTED + 1)
    return ranked, len(ranked) <= LISTED


async def _brought_up(db: queries.Database, board: Board, from_at: datetime, to_at: datetime) -> tuple[Ranking, int]:
    """A board's images as of a span that begins with it or a little later; and how many views that took."""
    counts = dict(board.counts)
    earlier: dict[int, int] = {}
    since: dict[int, int] = {}
    if board.span[0] < min(from_at, board.until_at):
        earlier = await queries.count_views(db, board.span[0], min(from_at, board.until_at))
    if max(from_at, board.until_at) < to_at:
        since = await queries.count_views(db, max(from_at, board.until_at), to_at)
    for image_id in earlier.keys() & counts.keys():
        counts[image_id] -= earlier[image_id]
    unlisted = [image_id for image_id in since if image_id not in counts]
    for image_id in since.keys() & counts.keys():
        counts[image_id] += since[image_id]
    if board.last is None:
        counts |= {image_id: since[image_id] for image_id in unlisted}
    elif unlisted:
        counts |= await queries.count_views_of(db, unlisted, from_at, to_at)
    certain = board.last or (0, 0)
    places = sorted(((views, image_id) for image_id, views in counts.items() if views > 0), reverse=True)
    kept = [(image_id, views) for views, image_id in places if (views, image_id) >= certain]
    return Ranking(kept, board.last is None, board), sum(earlier.values()) + sum(since.values())


def _board_from(row: asyncpg.Record) -> Board:
    counts = dict(zip(row["image_ids"], row["views"], strict=True))
    last = None if row["complete"] else (row["views"][-1], row["image_ids"][-1])
    return Board((row["from_at"], row["to_at"]), row["until_at"], counts, last)
