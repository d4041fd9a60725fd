"""Analytics as scripts, routes, reports and streams ask for it; every answer is a wire shape of `schemas.py`.

    analytics = AnalyticsService(db, settings, rendition_links)
    await analytics.track_activity(user.id, "annotation", "image", 123, {"shape": "circle"})
    (await analytics.get_dashboard_metrics(30, tz="Asia/Kathmandu")).summary.views.value

Numbers are exact to the event: what is in the inbox is folded before anything is read (`ranges.py`)."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from asyncpg import Pool

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.accounts.users import get_user, unknown_user
from mammogram_viewer.activity.models import SYSTEM, Actor
from mammogram_viewer.activity.service import record_activity
from mammogram_viewer.analytics import schemas
from mammogram_viewer.analytics.breakdown import Breakdowns
from mammogram_viewer.analytics.cohorts import read_cohorts
from mammogram_viewer.analytics.dashboard import read_dashboard
from mammogram_viewer.analytics.feed import activity_page, list_activities
from mammogram_viewer.analytics.fold import fold_all
from mammogram_viewer.analytics.most_viewed import MostViewedImages
from mammogram_viewer.analytics.people import read_user
from mammogram_viewer.analytics.processing import read_processing
from mammogram_viewer.analytics.ranges import Asked, open_period
from mammogram_viewer.analytics.statistics import image_statistics, read_file_types
from mammogram_viewer.analytics.system_stats import list_system_stats, update_system_stats
from mammogram_viewer.analytics.trends import read_upload_trends
from mammogram_viewer.archive.rendition_links import RenditionLinks
from mammogram_viewer.foundation.errors import Invalid, TooLarge
from mammogram_viewer.foundation.keyset import MAX_BIGINT, PageRequest
from mammogram_viewer.foundation.local_days import DEFAULT_DAYS
from mammogram_viewer.foundation.settings import Settings

DEFAULT_MOST_VIEWED = 10
MAX_MOST_VIEWED = 100
_TYPE = re.compile(r"[a-z0-9_.-]{1,64}", re.ASCII)
_MAX_RESOURCE_TYPE = 64


class AnalyticsService:
    """One a process. Ranges: `days` 7, 14, 30, 60 or 90 that end with today, or an `Asked` with dates; `tz` an IANA
    name, else the setting MAMMOGRAM_VIEWER_TIME_ZONE. Bad ranges are Invalid, with the codes of docs/analytics.md."""

    def __init__(self, db: Pool, settings: Settings, links: RenditionLinks) -> None:
        self._db = db
        self._settings = settings
        self._images = MostViewedImages(db, links)
        self._breakdowns = Breakdowns(db)

    async def run_forever(self) -> None:
        """Keep ready what answers are made of; beside everything else of a process."""
        await self._images.boards.keep_forever()

    async def aclose(self) -> None:
        """End what is under way in the background."""
        await self._images.boards.aclose()

    # --- recording ---------------------------------------------------------------------------------------------

    async def track_activity(
        self,
        user_id: int,
        activity_type: str,
        resource_type: str | None = None,
        resource_id: int | None = None,
        metadata: dict[str, Any] | None = None,
        ip: str | None = None,
        user_agent: str | None = None,
    ) -> None:
        """Record one act of a type of your own, at once and for good. The address is shortened, of the user agent the
        family's name stays. Not safe to repeat: it counts twice.

        NotFound: no such user. Invalid: `invalid_activity_type`, `invalid_resource`, `invalid_metadata`. TooLarge:
        `metadata_too_large`."""
        if not isinstance(activity_type, str) or _TYPE.fullmatch(activity_type) is None:
            raise Invalid("A type has 1 to 64 of a-z, 0-9, _, . and -.", code="invalid_activity_type")
        if resource_type is not None and not 1 <= len(resource_type) <= _MAX_RESOURCE_TYPE:
            raise Invalid(f"A resource type has 1 to {_MAX_RESOURCE_TYPE} characters.", code="invalid_resource")
        if resource_id is not None and not 0 <= resource_id <= MAX_BIGINT:
            raise Invalid("A resource's id is a whole number from 0.", code="invalid_resource")
        self._check_metadata(metadata)
        await get_user(self._db, user_id)
        actor = Actor(user_id=user_id, ip=ip, user_agent=user_agent)
        kind = None if resource_type is None else resource_type.replace("\x00", "\ufffd")
        async with self._db.acquire() as connection:
            await record_activity(connection, actor, activity_type, kind, resource_id, metadata)

    def _check_metadata(self, metadata: dict[str, Any] | None) -> None:
        """PostgreSQL keeps no NUL; the pool's codec writes U+FFFD for it."""
        if metadata is None:
            return
        if not isinstance(metadata, dict):
            raise Invalid("Metadata must be an object.", code="invalid_metadata")
        try:
            text = msgspec.json.encode(metadata)
        except (TypeError, ValueError, RecursionError):  # of no type that JSON has, half a character, or endless
            raise Invalid("Metadata must be what JSON can say.", code="invalid_metadata") from None
        limit = self._settings.activity_metadata_max_bytes
        if len(text) > limit:
            raise TooLarge(
                f"Metadata takes at most {limit} bytes as JSON (MAMMOGRAM_VIEWER_ACTIVITY_METADATA_MAX_BYTES).",
                code="metadata_too_large",
            )

    # --- panels ------------------------------------------------------------------------------------------------

    async def get_dashboard_metrics(
        self, days: int | None = DEFAULT_DAYS, *, tz: str | None = None, asked: Asked | None = None
    ) -> schemas.Dashboard:
        """Cards, charts and tables of a range; `asked` instead of `days` for dates or without comparison."""
        period = await open_period(self._db, self._settings, asked or Asked(days=days, tz=tz))
        return await read_dashboard(self._db, self._images, period)

    async def get_user_analytics(
        self, user_id: int, days: int | None = DEFAULT_DAYS, *, tz: str | None = None, asked: Asked | None = None
    ) -> schemas.UserAnalytics:
        """One person's numbers; NotFound when there is none."""
        user = await get_user(self._db, user_id)
        period = await open_period(self._db, self._settings, asked or Asked(days=days, tz=tz))
        return await read_user(self._db, self._images, period, user)

    async def get_image_statistics(self) -> schemas.ImageStatistics:
        """Originals that are there now, by type of file."""
        await fold_all(self._db)
        return image_statistics(*await read_file_types(self._db))

    async def get_upload_trends(
        self, days: int | None = DEFAULT_DAYS, *, tz: str | None = None, asked: Asked | None = None
    ) -> schemas.UploadTrends:
        """A point a day."""
        period = await open_period(self._db, self._settings, asked or Asked(days=days, tz=tz))
        return await read_upload_trends(self._db, period)

    async def get_most_viewed(
        self, days: int | None = DEFAULT_DAYS, *, asked: Asked | None = None, limit: int = DEFAULT_MOST_VIEWED
    ) -> schemas.MostViewed:
        """Images opened most in a range, of those that are still there."""
        check_most_viewed_limit(limit)
        period = await open_period(self._db, self._settings, asked or Asked(days=days))
        images = await self._images.in_span(period.from_at, period.to_at, limit)
        return schemas.MostViewed(range=period.wire(), images=images, computed_at=period.as_of)

    async def get_most_viewed_ever(self, limit: int = DEFAULT_MOST_VIEWED) -> schemas.MostViewed:
        """The same of all time."""
        check_most_viewed_limit(limit)
        await fold_all(self._db)
        images, computed_at = await self._images.ever(limit)
        return schemas.MostViewed(range=None, images=images, computed_at=computed_at)

    async def list_recent_activity(
        self, request: PageRequest, *, user_id: int | None = None, activity_type: str | None = None
    ) -> schemas.ActivityPage:
        """A page of facts, newest first. People and types that there are not have none."""
        self.check_feed_filters(user_id, activity_type)
        return activity_page(await list_activities(self._db, request, user_id=user_id, activity_type=activity_type))

    @staticmethod
    def check_feed_filters(user_id: int | None, activity_type: str | None) -> None:
        """Invalid for what no fact could have."""
        if user_id is not None and not 0 < user_id <= MAX_BIGINT:
            raise Invalid("userId is a whole number from 1.", code="invalid_user_id")
        if activity_type is not None and _TYPE.fullmatch(activity_type) is None:
            raise Invalid("A type has 1 to 64 of a-z, 0-9, _, . and -.", code="invalid_activity_type")

    async def get_upload_breakdown(self, asked: Asked) -> schemas.UploadBreakdown:
        """Uploads by modality, side and station."""
        return await self._breakdowns.read(await open_period(self._db, self._settings, asked))

    async def get_processing(self, asked: Asked) -> schemas.Processing:
        """How long uploads took to become pictures, and why some did not."""
        return await read_processing(self._db, await open_period(self._db, self._settings, asked))

    async def get_cohorts(self, weeks: int | None = None, *, tz: str | None = None) -> schemas.Cohorts:
        """Who came back, by week of registration; Invalid `invalid_weeks`."""
        return await read_cohorts(self._db, self._settings.time_zone if tz is None else tz, weeks)

    async def get_system_stats(self, first: str | None = None, last: str | None = None) -> schemas.SystemStats:
        """Rows of `system_stats` (UTC days)."""
        return await list_system_stats(self._db, first, last, self._settings.analytics_max_days)

    async def update_system_stats(self, day: str | None = None, actor: Actor = SYSTEM) -> schemas.SystemStatsDay:
        """Compute one of them anew; audited."""
        return await update_system_stats(self._db, day, actor)


def check_most_viewed_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_MOST_VIEWED:
        raise Invalid(f"limit must lie between 1 and {MAX_MOST_VIEWED}.", code="invalid_limit")


def demand_own_or_admin(principal: Principal, user_id: int) -> None:
    """Somebody else's numbers are an administrator's to see; others may not even know whether there is such a user."""
    if not principal.is_admin and principal.user_id != user_id:
        raise unknown_user()
