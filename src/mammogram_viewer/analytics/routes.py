"""The ways in to analytics: `/api/analytics/…`. All for administrators, but for one's own numbers."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.analytics import csv_tables, report_routes, schemas, stream
from mammogram_viewer.analytics.csv_answers import Output
from mammogram_viewer.analytics.csv_stream import Feed, answer_activities
from mammogram_viewer.analytics.ranges import Asked, open_range
from mammogram_viewer.analytics.report import MEDIA_TYPE as PDF
from mammogram_viewer.analytics.report import Reports, report_answer
from mammogram_viewer.analytics.service import DEFAULT_MOST_VIEWED, AnalyticsService, demand_own_or_admin
from mammogram_viewer.foundation.errors import Invalid
from mammogram_viewer.foundation.keyset import parse_page_request

_OPT = {"policy": policy.READ_ANALYTICS}
_TAGS = ["analytics"]
_DEFAULT_RECENT = 50
_DATE = "A local date such as 2026-11-23; with the other one, instead of days."

Analytics = NamedDependency[AnalyticsService]
AskedRange = NamedDependency[Asked]


def asked_range(
    days: Annotated[
        int | None, QueryParameter(description="7, 14, 30 (unless told), 60 or 90 local days that end with today.")
    ] = None,
    first: Annotated[str | None, QueryParameter(name="from", description=_DATE)] = None,
    last: Annotated[str | None, QueryParameter(name="to", description=f"{_DATE} Included.")] = None,
    tz: Annotated[str | None, QueryParameter(description="IANA name of the zone whose days count.")] = None,
    compare: Annotated[
        str | None, QueryParameter(description="prev (unless told): beside it as many days before; or none.")
    ] = None,
) -> Asked:
    """The parameters that every answer about a range takes."""
    return Asked(days=days, first=first, last=last, tz=tz, compare=compare)


def wanted_output(
    db: dependencies.Db,
    actor: dependencies.Actor,
    format_: Annotated[str | None, QueryParameter(name="format", description="json (unless told) or csv.")] = None,
    panel: Annotated[
        str | None, QueryParameter(description="With csv, which of the answer's tables; the first unless told.")
    ] = None,
) -> Output:
    """As what an answer is wanted."""
    return Output(db, actor, format_, panel)


Wanted = NamedDependency[Output]
PLAIN = {"output": Provide(wanted_output, sync_to_thread=False)}
RANGED = {**PLAIN, "asked": Provide(asked_range, sync_to_thread=False)}


@get("/api/analytics/dashboard", opt=_OPT, tags=_TAGS, dependencies=RANGED, summary="Cards, charts and tables")
async def get_dashboard(
    analytics: Analytics,
    asked: AskedRange,
    output: Wanted,
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> schemas.Dashboard:
    """Exact to the event, in the days of the reader's time zone. As CSV, `panel` is `summary`, `uploads`, `activity`,
    `fileTypes`, `storage`, `mostViewed`, or `recent`: every fact of the range."""
    if output.is_csv and output.panel == csv_tables.RECENT:
        feed = Feed(range=await open_range(db, settings, asked))
        return answer_activities(db, settings, principal, actor, feed)
    found = await analytics.get_dashboard_metrics(asked=asked)
    return await output.give(found, lambda: csv_tables.dashboard_table(found, output.panel), found.range)


@get(
    "/api/analytics/images/statistics",
    opt=_OPT,
    tags=_TAGS,
    dependencies=PLAIN,
    summary="Originals by type of file, as of now",
)
async def get_image_statistics(analytics: Analytics, output: Wanted) -> schemas.ImageStatistics:
    """Count, total, average, smallest and largest size."""
    found = await analytics.get_image_statistics()
    return await output.give(found, lambda: csv_tables.statistics_table(found))


@get("/api/analytics/uploads/trends", opt=_OPT, tags=_TAGS, dependencies=RANGED, summary="Uploads a day")
async def get_upload_trends(analytics: Analytics, asked: AskedRange, output: Wanted) -> schemas.UploadTrends:
    """A point a day, days without uploads as 0, with the period before beside it."""
    found = await analytics.get_upload_trends(asked=asked)
    return await output.give(found, lambda: csv_tables.trends_table(found), found.range)


@get("/api/analytics/images/most-viewed", opt=_OPT, tags=_TAGS, dependencies=RANGED, summary="Images opened most")
async def get_most_viewed(
    analytics: Analytics,
    asked: AskedRange,
    output: Wanted,
    limit: FromQuery[int] = DEFAULT_MOST_VIEWED,
    period: Annotated[str | None, QueryParameter(description="all: of all time, instead of a range.")] = None,
) -> schemas.MostViewed:
    """Of images that are still there; the newer of two alike comes first."""
    if period is None:
        found = await analytics.get_most_viewed(asked=asked, limit=limit)
    elif period != "all" or asked.days is not None or asked.first is not None or asked.last is not None:
        raise Invalid("period must be all, and stands instead of days, from and to.", code="invalid_period")
    else:
        found = await analytics.get_most_viewed_ever(limit)
    return await output.give(found, lambda: csv_tables.most_viewed_table(found.images), found.range)


@get("/api/analytics/activity/recent", opt=_OPT, tags=_TAGS, dependencies=RANGED, summary="Facts, newest first")
async def get_recent_activity(
    analytics: Analytics,
    asked: AskedRange,
    output: Wanted,
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
    user_id: Annotated[int | None, QueryParameter(name="userId")] = None,
    activity_type: Annotated[str | None, QueryParameter(name="type")] = None,
    cursor: FromQuery[str | None] = None,
    direction: FromQuery[str | None] = None,
    limit: FromQuery[int] = _DEFAULT_RECENT,
) -> schemas.ActivityPage:
    """Both filters together; a keyset page in both directions. As CSV not a page but every fact of a range (`days`, or
    `from` and `to`), streamed."""
    analytics.check_feed_filters(user_id, activity_type)
    if output.is_csv:
        feed = Feed(range=await open_range(db, settings, asked), user_id=user_id, activity_type=activity_type)
        return answer_activities(db, settings, principal, actor, feed)
    request = parse_page_request(cursor, direction, limit)
    return await analytics.list_recent_activity(request, user_id=user_id, activity_type=activity_type)


@get(
    "/api/analytics/user/{user_id:int}",
    opt={"policy": policy.READ_OWN_ANALYTICS},
    tags=_TAGS,
    dependencies=RANGED,
    summary="One person's numbers",
)
async def get_user_analytics(
    user_id: FromPath[int],
    analytics: Analytics,
    asked: AskedRange,
    output: Wanted,
    principal: dependencies.Principal,
) -> schemas.UserAnalytics:
    """One's own for everybody, anybody's for administrators. As CSV, `panel` is `summary`, `activity`, `mostViewed` or
    `recent`."""
    demand_own_or_admin(principal, user_id)
    found = await analytics.get_user_analytics(user_id, asked=asked)
    return await output.give(found, lambda: csv_tables.user_table(found, output.panel), found.range, user_id=user_id)


@get("/api/analytics/uploads/breakdown", opt=_OPT, tags=_TAGS, dependencies=RANGED, summary="Uploads by header")
async def get_upload_breakdown(analytics: Analytics, asked: AskedRange, output: Wanted) -> schemas.UploadBreakdown:
    """By modality, side and station; of images that are still there, at most some seconds old."""
    found = await analytics.get_upload_breakdown(asked)
    return await output.give(found, lambda: csv_tables.breakdown_table(found), found.range)


@get("/api/analytics/processing", opt=_OPT, tags=_TAGS, dependencies=RANGED, summary="From upload to picture")
async def get_processing(analytics: Analytics, asked: AskedRange, output: Wanted) -> schemas.Processing:
    """Jobs by the day on which they ended, how long they took, and why some failed. As CSV, `panel` is `days` or
    `reasons`."""
    found = await analytics.get_processing(asked)
    return await output.give(found, lambda: csv_tables.processing_table(found, output.panel), found.range)


@get(
    "/api/analytics/cohorts",
    opt=_OPT,
    tags=_TAGS,
    dependencies=PLAIN,
    summary="Who came back, by week of registration",
)
async def get_cohorts(
    analytics: Analytics, output: Wanted, weeks: FromQuery[int | None] = None, tz: FromQuery[str | None] = None
) -> schemas.Cohorts:
    """Local weeks, Monday to Sunday; the last one is this week."""
    found = await analytics.get_cohorts(weeks, tz=tz)
    return await output.give(found, lambda: csv_tables.cohorts_table(found))


@get("/api/analytics/system/stats", opt=_OPT, tags=_TAGS, dependencies=PLAIN, summary="Daily statistics")
async def get_system_stats(
    analytics: Analytics,
    output: Wanted,
    first: Annotated[str | None, QueryParameter(name="startDate", description="UTC, included.")] = None,
    last: Annotated[str | None, QueryParameter(name="endDate", description="UTC, included.")] = None,
) -> schemas.SystemStats:
    """Rows of the table `system_stats`; days that were never computed are missing."""
    found = await analytics.get_system_stats(first, last)
    return await output.give(found, lambda: csv_tables.system_stats_table(found))


@post(
    "/api/analytics/system/stats/update",
    opt={"policy": policy.UPDATE_ANALYTICS},
    tags=_TAGS,
    status_code=HTTP_200_OK,
    summary="Compute a day's statistics anew",
)
async def post_system_stats_update(
    data: JSONBody[schemas.SystemStatsUpdate], analytics: Analytics, actor: dependencies.Actor
) -> schemas.SystemStatsDay:
    """Repeating it changes nothing but `computedAt`."""
    return await analytics.update_system_stats(data.date, actor)


@get(
    "/api/analytics/report.pdf",
    opt=_OPT,
    tags=_TAGS,
    dependencies=RANGED,
    summary="The range on paper",
    responses={200: ResponseSpec(bytes, generate_examples=False, description="A PDF, A4", media_type=PDF)},
)
async def get_report(reports: NamedDependency[Reports], asked: AskedRange) -> Response[bytes]:
    """Cards, charts and tables for print; images by their ids alone, no patients, no people."""
    range_, pdf = await reports.make(asked)
    return report_answer(range_, pdf)


handlers = [
    get_dashboard,
    get_image_statistics,
    get_upload_trends,
    get_most_viewed,
    get_recent_activity,
    get_user_analytics,
    get_upload_breakdown,
    get_processing,
    get_cohorts,
    get_system_stats,
    post_system_stats_update,
    get_report,
    *report_routes.handlers,
    *stream.handlers,
]
