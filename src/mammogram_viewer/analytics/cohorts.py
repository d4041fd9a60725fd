"""Do people come back? Who registered in a week, and how many of them were active in each week since."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from asyncpg import Pool

from mammogram_viewer.adapters.database.local_days import check_time_zone, day_bounds
from mammogram_viewer.analytics import queries, queries_people
from mammogram_viewer.analytics.fold import fold_all
from mammogram_viewer.analytics.pieces import cut
from mammogram_viewer.analytics.schemas import Cohorts, CohortWeek
from mammogram_viewer.foundation.errors import Invalid

DEFAULT_WEEKS = 12
MAX_WEEKS = 52
_WEEK_DAYS = 7


async def read_cohorts(db: Pool, tz: str, weeks: int | None) -> Cohorts:
    """The last `weeks` local weeks, Monday to Sunday, this one included (it counts as far as it has come)."""
    count = DEFAULT_WEEKS if weeks is None else weeks
    if not 1 <= count <= MAX_WEEKS:
        raise Invalid(f"weeks must lie between 1 and {MAX_WEEKS}.", code="invalid_weeks")
    await check_time_zone(db, tz)
    await fold_all(db)
    moment = await queries.fetch_moment(db, tz, 0)
    monday = moment.today - timedelta(days=moment.today.weekday())
    first = monday - timedelta(weeks=count - 1)
    bounds = await day_bounds(db, tz, first, monday + timedelta(days=_WEEK_DAYS - 1))
    starts = bounds[::_WEEK_DAYS]
    pieces = cut([], by_days=[(n, *span) for n, span in enumerate(pairwise(starts), 1)])
    rows = await queries_people.fetch_cohorts(db, starts, pieces, queries.bits_for(moment.max_user_id))
    people = {row["week"]: row["people"] for row in rows}
    active = {(row["week"], row["active_week"]): row["active"] for row in rows}
    return Cohorts(
        weeks=[_week(first + timedelta(weeks=n), n, count, people, active) for n in range(count)],
        tz=tz,
    )


def _week(
    starts_on: date, n: int, count: int, people: dict[int, int], active: dict[tuple[int, int], int]
) -> CohortWeek:
    year, number, _ = starts_on.isocalendar()
    return CohortWeek(
        week=f"{year}-W{number:02}",
        starts_on=starts_on,
        users=people.get(n + 1, 0),
        active=[active.get((n + 1, n + 1 + later), 0) if n + later < count else None for later in range(count)],
    )
