"""What a user wants to hear beside the page, and the trial of a webhook."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import msgspec

from mammogram_viewer.accounts.secrets import new_secret
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.foundation.errors import Conflict, Invalid, NotFound, TooManyRequests
from mammogram_viewer.foundation.outcomes import Outcome
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.notifications import queries
from mammogram_viewer.notifications.addresses import Refused, check_url, resolve
from mammogram_viewer.notifications.models import Preferences
from mammogram_viewer.notifications.schemas import NotificationSettingsChange
from mammogram_viewer.notifications.webhook import call
from mammogram_viewer.notifications.words import webhook_body

SECRET_MARK = "mvwh_"  # noqa: S105 - a mark by which secret scanners find leaked ones, no secret


@dataclass(frozen=True, kw_only=True)
class Changed:
    """The wishes after a change, and the secret if one was made: it is shown this once."""

    preferences: Preferences
    new_secret: str | None


async def get_preferences(db: queries.Database, user_id: int) -> Preferences:
    found = await queries.find_preferences(db, user_id)
    if found is None:
        raise NotFound("There is no such user.")
    return found


async def change_preferences(
    db: asyncpg.Pool, settings: Settings, actor: Actor, user_id: int, change: NotificationSettingsChange
) -> Changed:
    """Change what is named. Invalid for an address that webhooks may not lead to, Conflict for e-mail without a mail
    server or a webhook without an address."""
    if isinstance(change.webhook_url, str):
        await _check(settings, change.webhook_url)
    if change.email_on in ("failures", "all") and not settings.sends_email:
        raise Conflict("This installation has no mail server (MAMMOGRAM_VIEWER_SMTP_HOST).", code="no_mail_server")
    async with db.acquire() as connection, connection.transaction():
        await queries.lock_user(connection, user_id)
        before = await get_preferences(connection, user_id)
        url = before.webhook_url if change.webhook_url is msgspec.UNSET else change.webhook_url
        webhook_on = before.webhook_on if change.webhook_on is msgspec.UNSET else change.webhook_on
        if url is None and change.webhook_on not in (msgspec.UNSET, "never"):
            raise Conflict("A webhook needs an address first.", code="no_webhook")
        # Another receiver gets another secret: the old one may still know the old secret.
        secret = None if url is None or url == before.webhook_url else SECRET_MARK + new_secret()
        await queries.set_preferences(
            connection,
            user_id,
            webhook_url=url,
            webhook_secret=None if url is None else secret or before.webhook_secret,
            webhook_on="never" if url is None else webhook_on,
            email_on=before.email_on if change.email_on is msgspec.UNSET else change.email_on,
        )
        after = await get_preferences(connection, user_id)
        # The address may carry a secret of the receiver's own; that there is one is enough for the log.
        detail = {"webhook": url is not None, "webhookOn": after.webhook_on, "emailOn": after.email_on}
        await record_audit(connection, actor, "notification_settings_changed", "user", user_id, detail)
    return Changed(preferences=after, new_secret=secret)


async def renew_secret(db: asyncpg.Pool, actor: Actor, user_id: int) -> Changed:
    """A fresh secret; the old one signs nothing any more. Conflict when there is no webhook."""
    async with db.acquire() as connection, connection.transaction():
        await queries.lock_user(connection, user_id)
        before = await get_preferences(connection, user_id)
        if before.webhook_url is None:
            raise Conflict("There is no webhook that would need a secret.", code="no_webhook")
        secret = SECRET_MARK + new_secret()
        await queries.set_preferences(
            connection,
            user_id,
            webhook_url=before.webhook_url,
            webhook_secret=secret,
            webhook_on=before.webhook_on,
            email_on=before.email_on,
        )
        await record_audit(connection, actor, "webhook_secret_renewed", "user", user_id)
        return Changed(preferences=await get_preferences(connection, user_id), new_secret=secret)


async def _check(settings: Settings, url: str) -> None:
    check_url(url, private=settings.webhook_private)
    try:
        async with asyncio.timeout(settings.delivery_timeout_seconds):
            await resolve(url, private=settings.webhook_private)
    except Refused as refusal:
        raise Invalid(str(refusal), code="webhook_refused") from None
    except TimeoutError:
        raise Invalid("The name of the receiver cannot be found.", code="webhook_refused") from None


class WebhookTrial:
    """Test calls, one at a time for each user: this server must not become somebody's hammer."""

    def __init__(self) -> None:
        self._busy: set[int] = set()

    async def run(self, db: asyncpg.Pool, settings: Settings, user_id: int) -> Outcome:
        """Call the user's webhook now, with the event `test`. Conflict when there is none."""
        preferences = await get_preferences(db, user_id)
        if preferences.webhook_url is None or preferences.webhook_secret is None:
            raise Conflict("There is no webhook to test. Save its address first.", code="no_webhook")
        if user_id in self._busy:
            raise TooManyRequests("A test call is under way.", code="test_under_way", retry_after_seconds=1)
        self._busy.add(user_id)
        try:
            delivery_id = f"test-{uuid4().hex}"
            body = webhook_body(settings, delivery_id, [], event="test")
            return await call(settings, preferences.webhook_url, preferences.webhook_secret, body, delivery_id)
        finally:
            self._busy.discard(user_id)
