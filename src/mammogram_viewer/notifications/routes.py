"""Ways in: the notification centre, its event stream, and what one wants to hear beside the page."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery, JSONBody, QueryParameter
from litestar.response.base import ASGIResponse

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.accounts.event_stream import EndEvent, EventStream, HeartbeatEvent
from mammogram_viewer.foundation.errors import Forbidden
from mammogram_viewer.foundation.keyset import parse_page_request
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.jobs.schemas import job_answer
from mammogram_viewer.jobs.service import QueueService
from mammogram_viewer.notifications import preferences, queries, schemas, service
from mammogram_viewer.notifications.hub import EventHub
from mammogram_viewer.notifications.preferences import Changed, WebhookTrial
from mammogram_viewer.notifications.stream import JobSource, since_of

_TAGS = ["notifications"]
_READ = {"policy": policy.OWN_ACCOUNT}
_CHANGE = {"policy": policy.CHANGE_OWN_ACCOUNT}
_DELIVERIES = 20


@get("/api/notifications", opt=_READ, tags=_TAGS, summary="One's ended jobs, newest first")
async def list_notifications(
    db: dependencies.Db,
    principal: dependencies.Principal,
    cursor: FromQuery[str | None] = None,
    direction: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> schemas.NotificationPage:
    """Of one's own uploads alone, also for those who see every image. A cursor is `<at>_<jobId>`. A job that is
    retried leaves the list and comes back with its new end."""
    request = parse_page_request(cursor, direction, limit, id_kind="text")
    page = await service.list_notifications(db, request, principal.user_id)
    return schemas.NotificationPage(
        notifications=[schemas.notification_answer(one) for one in page.rows],
        unread=await service.count_unread(db, principal.user_id),
        next_cursor=page.next_cursor,
        prev_cursor=page.prev_cursor,
        has_more=page.has_more,
        limit=page.limit,
    )


@post("/api/notifications/read", opt=_CHANGE, tags=_TAGS, status_code=200, summary="Mark notifications as read")
async def post_read(
    data: JSONBody[schemas.ReadUpTo], db: dependencies.Db, principal: dependencies.Principal
) -> schemas.Unread:
    """All that ended until `upTo`. Never marks as unread again what was read."""
    return schemas.Unread(unread=await service.mark_read(db, principal.user_id, data.up_to))


@get("/api/notifications/settings", opt=_READ, tags=_TAGS, summary="What one hears beside the page")
async def get_notification_settings(
    db: dependencies.Db, settings: dependencies.Settings, principal: dependencies.Principal
) -> schemas.NotificationSettings:
    found = await preferences.get_preferences(db, principal.user_id)
    return _settings_answer(settings, Changed(preferences=found, new_secret=None))


@patch("/api/notifications/settings", opt=_CHANGE, tags=_TAGS, summary="Change what one hears beside the page")
async def patch_notification_settings(
    data: JSONBody[schemas.NotificationSettingsChange],
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> schemas.NotificationSettings:
    """422 `invalid_webhook` or `webhook_refused` for an address that webhooks may not lead to, 409 `no_mail_server`,
    409 `no_webhook`. A new address answers its secret, once."""
    return _settings_answer(
        settings, await preferences.change_preferences(db, settings, actor, principal.user_id, data)
    )


@post(
    "/api/notifications/webhook/secret",
    opt=_CHANGE,
    tags=_TAGS,
    status_code=200,
    summary="Make a new secret for the webhook",
)
async def post_webhook_secret(
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> schemas.NotificationSettings:
    """Shown once. The old one signs nothing any more. 409 `no_webhook`."""
    return _settings_answer(settings, await preferences.renew_secret(db, actor, principal.user_id))


@post("/api/notifications/webhook/test", opt=_CHANGE, tags=_TAGS, status_code=200, summary="Call one's webhook now")
async def post_webhook_test(
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    webhook_trial: NamedDependency[WebhookTrial],
) -> schemas.WebhookTested:
    """Answers what the receiver did, within a few seconds. 409 `no_webhook`."""
    outcome = await webhook_trial.run(db, settings, principal.user_id)
    return schemas.WebhookTested(delivered=outcome.delivered, status=outcome.status, detail=outcome.detail)


@get("/api/notifications/deliveries", opt=_READ, tags=_TAGS, summary="The newest webhook calls and e-mails to one")
async def list_deliveries(
    db: dependencies.Db, queue: NamedDependency[QueueService], principal: dependencies.Principal
) -> schemas.Deliveries:
    """The last 20; each is a job, whose story is at `GET /api/jobs/{jobId}`."""
    found = await queries.list_delivery_jobs(db, principal.user_id, limit=_DELIVERIES)
    jobs = {job.id: job for job in await queue.list_jobs(found)}
    return schemas.Deliveries(deliveries=[job_answer(jobs[job_id]) for job_id in found if job_id in jobs])


@get(
    "/api/events",
    opt=_READ,
    tags=_TAGS,
    summary="What happens to one's uploads, as server-sent events",
    responses={
        200: ResponseSpec(
            schemas.SnapshotEvent | schemas.JobEvent | schemas.Unread | schemas.QueuesEvent | HeartbeatEvent | EndEvent,
            generate_examples=False,
            media_type="text/event-stream",  # pyright: ignore[reportArgumentType] - the framework's list lacks it
            description="Events `snapshot`, `job`, `unread`, `queues`, `heartbeat` and `end`; each one's data is JSON",
        )
    },
)
async def get_events(
    request: dependencies.AnyRequest,
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    events: NamedDependency[EventHub],
    wanted: Annotated[
        Literal["queues"] | None,
        QueryParameter(name="scope", description="`queues`: the counts of all queues too; administrators only"),
    ] = None,
    last_event_id: Annotated[
        str | None,
        QueryParameter(name="lastEventId", description="As the header Last-Event-ID, for those who cannot set one"),
    ] = None,
) -> ASGIResponse:
    """Of one's own jobs alone. Begins with `snapshot`, so that a reload loses nothing. 429 `too_many_streams`."""
    if wanted is not None and not policy.allows(policy.ADMINISTER, principal):
        raise Forbidden("Only administrators may watch the queues.")
    since = since_of(request.headers.get("last-event-id") or last_event_id)
    source = JobSource(db, events, principal, wants_queues=wanted is not None, since=since)
    return EventStream(source, db=db, settings=settings, principal=principal)


def _settings_answer(settings: Settings, changed: Changed) -> schemas.NotificationSettings:
    found = changed.preferences
    return schemas.NotificationSettings(
        webhook_url=found.webhook_url,
        webhook_on=found.webhook_on,
        has_webhook_secret=found.webhook_secret is not None,
        email_on=found.email_on,
        email=found.email,
        email_available=settings.sends_email,
        webhook_private=settings.webhook_private,
        webhook_secret=changed.new_secret,
    )


handlers = [
    list_notifications,
    post_read,
    get_notification_settings,
    patch_notification_settings,
    post_webhook_secret,
    post_webhook_test,
    list_deliveries,
    get_events,
]
