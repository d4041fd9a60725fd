"""Whether one gets the report of each month by e-mail."""

from __future__ import annotations

from litestar import get, put
from litestar.params import JSONBody

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.analytics import report_queries
from mammogram_viewer.foundation.wire import Wire, WireRequest

_PATH = "/api/analytics/report/settings"
_TAGS = ["analytics"]


class ReportSettings(Wire, frozen=True):
    """`available` false: this installation sends none (MAMMOGRAM_VIEWER_REPORT_MONTHLY, MAMMOGRAM_VIEWER_SMTP_HOST)."""

    monthly: bool
    available: bool


class ReportSettingsChange(WireRequest, frozen=True):
    monthly: bool


@get(_PATH, opt={"policy": policy.READ_ANALYTICS}, tags=_TAGS, summary="Whether one gets the monthly report")
async def get_report_settings(
    db: dependencies.Db, settings: dependencies.Settings, principal: dependencies.Principal
) -> ReportSettings:
    """By e-mail, to administrators, unless they refuse it."""
    refused = await report_queries.has_refused(db, principal.user_id)
    return ReportSettings(monthly=not refused, available=settings.report_monthly and settings.sends_email)


@put(_PATH, opt={"policy": policy.UPDATE_ANALYTICS}, tags=_TAGS, summary="Get the monthly report, or refuse it")
async def put_report_settings(
    data: JSONBody[ReportSettingsChange],
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> ReportSettings:
    """Of oneself alone. Safe to repeat."""
    async with db.acquire() as connection, connection.transaction():
        await report_queries.set_refused(connection, principal.user_id, refused=not data.monthly)
        detail = {"monthly": data.monthly}
        await record_audit(connection, actor, "report_settings_changed", "user", principal.user_id, detail)
    return ReportSettings(monthly=data.monthly, available=settings.report_monthly and settings.sends_email)


handlers = [get_report_settings, put_report_settings]
